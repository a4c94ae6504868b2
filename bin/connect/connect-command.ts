// `postern connect ...` on the command line: its arguments and options.
import { Command, InvalidArgumentError, Option } from "commander";
import { parsePort } from "../command-options.ts";
import { parseCloudUrl, parseUser } from "./cloud-login.ts";

export interface ConnectOptions {
  /** An origin. */
  readonly url: string;
  readonly user: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly stdio?: true;
  readonly once?: true;
  /** In seconds. */
  readonly answerWait: number;
}

/** Longer than the 30 s that a cloud waits for a gateway, so that what a program sent before it ended its sending still gets its answer. */
const answerWaitDefaultS = 40;
const answerWaitMaxS = 86_400;

const description = `open an endpoint to a native client: a port on this machine, or standard input and output

The password comes from the variable POSTERN_PASSWORD, from --password-file, or is asked for at the terminal.`;

const examples = `
Examples, with POSTERN_URL and POSTERN_USER set:
  postern connect gw-0004 press4
  postern connect gw-0004 plc --port 2222
  ssh -o ProxyCommand="postern connect --stdio gw-0004 plc" user@plc`;

/** `finished` takes the exit code. */
export function createConnectCommand(finished: (exitCode: number) => void): Command {
  return new Command("connect")
    .summary("open an endpoint to a native client such as ssh or a VNC viewer")
    .description(description)
    .argument("<device>", "the gateway: its id, its serial number or its name")
    .argument("<endpoint>", "the endpoint: its id or its name")
    .addOption(
      new Option("--url <address>", "the cloud, such as https://cloud.example")
        .env("POSTERN_URL")
        .argParser(parseCloudUrl)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--user <name>", "who signs in there, as tenant/user")
        .env("POSTERN_USER")
        .argParser(parseUser)
        .makeOptionMandatory(),
    )
    .option("--password-file <file>", "its first line is the password")
    .option("--ca <file>", "certificate, in PEM form, of an authority to trust besides the system's")
    .addOption(
      new Option("--port <number>", "port to open on 127.0.0.1")
        .argParser(parsePort)
        .default(0, "a free one")
        .conflicts("stdio"),
    )
    .addOption(new Option("--stdio", "speak on standard input and output, as an ssh ProxyCommand").conflicts("once"))
    .option("--once", "serve one connection and leave with its exit code")
    .option(
      "--answer-wait <seconds>",
      "how long to wait for more after the local program has ended its sending",
      parseSeconds,
      answerWaitDefaultS,
    )
    .addHelpText("after", examples)
    .action(async (device: string, endpoint: string, options: ConnectOptions) => {
      const { runConnect } = await import("./run-connect.ts");
      finished(await runConnect(device, endpoint, options));
    });
}

function parseSeconds(text: string): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= answerWaitMaxS)) {
    throw new InvalidArgumentError(`It must be a number of seconds from 1 to ${answerWaitMaxS}.`);
  }
  return value;
}
