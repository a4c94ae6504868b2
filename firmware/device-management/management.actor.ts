// The hands of device management: programs, files, the storage and the machine's restart.
import { createHash } from "node:crypto";
import { fromPromise } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import type { ConfiguredCommand } from "../config/gateway-config.ts";
import type { ManagementOutcome } from "../operations/intake.ts";
import type { CloudFiles } from "./cloud-files.ts";
import { commandLimitMs, commandOutcome, commandOutputBytesMax } from "./command-result.ts";
import type { ConfigFileAccess } from "./config-file-access.ts";
import { withoutSecrets } from "./config-secrets.ts";
import { configBytesMax, judgeConfig } from "./judge-config.ts";
import type { LogRing } from "./log-ring.ts";
import type { JudgeInput, JudgeOutput, PerformInput, RecordsInput } from "./management-events.ts";
import { ownLogName, readOwnLog } from "./own-log.ts";
import { type ManagementRecords, noRecords, parseRecords, writeRecords } from "./records.ts";
import type { Redactor } from "./redact.ts";
import type { LoadedRecords } from "./resume.ts";

/** The stored file with what device management must not forget. */
export const recordsFile = "management.json";
/** The configuration's name in the cloud (template 119). */
export const configurationType = "postern-gateway";

export interface ManagementDeps {
  readonly hardware: Hardware;
  readonly commands: readonly ConfiguredCommand[];
  readonly files: CloudFiles;
  readonly ring: LogRing;
  readonly redact: Redactor;
  /** Absent: the configuration can neither be sent nor changed. */
  readonly configFile?: ConfigFileAccess | undefined;
}

/** The actors of the management machine. */
export function managementActors(deps: ManagementDeps) {
  const { hardware, configFile } = deps;
  const { storage } = hardware;
  const store = (records: ManagementRecords): Promise<void> =>
    storage.write(recordsFile, Buffer.from(writeRecords(records), "utf8"));
  return {
    load: fromPromise<LoadedRecords>(() => load(deps)),
    store: fromPromise<void, RecordsInput>(({ input }) => store(input.records)),
    perform: fromPromise<ManagementOutcome, PerformInput>(({ input, signal }) => perform(deps, input.request, signal)),
    restart: fromPromise(async () => {
      return hardware.system?.restart() ?? { ok: false as const, why: "this machine cannot be restarted by a program" };
    }),
    judge: fromPromise<JudgeOutput, JudgeInput>(({ input, signal }) => judge(deps, input.request, signal)),
    replace: fromPromise<void, RecordsInput & { readonly text: string }>(async ({ input }) => {
      await store(input.records);
      await accessOf(configFile).replace(input.text);
    }),
    keep: fromPromise<void, RecordsInput>(async ({ input }) => {
      await store(input.records);
      await configFile?.keep();
    }),
    undo: fromPromise<void, RecordsInput>(async ({ input }) => {
      await store(input.records);
      await configFile?.restore();
    }),
  };
}

async function load({ hardware, configFile }: ManagementDeps): Promise<LoadedRecords> {
  const contents = await hardware.storage.read(recordsFile);
  const text = await configFile?.read().catch(() => undefined);
  return {
    records: contents === undefined ? noRecords : parseRecords(Buffer.from(contents).toString("utf8")),
    bootId: hardware.system?.bootId,
    configHash: text === undefined ? undefined : hashOf(text),
    fallenBackWhy: configFile?.fallenBackWhy,
  };
}

async function perform(
  deps: ManagementDeps,
  request: PerformInput["request"],
  signal: AbortSignal,
): Promise<ManagementOutcome> {
  switch (request.fragment) {
    case "c8y_Command":
      return await runCommand(deps, request.text);
    case "c8y_LogfileRequest": {
      const { logFile } = request;
      if (logFile !== ownLogName) return { ok: false, why: `there is no such log: this gateway has ${ownLogName}` };
      const { ring, redact, hardware } = deps;
      const text = await readOwnLog({ ring, redact, processes: hardware.processes }, request);
      const file = { eventText: "The gateway's log", fileName: `${ownLogName}.log`, text };
      return await send(deps, request.fragment, file, signal);
    }
    case "c8y_UploadConfigFile": {
      if (!isOwnType(request.configType)) return noSuchConfiguration;
      const source = accessOf(deps.configFile);
      const text = deps.redact(withoutSecrets(await source.read()));
      const file = { eventText: "The gateway's configuration", fileName: source.name, text };
      return await send(deps, request.fragment, file, signal);
    }
    default:
      return request satisfies never;
  }
}

/** What the cloud asks for is a name: it never says what is run. */
async function runCommand({ commands, hardware }: ManagementDeps, text: string): Promise<ManagementOutcome> {
  const wanted = text.trim();
  const known = commands.find(({ name }) => name === wanted);
  if (known === undefined) {
    const names = commands.map(({ name }) => name).join(", ");
    return { ok: false, why: `[commands] of the gateway's configuration has no such name: it has ${names}` };
  }
  if (hardware.processes === undefined) return { ok: false, why: "this machine cannot run programs" };
  const limits = { timeoutMs: commandLimitMs, outputBytesMax: commandOutputBytesMax };
  return commandOutcome(await hardware.processes.run(known.command, limits));
}

async function send(
  { files }: ManagementDeps,
  eventType: string,
  file: { readonly eventText: string; readonly fileName: string; readonly text: string },
  signal: AbortSignal,
): Promise<ManagementOutcome> {
  const outcome = await files.send({ eventType, ...file }, signal);
  return outcome.ok ? { ok: true, parameters: [outcome.url] } : outcome;
}

async function judge(deps: ManagementDeps, request: JudgeInput["request"], signal: AbortSignal): Promise<JudgeOutput> {
  if (!isOwnType(request.configType)) return { kind: "refused", why: noSuchConfiguration.why };
  const file = accessOf(deps.configFile);
  const fetched = await deps.files.fetch(request.url, configBytesMax, signal);
  if (!fetched.ok) return { kind: "refused", why: fetched.why };
  const verdict = judgeConfig(await file.read(), fetched.text, file.name);
  if (verdict.kind !== "usable") return verdict;
  const findings = await file.check(verdict.text);
  if (findings.length > 0) return { kind: "refused", why: findings.join("; ") };
  return { ...verdict, hash: hashOf(verdict.text) };
}

const noSuchConfiguration = {
  ok: false,
  why: `there is no such configuration: this gateway has ${configurationType}`,
} as const;

function isOwnType(type: string | undefined): boolean {
  return type === undefined || type === configurationType;
}

function accessOf(file: ConfigFileAccess | undefined): ConfigFileAccess {
  if (file === undefined) throw new Error("this gateway's configuration cannot be reached");
  return file;
}

/** What tells a new configuration from the old one. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("base64url");
}
