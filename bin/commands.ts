// The one command's sub-commands and options. Each program is loaded only when it is asked for.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { addDataCommands } from "./cloud-data-commands.ts";
import { parseAddress, parsePort, parseSeed } from "./command-options.ts";
import { createConnectCommand } from "./connect/connect-command.ts";
import { addShellCommands } from "./gateway/shell-commands.ts";
import { createGatewayCommand } from "./gateway-command.ts";
import { runProgram } from "./run-program.ts";
import { createSimCommand } from "./sim/sim-command.ts";
import { untilStopSignal } from "./stop-signal.ts";

/** Where `postern up` keeps its site when no folder is named: in the checkout, outside version control. */
const demoFolder = fileURLToPath(new URL("../.postern/up", import.meta.url));

const demoPorts = { port: 8080, httpsPort: 8443, mqttsPort: 8883 };

export async function runCommandLine(args: readonly string[]): Promise<void> {
  await runProgram(createProgram, args);
}

/** `finished` takes the exit code of the sub-command that ran. */
export function createProgram(finished: (exitCode: number) => void): Command {
  const program = new Command("postern").description(
    "Postern: the screen or shell of a machine on a factory LAN, in a browser",
  );
  program.version(readVersion(), "-V, --version", "print the version");
  addUp(program, finished);
  addCloud(program, finished);
  program.addCommand(createGatewayCommand(finished));
  program.addCommand(createConnectCommand(finished));
  program.addCommand(createSimCommand(finished));
  addShellCommands(program);
  return program;
}

function readVersion(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}

function addUp(program: Command, finished: (exitCode: number) => void): void {
  program
    .command("up")
    .description("a whole site on this machine to try things out: cloud, gateway and a LAN with panels")
    .option("--port <number>", "port of the console over HTTP", parsePort, demoPorts.port)
    .option("--https-port <number>", "port of the console and the gateways over HTTPS", parsePort, demoPorts.httpsPort)
    .option("--mqtts-port <number>", "port of the gateways' MQTT over TLS", parsePort, demoPorts.mqttsPort)
    .addOption(
      new Option("--data <folder>", "where the site keeps its state").default(demoFolder, "the checkout's .postern/up"),
    )
    .option("--seed <number>", "drives the panels' process values", parseSeed, 1)
    .action(async (options: UpOptions, command: Command) => {
      const { runSite } = await import("#simulator/main.ts");
      const { data, ...rest } = options;
      const explicit = askedFor(command, ["port", "httpsPort", "mqttsPort"] as const);
      finished(await runSite({ ...rest, dataDir: resolve(data), explicit }));
    });
}

/** Those of the options that a person gave: a port that was asked for and is taken is an error, a default gives way. */
function askedFor<Name extends string>(command: Command, names: readonly Name[]): readonly Name[] {
  return names.filter((name) => command.getOptionValueSource(name) === "cli");
}

interface UpOptions {
  readonly port: number;
  readonly httpsPort: number;
  readonly mqttsPort: number;
  readonly data: string;
  readonly seed: number;
}

function addCloud(program: Command, finished: (exitCode: number) => void): void {
  const cloud = program.command("cloud").description("the cloud stand-in: console, REST, websockets and MQTT");
  cloud
    .command("run")
    .description("serve until stopped")
    .requiredOption("--data <folder>", "database and certificates; made if missing")
    .option("--listen <address>", "address for HTTPS and MQTT; HTTP stays on the loopback", parseAddress, "127.0.0.1")
    .addOption(
      new Option("--hostname <name...>", "names and IP addresses by which the cloud is reached").default(
        ["localhost", "127.0.0.1", "::1"],
        "localhost 127.0.0.1 ::1",
      ),
    )
    .option("--http-port <number>", "port for HTTP on the loopback; 0 takes a free one", parsePort, 8080)
    .option("--https-port <number>", "port for HTTPS; 0 takes a free one", parsePort, 8443)
    .option("--mqtts-port <number>", "port for MQTT over TLS; 0 takes a free one", parsePort, 8883)
    .option(
      "--master-key-file <file>",
      "32 random bytes in base64 under which stored secrets are sealed; else a systemd credential, POSTERN_MASTER_KEY, or a file in your configuration folder, made if missing",
    )
    .action(async ({ data, ...options }: CloudOptions, command: Command) => {
      const { serveCloud } = await import("#cloud-stub/main.ts");
      const explicit = askedFor(command, ["httpPort", "httpsPort", "mqttsPort"] as const);
      finished(await serveCloud({ ...options, dataDir: resolve(data), explicit }, untilStopSignal()));
    });
  addDataCommands(cloud, finished);
}

interface CloudOptions {
  readonly data: string;
  readonly listen: string;
  readonly hostname: readonly string[];
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly mqttsPort: number;
  readonly masterKeyFile?: string;
}
