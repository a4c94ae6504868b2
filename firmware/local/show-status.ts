// `gateway status`: finds the gateway of this machine, asks it, and shows the answer or says in plain words why there is none.
import { access } from "node:fs/promises";
import { codeOf } from "../errors.ts";
import type { GatewayStatus } from "../status/gateway-status.ts";
import { writeStatus } from "../status/write-status.ts";
import { askStatus, type StatusAnswer, statusSocketPath } from "./status-socket.ts";

/** Where the service of systemd has its socket, and where its state is (hardware/image/postern-gateway.service). */
export const serviceRuntimeDir = "/run/postern-gateway";
export const serviceStateDir = "/var/lib/postern";

export interface ShowStatusOptions {
  /** State folder of the gateway that is meant; undefined: that of the service. */
  readonly stateDir: string | undefined;
  /** Path of the socket, where it is known. */
  readonly socket: string | undefined;
  readonly isJson: boolean;
  /** Takes lines of the answer. */
  readonly say: (line: string) => void;
  /** Takes one line that says what is wrong. */
  readonly explain: (line: string) => void;
  readonly runtimeDir?: string;
}

/** Resolves with the exit code: 0 if a gateway answered, whatever its state, else 1. */
export async function showStatus(options: ShowStatusOptions): Promise<number> {
  const paths = socketPaths(options);
  const path = (await firstPresent(paths)) ?? paths[0] ?? "";
  const answer = await askStatus(path);
  if (answer.kind !== "status") {
    options.explain(problemText(answer, paths, path));
    return 1;
  }
  const { status } = answer;
  if (options.socket === undefined && options.stateDir !== undefined && status.stateDir !== options.stateDir) {
    const other = `the gateway that runs as a service has another state folder (${status.stateDir})`;
    options.explain(`no gateway runs with the state folder ${options.stateDir}; ${other}`);
    return 1;
  }
  for (const line of options.isJson ? [writeJson(status)] : writeStatus(status)) options.say(line);
  return 0;
}

/** Best first. A gateway that was started by hand has its socket in its state folder, the service in a folder of its own. */
function socketPaths({ socket, stateDir, runtimeDir = serviceRuntimeDir }: ShowStatusOptions): readonly string[] {
  if (socket !== undefined) return [socket];
  const service = statusSocketPath("", runtimeDir);
  return stateDir === undefined
    ? [service, statusSocketPath(serviceStateDir, undefined)]
    : [statusSocketPath(stateDir, undefined), service];
}

/** One that may not be looked at is there, as far as anybody can tell. */
async function firstPresent(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const problem = await access(path).then(
      () => undefined,
      (error: unknown) => codeOf(error),
    );
    if (problem === undefined || problem === "EACCES") return path;
  }
  return undefined;
}

function problemText(
  answer: Exclude<StatusAnswer, { kind: "status" }>,
  paths: readonly string[],
  path: string,
): string {
  switch (answer.kind) {
    case "nobody":
      return `no gateway runs: nobody listens at ${paths.join(" or ")}`;
    case "forbidden":
      return `${path} may not be opened by this user: ask as the user that the gateway runs as, or with sudo`;
    case "failed":
      return `${path}: ${answer.why}`;
    default:
      return answer satisfies never;
  }
}

function writeJson(status: GatewayStatus): string {
  return JSON.stringify(status, undefined, 2);
}
