// Where the password comes from: a file, the environment, or the person at the terminal; never the command line, which others can read.
import { readFile, stat } from "node:fs/promises";
import { ConnectError } from "./connect-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { askAtTerminal } from "./terminal-question.ts";

export const passwordVariable = "POSTERN_PASSWORD";

export interface PasswordSources {
  readonly file: string | undefined;
  /** The variable's value. */
  readonly fromEnvironment: string | undefined;
  /** For the question. */
  readonly who: string;
  warn(line: string): void;
}

/** Throws ConnectError if there is none. */
export async function findPassword({ file, fromEnvironment, who, warn }: PasswordSources): Promise<string> {
  const password =
    file === undefined
      ? (fromEnvironment ?? (await askAtTerminal(`Password of ${who}: `)))
      : await readPasswordFile(file, warn);
  if (password === undefined) {
    throw new ConnectError(
      exitCodes.incomplete,
      `There is no password: set ${passwordVariable}, name a file with --password-file, or run this at a terminal.`,
    );
  }
  if (password === "") throw new ConnectError(exitCodes.incomplete, "The password is empty.");
  return password;
}

/** The file's first line. */
async function readPasswordFile(file: string, warn: (line: string) => void): Promise<string> {
  try {
    const facts = await stat(file);
    if (facts.isFile() && (facts.mode & 0o077) !== 0)
      warn(`${file} can be read by others; chmod 600 keeps it private.`);
    const [first = ""] = (await readFile(file, "utf8")).split("\n");
    return first.replace(/\r$/, "");
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** A file that was named on the command line. */
export async function readNamedFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): ConnectError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const why = code === "ENOENT" ? "it does not exist" : code === "EACCES" ? "it may not be read" : code;
  return new ConnectError(exitCodes.incomplete, `${file} cannot be used: ${why}.`);
}
