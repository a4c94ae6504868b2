// Runs a command line to its end and leaves with its exit code.
import type { Command } from "commander";

/** How long a command that has ended may take to let go of what keeps the process alive. */
const lingerMs = 1_000;

/**
 * Parses the arguments, runs the command and sets the exit code. An error with a `code` is a known one and takes one line;
 * any other is our bug and comes with its stack.
 */
export async function runProgram(
  build: (finished: (exitCode: number) => void) => Command,
  args: readonly string[],
): Promise<void> {
  let exitCode = 0;
  try {
    await build((code) => {
      exitCode = code;
    }).parseAsync(args, { from: "user" });
  } catch (error) {
    exitCode = 1;
    console.error(`postern: ${inWords(error)}`);
  }
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), lingerMs).unref();
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.message : (error.stack ?? error.message);
}
