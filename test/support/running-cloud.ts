// A cloud and a gateway as two processes over real TLS sockets, and an operator who speaks to them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Program, startPostern } from "./processes.ts";

export const adminPassword = "Adm1n-of-the-test";
export const bootstrapPassword = "b00tstrap-of-the-test";

export interface RunningCloud {
  readonly program: Program;
  readonly dataFolder: string;
  readonly ports: { readonly http: number; readonly https: number; readonly mqtts: number };
  readonly authority: string;
  readonly consoleUrl: string;
}

/** Starts `postern cloud run` on free ports, or on given ones. */
export async function startCloudProgram(
  folder: string,
  ports: { http: number; https: number; mqtts: number } = { http: 0, https: 0, mqtts: 0 },
  extraArgs: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<RunningCloud> {
  const dataFolder = join(folder, "cloud");
  const program = startPostern(
    "cloud",
    [
      ...["cloud", "run", "--data", dataFolder, "--http-port", String(ports.http), "--https-port", String(ports.https)],
      ...["--mqtts-port", String(ports.mqtts), ...extraArgs],
    ],
    {
      XDG_CONFIG_HOME: join(folder, "config"),
      POSTERN_ADMIN_PASSWORD: adminPassword,
      POSTERN_BOOTSTRAP_PASSWORD: bootstrapPassword,
    },
    nodeArgs,
  );
  const ready = await program.event("cloud.ready");
  const taken = ready["ports"] as RunningCloud["ports"];
  return {
    program,
    dataFolder,
    ports: taken,
    authority: readFileSync(join(dataFolder, "ca.pem"), "utf8"),
    consoleUrl: `http://localhost:${taken.http}`,
  };
}

/**
 * Writes a gateway.toml for that cloud and starts `postern gateway run`. `tunnels` is the text of the section, or none,
 * `cloud` more lines of that one.
 * `command`: another form of the program, such as the bundle on a Node of its own.
 */
export function startGatewayProgram(
  folder: string,
  cloud: RunningCloud,
  options: { id: string; tunnels?: string; registration?: string; cloud?: string; command?: readonly string[] },
): Program {
  const file = join(folder, `${options.id}.toml`);
  writeFileSync(file, gatewayToml(folder, cloud, options), { mode: 0o600 });
  const args = ["gateway", "run", "--config", file];
  const [program, ...first] = options.command ?? [];
  const name = `gateway ${options.id}`;
  return program === undefined ? startPostern(name, args) : new Program(name, program, [...first, ...args]);
}

function gatewayToml(
  folder: string,
  cloud: RunningCloud,
  options: { id: string; tunnels?: string; registration?: string; cloud?: string },
): string {
  return [
    "[cloud]",
    `url = "https://localhost:${cloud.ports.https}"`,
    `mqtt = "mqtts://localhost:${cloud.ports.mqtts}"`,
    `ca = ${JSON.stringify(join(cloud.dataFolder, "ca.pem"))}`,
    options.cloud ?? "",
    "[device]",
    `id = "${options.id}"`,
    `name = "Gateway ${options.id}"`,
    'type = "postern-gateway"',
    "[registration]",
    // A section that names its method is whole.
    ...(options.registration?.startsWith("method")
      ? []
      : ['method = "bootstrap"', 'user = "management/devicebootstrap"']),
    options.registration ?? `password = "${bootstrapPassword}"`,
    "[state]",
    `dir = ${JSON.stringify(join(folder, `${options.id}-state`))}`,
    options.tunnels ?? "",
    "",
  ].join("\n");
}
