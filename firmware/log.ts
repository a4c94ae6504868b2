// The gateway's log: one JSON line per event, with a dotted name in the past tense and fields, never prose.
import type { Clock } from "#hardware/ports.ts";

/** Values are for machines and people; passwords, tokens, connection keys and payload bytes never. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** What a machine wants logged: the named action `log` carries it, the wiring writes it. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields?: LogFields;
}

/** From the least important on. */
export const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Lines from level `from` on go to `write` without a line end. Fields that are undefined are left out. */
export function createLog(clock: Pick<Clock, "nowMs">, write: (line: string) => void, from: LogLevel = "debug"): Log {
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (logLevels.indexOf(level) < logLevels.indexOf(from)) return;
      write(JSON.stringify({ time: isoTime(clock.nowMs()), level, event, ...withoutOwnNames(fields) }));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** No field can pass itself off as the time, level or name. */
function withoutOwnNames(fields: LogFields): LogFields {
  const { time: _time, level: _level, event: _event, ...rest } = fields;
  return rest;
}

/** ISO 8601 with milliseconds in UTC. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
