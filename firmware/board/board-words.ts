// What the board's parts say in the log and in the cloud's event list.
import { createEvent } from "#protocol/smartrest/upstream.ts";
import type { AlarmFact } from "../alarm.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";
import type { ButtonFact } from "./button.machine.ts";
import type { IndicatorCommand, ResetStage } from "./indicator.machine.ts";
import type { WatchdogFact } from "./watchdog.machine.ts";

/** Parts that a board may be without: their machines are started only where they are. */
export type BoardPart = "indicator" | "button" | "watchdog";

export const buttonEventType = "postern_ButtonPressed";
export const resetEventType = "postern_FactoryReset";

export function pressedEvent(): OutgoingMessage {
  const text = createEvent({ type: buttonEventType, text: "The gateway's button was pressed" });
  return { text, isRepeatable: true, isKept: true };
}

/** What waits is wiped with everything else, so this one is not kept: it is sent at once or never. */
export function resetEvent(): OutgoingMessage {
  const text = createEvent({
    type: resetEventType,
    text: "The gateway is being reset by its button: it forgets who it is and asks to be registered anew",
  });
  return { text, isRepeatable: true };
}

export function buttonEntry({ type }: ButtonFact): LogEntry {
  const isLoud = type === "button.reset-confirmed" || type === "button.stuck";
  return { level: isLoud ? "warn" : "info", event: type };
}

/** What the LEDs show of it. */
export function resetStage({ type }: ButtonFact): ResetStage {
  if (type === "button.reset-warned") return "warned";
  return type === "button.reset-armed" || type === "button.reset-confirmed" ? "confirmed" : "none";
}

/** Whoever stands before the cabinet is to look after what is major; the rest is for the cloud. */
export function faultOf(alarm: AlarmFact): IndicatorCommand {
  const isFault = alarm.type === "alarm.raised" && (alarm.severity === "CRITICAL" || alarm.severity === "MAJOR");
  return { type: isFault ? "indicator.faulted" : "indicator.mended", fault: alarm.alarmType };
}

export function watchdogEntry(fact: Exclude<WatchdogFact, { type: "progress.asked" }>): LogEntry {
  switch (fact.type) {
    case "watchdog.armed":
      return { level: "info", event: fact.type, fields: { timeoutMs: fact.timeoutMs } };
    case "watchdog.disarmed":
      return { level: "info", event: fact.type };
    case "watchdog.unusable":
    case "watchdog.kept":
      return { level: "warn", event: fact.type, fields: { why: fact.why } };
    default:
      return fact satisfies never;
  }
}
