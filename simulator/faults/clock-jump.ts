// A machine's wall clock is wrong: no battery, no time server, or somebody set it.
import type { WorldFault } from "./fault.ts";
import { choiceParameter, defineFault, numberOf, numberParameter, wordOf } from "./fault-kind.ts";
import { need } from "./held-fault.ts";

export interface ClockJumpOptions {
  readonly byMs: number;
  /** "gateway" is the default. */
  readonly host?: "gateway" | "cloud";
}

/** Jumps when it begins, back when it ends, as when a time server has been found. Durations go on as they were. */
export function clockJump({ byMs, host = "gateway" }: ClockJumpOptions): WorldFault {
  const name = `clock of ${host} ${Math.abs(byMs)} ms ${byMs < 0 ? "back" : "ahead"}`;
  const jump = "a machine whose clock can be set";
  return {
    name,
    isOfSite: true,
    begin: (world) => need(world.jumpClock, name, jump)(host, byMs),
    end: (world) => need(world.jumpClock, name, jump)(host, -byMs),
  };
}

const yearMs = 366 * 86_400_000;
const hosts = ["gateway", "cloud"] as const;

export const clockJumpKind = defineFault({
  name: "clock-jump",
  summary: "A machine's wall clock jumps when it begins and back when it ends; certificates are judged by it.",
  kind: "world",
  isLossy: false,
  modes: { memory: true, loopback: true },
  onLoopback: "the program's clock jumps, and TLS judges certificates by the machine's own, which is not ours to set",
  parameters: [
    numberParameter("byMs", "ms", {
      summary: "how far, back if negative",
      min: -60 * yearMs,
      max: 60 * yearMs,
      default: 3_600_000,
      gentle: 1000,
      severe: 2 * yearMs,
    }),
    choiceParameter("host", hosts, "whose clock"),
  ],
  create: (given) => clockJump({ byMs: numberOf(given, "byMs"), host: wordOf(given, "host", hosts) }),
  draw: (random) => {
    const byMs = Math.round(1000 * (2 * yearMs * 0.001) ** random.fraction());
    return { byMs: random.integer(0, 1) === 0 ? byMs : -byMs, host: hosts[random.integer(0, 1)] ?? "gateway" };
  },
});
