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
    (event, fields = {}) =>
      take({ ...fields, time: new Date(nowMs()).toISOString(), level, event });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
