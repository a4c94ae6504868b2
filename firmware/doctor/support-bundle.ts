// What goes with a question to somebody else: the doctor's report, settings, status, log and facts of the machine, without secrets.
import { gzipSync } from "node:zlib";
import { parse, stringify } from "smol-toml";
import type { Hardware } from "#hardware/ports.ts";
import type { CloudIdentity } from "../cloud-identity.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import { withoutSecrets } from "../device-management/config-secrets.ts";
import { LogRing } from "../device-management/log-ring.ts";
import { ownLogName, readOwnLog } from "../device-management/own-log.ts";
import { knownSecrets } from "../device-management/provide-management.ts";
import { createRedactor, type Redactor } from "../device-management/redact.ts";
import { messageOf } from "../errors.ts";
import { loadCredentials } from "../registration/credentials.ts";
import { keyFile } from "../registration/enrolment-state.ts";
import { gatewayVersion } from "../version.ts";
import { diagnosisJson, resultLine, verdictLines } from "./doctor-words.ts";
import type { Diagnosis } from "./findings.ts";
import { type ArchivedFile, writeTar } from "./tar.ts";

export interface BundleParts {
  readonly diagnosis: Diagnosis;
  /** Undefined where the settings cannot be used. */
  readonly config?: GatewayConfig;
  readonly hardware?: Hardware;
  /** The settings as they stand in the file; undefined if that cannot be read. */
  readonly configText?: string;
  /** What the running gateway says, as text. */
  readonly status?: string;
  /** Of the machine, beyond the ports: such as the version of Node. */
  readonly platform: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

const folder = "postern-doctor";
const logLines = 2_000;

/** A tar.gz. Never rejects for what cannot be had: a file says so in its place. */
export async function makeBundle(parts: BundleParts): Promise<Uint8Array> {
  const secrets = await secretsOf(parts);
  const redact = createRedactor(() => secrets);
  const files: ArchivedFile[] = [
    {
      name: "doctor.txt",
      contents: [...parts.diagnosis.results.map(resultLine), ...verdictLines(parts.diagnosis)].join("\n"),
    },
    { name: "doctor.json", contents: diagnosisJson(parts.diagnosis) },
    { name: "gateway.toml", contents: settingsOf(parts.configText) },
    { name: "status.json", contents: parts.status ?? "no gateway runs with these settings" },
    { name: "machine.json", contents: JSON.stringify(await machineOf(parts), null, 2) },
    { name: "log.txt", contents: await logOf(parts, redact) },
  ];
  const clean = files.map(({ name, contents }) => ({
    name: `${folder}/${name}`,
    contents: `${redact(String(contents)).trimEnd()}\n`,
  }));
  return gzipSync(writeTar(clean, parts.nowMs));
}

async function secretsOf({ config, hardware }: BundleParts): Promise<readonly string[]> {
  if (config === undefined) return [];
  const secrets = knownSecrets(config, await identityOf(hardware));
  const key = await hardware?.storage.read(keyFile).catch(() => undefined);
  return key === undefined ? secrets : [...secrets, Buffer.from(key).toString("utf8")];
}

async function identityOf(hardware: Hardware | undefined): Promise<CloudIdentity | undefined> {
  if (hardware === undefined) return undefined;
  const stored = await loadCredentials(hardware.storage).catch(() => undefined);
  return stored?.kind === "found" ? { kind: "password", ...stored.credentials } : undefined;
}

function settingsOf(text: string | undefined): string {
  if (text === undefined) return "the settings cannot be read";
  try {
    // Without its comments: an old password may stand in one.
    return stringify(parse(withoutSecrets(text)));
  } catch {
    // A secret in a file that is no TOML cannot be told from the rest.
    return "the settings are not valid TOML and so are left out";
  }
}

async function machineOf({ hardware, platform, nowMs }: BundleParts) {
  const time = new Date(nowMs).toISOString();
  const versions = { gateway: gatewayVersion, ...platform };
  if (hardware === undefined) return { time, versions };
  const { identity, network, uplinks, system, thermal, timeService, storage, serialPorts } = hardware;
  const told = async <T>(ask: () => Promise<T> | T): Promise<T | string> => {
    try {
      return await ask();
    } catch (error) {
      return `cannot be had: ${messageOf(error)}`;
    }
  };
  return {
    time,
    versions,
    board: { model: identity.model, revision: identity.revision },
    interfaces: await told(() => network.interfaces()),
    uplinks: await told(async () => (await uplinks?.list()) ?? "this board has no such port"),
    system: await told(async () => (await system?.facts()) ?? "this board has no such port"),
    cpu: await told(() => system?.cpu() ?? "this board has no such port"),
    celsius: await told(async () => (await thermal?.celsius()) ?? "cannot be read"),
    isTimeSynchronised: await told(async () => (await timeService?.isSynchronised()) ?? "cannot be told"),
    serialPorts: await told(async () => (await serialPorts?.list()) ?? []),
    stateFiles: await told(() => sizesOf(storage)),
  };
}

/** Names and sizes; what stands in the files stays where it is. */
async function sizesOf(storage: Hardware["storage"]): Promise<Readonly<Record<string, number>>> {
  const names = await storage.list();
  const sizes = await Promise.all(names.map(async (name) => [name, (await storage.read(name))?.length ?? 0] as const));
  return Object.fromEntries(sizes);
}

async function logOf({ hardware }: BundleParts, redact: Redactor): Promise<string> {
  if (hardware?.processes === undefined) return "the log cannot be had on this machine";
  const request = { logFile: ownLogName, searchText: "", maximumLines: logLines };
  const text = await readOwnLog({ ring: new LogRing(), processes: hardware.processes, redact }, request);
  return text === "" ? "the journal has no lines of the service postern-gateway" : text;
}
