// `postern gateway ...`: the part of the command line that ships on the gateway.
import { Command } from "commander";

interface ConfigOption {
  readonly config: string;
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
  return gateway;
}
