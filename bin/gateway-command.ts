// `postern gateway ...`: the part of the command line that ships on the gateway.
import { Command, InvalidArgumentError } from "commander";
import { addShellCommands } from "./gateway/shell-commands.ts";

interface ConfigOption {
  readonly config: string;
}

interface StatusOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly json: boolean;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

interface DoctorCommandOptions extends ConfigOption {
  readonly target: readonly Target[];
  readonly json: boolean;
  readonly bundle?: string;
}

const portMax = 65_535;

function readTargets(text: string, before: readonly Target[]): readonly Target[] {
  const [, bracketed, plain, digits = ""] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > portMax) {
    throw new InvalidArgumentError("It must be an address and a port, such as 192.168.10.11:5900.");
  }
  return [...before, { host, port }];
}

/** `finished` takes the exit code of the sub-command that ran. */
export function createGatewayCommand(finished: (exitCode: number) => void): Command {
  const gateway = new Command("gateway").description("the gateway that stands beside the machines");
  const takesConfig = (command: Command): Command =>
    command.requiredOption("--config <file>", "the gateway's settings, such as gateway.toml");
  takesConfig(gateway.command("run"))
    .description("register with the cloud, stay online and open tunnels until stopped")
    .action(async ({ config }: ConfigOption) => {
      const { runGateway } = await import("#firmware/main.ts");
      finished(await runGateway({ config }));
    });
  takesConfig(gateway.command("check"))
    .description("read the settings, try to reach the cloud, and say in words what is wrong")
    .action(async ({ config }: ConfigOption) => {
      const { checkGateway } = await import("#firmware/main.ts");
      finished(await checkGateway({ config }));
    });
  takesConfig(gateway.command("doctor"))
    .description("walk the way to the cloud hop by hop, and name the first that fails with what to do about it")
    .option("--target <address:port>", "a panel to try; may be given several times", readTargets, [])
    .option("--json", "as JSON", false)
    .option("--bundle <file>", "write an archive (tar.gz) for support, without passwords and keys")
    .addHelpText("after", "\nExit codes: 0 nothing is wrong, 1 something is, 2 the archive could not be written.")
    .action(async ({ config, target, json, bundle }: DoctorCommandOptions) => {
      const { examineGateway } = await import("#firmware/main.ts");
      const targets = target.length === 0 ? {} : { targets: target };
      finished(await examineGateway({ config, isJson: json, ...targets, ...(bundle === undefined ? {} : { bundle }) }));
    });
  gateway
    .command("status")
    .description("what the running gateway does: state, cloud, tunnels, board")
    .option("--config <file>", "settings of the gateway that is meant; without them the one that runs as a service")
    .option("--socket <file>", "the gateway's socket, where it is not the usual one")
    .option("--json", "as JSON, with all that there is", false)
    .action(async (options: StatusOptions) => {
      const { showGatewayStatus } = await import("#firmware/main.ts");
      finished(await showGatewayStatus(options));
    });
  addShellCommands(gateway);
  return gateway;
}
