// The cloud's log: one JSON line for each event, the same shape as the gateway's.
import type { Clock } from "#hardware/ports.ts";

/** Values of an event. Never a secret, a connection key, a URL that holds one, or payload bytes. */
export type CloudLogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface CloudLog {
  info(event: string, fields?: CloudLogFields): void;
  warn(event: string, fields?: CloudLogFields): void;
  error(event: string, fields?: CloudLogFields): void;
}

/** Makes a log that hands each line, without its line end, to `write`. */
export function createCloudLog(clock: Clock, write: (line: string) => void): CloudLog {
  function line(level: string, event: string, fields: CloudLogFields | undefined): void {
    write(JSON.stringify({ time: new Date(clock.nowMs()).toISOString(), level, event, ...fields }));
  }
  return {
    info: (event, fields) => line("info", event, fields),
    warn: (event, fields) => line("warn", event, fields),
    error: (event, fields) => line("error", event, fields),
  };
}

/** A log that can be told to say nothing more: a process that was killed has no last words. */
export function mutableLog(log: CloudLog): CloudLog & { mute(): void } {
  let isMuted = false;
  return {
    info: (event, fields) => void (isMuted || log.info(event, fields)),
    warn: (event, fields) => void (isMuted || log.warn(event, fields)),
    error: (event, fields) => void (isMuted || log.error(event, fields)),
    mute: () => {
      isMuted = true;
    },
  };
}

/** What an unknown error says, for a log field: its message without the stack. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
