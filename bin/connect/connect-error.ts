// What `postern connect` cannot do, in words for the person at the terminal, with the exit code for the script.
import type { ExitCode } from "./exit-codes.ts";

/** `message`: one or two sentences without a secret, made printable where it quotes the cloud. */
export class ConnectError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.name = "ConnectError";
    this.exitCode = exitCode;
  }
}
