// What is said of the uplinks: to the log, and to the cloud as events and as one alarm.
import { createEvent } from "#protocol/smartrest/upstream.ts";
import type { AlarmFact } from "../alarm.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";
import type { ChoiceCause } from "./choose-uplink.ts";

/** Active while the gateway does not leave through its best uplink. */
export const uplinkLostAlarm = "postern_UplinkLost";
/** Active while the gateway may not choose its uplink. */
export const notSteeredAlarm = "postern_UplinkNotChosen";
export const switchedEvent = "postern_UplinkSwitched";

export interface Switch {
  readonly from: string | undefined;
  /** Undefined: the system's choice. */
  readonly to: string | undefined;
  readonly cause: ChoiceCause;
}

export function switchedEntry({ from, to, cause }: Switch): LogEntry {
  return { level: to === undefined ? "warn" : "info", event: "uplinks.switched", fields: { from, to, cause } };
}

export function switchedMessage(change: Switch): OutgoingMessage {
  const { from, to } = change;
  const now = to === undefined ? "leaves through whatever the system finds" : `leaves through ${to}`;
  const before = from === undefined || from === to ? "" : `, before that through ${from}`;
  const text = `The gateway ${now}${before}: ${reasonOf(change)}`;
  return { text: createEvent({ type: switchedEvent, text }), isRepeatable: true, isKept: true };
}

function reasonOf({ from, to, cause }: Switch): string {
  switch (cause) {
    case "start":
      return "it is the best one that is up";
    case "gone":
      return `${from ?? "the one before"} is down`;
    case "unreachable":
      return `the cloud was out of reach over ${from ?? "the one before"}`;
    case "better":
      return `the cloud has answered over ${to ?? "it"} again`;
    case "back":
      return `${to ?? "it"} is up again`;
    case "dark":
      return "none of the configured uplinks is up";
    default:
      return cause satisfies never;
  }
}

export function lostAlarm(best: string | undefined, used: string | undefined): AlarmFact {
  const text =
    used === undefined
      ? "None of the configured uplinks is up"
      : `The gateway uses the uplink ${used} because ${best ?? "a better one"} is down or does not reach the cloud`;
  return { type: "alarm.raised", alarmType: uplinkLostAlarm, severity: used === undefined ? "MAJOR" : "MINOR", text };
}

export function notSteeredEntry(wanted: string | undefined, why = ""): LogEntry {
  const advice = "the system's own choice of uplink stands until this is mended";
  return { level: "warn", event: "uplinks.not-steered", fields: { wanted, why, advice } };
}

export function notSteeredFact(wanted: string | undefined, why = ""): AlarmFact {
  const text = `The gateway cannot choose the uplink ${wanted ?? "of the system"}: ${why}`;
  return { type: "alarm.raised", alarmType: notSteeredAlarm, severity: "MINOR", text };
}

export function cleared(alarmType: string): AlarmFact {
  return { type: "alarm.cleared", alarmType };
}
