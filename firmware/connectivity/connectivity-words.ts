// What the connectivity machine says in the log and as alarms: each time the reason, and what a person can do about it.
import type { AlarmFact } from "../alarm.ts";
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";
import type { ConnectivityContext, ConnectivityEvent } from "./connectivity-events.ts";
import { adviceFor } from "./offline-reason.ts";

interface Moment {
  readonly context: ConnectivityContext;
  readonly event: ConnectivityEvent;
}

/** How many refusals in a row are certainly no passing trouble of the cloud (protocol.md 1.3). */
const loginRefusalsMax = 3;

/** After the end was judged. */
export function offlineEntry({ context, event }: Moment): LogEntry {
  const { why } = context;
  const advice =
    context.loginRefusals >= loginRefusalsMax
      ? "the cloud refuses this gateway's credentials: it may have been removed there; they are kept and tried again"
      : why === undefined
        ? undefined
        : adviceFor(why);
  return {
    level: "warn",
    event: "connectivity.offline",
    fields: {
      reason: why,
      detail: event.type === "session.closed" ? event.detail : undefined,
      retryInMs: context.retryInMs,
      advice,
    },
  };
}

export function onlineEntry({ context }: Moment): LogEntry {
  // Over TLS is what everybody expects.
  const over = context.way === "websocket" ? "websocket" : undefined;
  return { level: "info", event: "connectivity.online", fields: { over } };
}

export function refusedTopicsEntry({ context }: Moment): LogEntry {
  return { level: "warn", event: "connectivity.subscription-refused", fields: { topics: context.refused.join(" ") } };
}

/** Of an actor of the connectivity machine that threw. */
export function brokenPartEntry(part: string) {
  return ({ event }: { readonly event: object }): LogEntry => {
    const what = messageOf("error" in event ? event.error : undefined);
    return { level: "error", event: "internal.error", fields: { where: `connectivity.${part}`, what } };
  };
}

export function droppedEntry(count: number): LogEntry {
  return { level: "warn", event: "connectivity.message-dropped", fields: { count } };
}

export function tooLongEntry(): LogEntry {
  return { level: "warn", event: "connectivity.message-dropped", fields: { count: 1, why: "too long for the cloud" } };
}

export function damagedQueueEntry({ event }: Moment): LogEntry {
  const what = event.type === "queue.loaded" ? event.damaged.join("; ") : "";
  return { level: "warn", event: "connectivity.queue-damaged", fields: { what, advice: "what is damaged is skipped" } };
}

export function failedQueueEntry({ event }: Moment): LogEntry {
  const why = event.type === "queue.failed" ? event.why : "";
  const advice = "messages for the cloud wait in memory only and a power cut would lose them: look at the disk";
  return { level: "error", event: "connectivity.queue-failed", fields: { why, advice } };
}

/** The alarm while another device has this gateway's client id. */
export const takeoverAlarmType = "postern_DuplicateClientId";

export function takeoverAlarm(): AlarmFact {
  const text = adviceFor("mqtt.taken-over") ?? "";
  return { type: "alarm.raised", alarmType: takeoverAlarmType, severity: "MAJOR", text };
}

export const takeoverCleared: AlarmFact = { type: "alarm.cleared", alarmType: takeoverAlarmType };
