// `gateway doctor` on a real machine: walks, prints, and writes the bundle where it is asked for.
import { writeFile } from "node:fs/promises";
import { release } from "node:os";
import type { Hardware } from "#hardware/ports.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { diagnose } from "../doctor/diagnose.ts";
import { diagnosisJson, resultLine, verdictLines } from "../doctor/doctor-words.ts";
import type { LanTarget } from "../doctor/examine-lan.ts";
import { firstFailure } from "../doctor/findings.ts";
import { makeBundle } from "../doctor/support-bundle.ts";
import { messageOf } from "../errors.ts";
import { isoTime } from "../log.ts";
import { configFiles } from "./config-files.ts";
import { serviceRuntimeDir } from "./show-status.ts";
import { askStatus, statusSocketPath } from "./status-socket.ts";

export interface DoctorOptions {
  /** Path of gateway.toml. */
  readonly config: string;
  readonly isJson: boolean;
  /** File for the archive. */
  readonly bundle?: string;
  readonly targets?: readonly LanTarget[];
}

export interface DoctorParts {
  readonly load: () => Promise<LoadedConfig>;
  readonly openHardware: (config: GatewayConfig) => Promise<Hardware>;
  /** Takes one line. */
  readonly say: (line: string) => void;
  readonly explain: (line: string) => void;
}

/** Resolves with the exit code: 0 if nothing is wrong, 1 if something is, 2 if the bundle could not be written. */
export async function runDoctor(options: DoctorOptions, parts: DoctorParts): Promise<number> {
  let opened: { readonly config: GatewayConfig; readonly hardware: Hardware } | undefined;
  let status: string | undefined;
  const diagnosis = await diagnose({
    configName: options.config,
    load: parts.load,
    openHardware: async (config) => {
      const hardware = await parts.openHardware(config);
      opened = { config, hardware };
      return hardware;
    },
    askRunning: async (config) => {
      const answer = await askRunning(config);
      if (answer === undefined) return undefined;
      status = JSON.stringify(answer, null, 2);
      const { connectivity, connectivitySince } = answer;
      return { onlineSince: connectivity === "online" ? isoTime(connectivitySince.sinceMs) : undefined };
    },
    ...(options.targets === undefined ? {} : { targets: options.targets }),
    ...(options.isJson ? {} : { onResult: (result) => parts.say(resultLine(result)) }),
  });
  for (const line of options.isJson ? [diagnosisJson(diagnosis)] : verdictLines(diagnosis)) parts.say(line);
  if (options.bundle !== undefined) {
    const file = await configFiles.read(options.config);
    const bundle = await makeBundle({
      diagnosis,
      ...opened,
      ...(file.ok ? { configText: file.text } : {}),
      ...(status === undefined ? {} : { status }),
      platform: { node: process.version, kernel: release(), arch: process.arch },
      nowMs: Date.now(),
    });
    if (!(await write(options.bundle, bundle, parts))) return 2;
  }
  return firstFailure(diagnosis) === undefined ? 0 : 1;
}

/** The gateway with these settings, be it the service or one that was started by hand. */
async function askRunning({ stateDir }: GatewayConfig) {
  for (const path of [statusSocketPath(stateDir, undefined), statusSocketPath("", serviceRuntimeDir)]) {
    const answer = await askStatus(path);
    if (answer.kind === "status" && answer.status.stateDir === stateDir) return answer.status;
  }
  return undefined;
}

async function write(path: string, bundle: Uint8Array, { say, explain }: DoctorParts): Promise<boolean> {
  try {
    await writeFile(path, bundle, { mode: 0o600 });
    say(`\nThe archive ${path} holds this report, the settings, status and log, without passwords and keys.`);
    return true;
  } catch (error) {
    explain(`the archive cannot be written: ${path}: ${messageOf(error)}`);
    return false;
  }
}
