// A log for the two programs of a site: the same events and fields as theirs, handed on as objects.
import type { LogLine } from "./programs.ts";

type Write = (event: string, fields?: object) => void;

export interface SiteLog {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

export function createSiteLog(nowMs: () => number, take: (line: LogLine) => void): SiteLog {
  const at =
    (level: string): Write =>
    (event, fields = {}) => {
      const own = { time: new Date(nowMs()).toISOString(), level, event };
      // Twice: first so that a line begins with them, last so that no field can pass itself off as one of them.
      take(Object.assign({ ...own }, fields, own));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
