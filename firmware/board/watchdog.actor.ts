// Arms, pets and disarms the board's hardware watchdog when its machine says so.
import { fromCallback } from "xstate";
import type { Watchdog } from "#hardware/ports.ts";
import { messageOf } from "../errors.ts";

export type TimerCommand = { readonly type: "timer.pet" } | { readonly type: "timer.disarm" };

export type TimerFact =
  /** `timeoutMs`: what the hardware took. */
  | { readonly type: "timer.armed"; readonly timeoutMs: number }
  | { readonly type: "timer.unusable"; readonly why: string }
  | { readonly type: "timer.disarmed" }
  | { readonly type: "timer.kept"; readonly why: string };

/** Stopping the actor does not disarm it: whoever stops without the machine's word has broken. */
export function watchdogTimer(watchdog: Watchdog | undefined) {
  return fromCallback<TimerCommand, { readonly timeoutMs: number }>(({ receive, sendBack, input }) => {
    const tell = (fact: TimerFact): void => sendBack(fact);
    receive((command) => {
      if (command.type === "timer.pet") watchdog?.pet();
      else if (watchdog?.disarm() !== false) tell({ type: "timer.disarmed" });
      else tell({ type: "timer.kept", why: "its driver does not let it be disarmed" });
    });
    try {
      if (watchdog === undefined) tell({ type: "timer.unusable", why: "the board has none" });
      else tell({ type: "timer.armed", timeoutMs: watchdog.arm(input.timeoutMs) });
    } catch (error) {
      tell({ type: "timer.unusable", why: messageOf(error) });
    }
  });
}
