// The frame of a bench: it checks the Node, ends what hangs, and leaves neither a process nor a folder behind.
import { cpus, release } from "node:os";
import { temporaryFolder } from "#test/support/processes.ts";
import { ownChildren } from "./process-figures.ts";

const nodeMajor = 24;

/** Runs a bench in a folder of its own; at the limit everything is ended, and the exit code is 1. */
export async function runBench(wholeRunMs: number, run: (folder: string) => Promise<void>): Promise<void> {
  // `postern` on an older Node would start another one, and the figures would be those of the wrong process.
  if (Number(process.versions.node.split(".")[0]) < nodeMajor) {
    throw new Error(`This needs Node ${nodeMajor} or newer; it runs on ${process.version}`);
  }
  const folder = temporaryFolder();
  /** At once, without the order that the programs would keep. */
  const endNow = (why: string, exitCode: number): void => {
    console.error(why);
    endChildren();
    folder[Symbol.dispose]();
    process.exit(exitCode);
  };
  process.once("SIGINT", () => endNow("Interrupted", 130));
  process.once("SIGTERM", () => endNow("Terminated", 143));
  process.once("uncaughtException", (error) => endNow(String(error.stack), 1));
  // It ends a run that hangs, and a process that does not end after its run.
  setTimeout(() => endNow(`The bench did not end within ${wholeRunMs / 1_000} s`, 1), wholeRunMs).unref();
  try {
    console.log(`Node ${process.version}, Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model}`);
    await run(folder.path);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    endChildren();
    folder[Symbol.dispose]();
  }
}

function endChildren(): void {
  for (const pid of ownChildren()) process.kill(pid, "SIGKILL");
}
