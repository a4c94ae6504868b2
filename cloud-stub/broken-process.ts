// The last net of the cloud's process: what nobody caught is said in the log, and told to whoever ends the process in order.
import { describeBug } from "./bug.ts";
import type { CloudLog } from "./log.ts";

/** What was not caught is logged so many times: a broken timer would fill the disk with it. */
const saidMax = 10;

export interface BrokenProcess {
  /** Settles with the first one; from then on nobody knows the state of the process. */
  readonly broken: Promise<"broken">;
  readonly isBroken: boolean;
}

/** To be called once in a process, whose exceptions end it no more: the caller does. */
export function watchForBroken(log: CloudLog): BrokenProcess {
  const { promise, resolve } = Promise.withResolvers<"broken">();
  let said = 0;
  const caught = (kind: "exception" | "rejection") => (error: unknown) => {
    said += 1;
    resolve("broken");
    if (said <= saidMax) log.error("cloud.broken", { kind, ...describeBug(error) });
  };
  process.on("uncaughtException", caught("exception"));
  process.on("unhandledRejection", caught("rejection"));
  return {
    broken: promise,
    get isBroken() {
      return said > 0;
    },
  };
}
