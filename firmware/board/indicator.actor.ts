// Lights the board's LEDs in a pattern, on the gateway's clock.
import { fromCallback } from "xstate";
import type { Clock, Hardware, Leds, TimerHandle } from "#hardware/ports.ts";
import { type LedPattern, type LedShow, type PatternName, patterns } from "./patterns.ts";

export interface LampsCommand {
  readonly type: "lamps.show";
  readonly pattern: PatternName;
}

/** Stopping the actor leaves the LEDs dark. */
export function lamps({ clock, leds }: Pick<Hardware, "clock" | "leds">) {
  return fromCallback<LampsCommand>(({ receive }) => {
    const shown = leds === undefined ? [] : lampsOf(clock, leds);
    receive(({ pattern }) => {
      for (const { lamp, role } of shown) lamp.show(chosen(patterns[pattern], role));
    });
    return () => {
      for (const { lamp } of shown) lamp.show("off");
    };
  });
}

type Role = "status" | "tunnel" | "alone";

/** A board whose file gives its LEDs no roles has one that shows everything. */
function lampsOf(clock: Clock, leds: Leds): readonly { readonly lamp: Lamp; readonly role: Role }[] {
  const { names } = leds;
  const status = names.includes("status") ? "status" : names.find((name) => name !== "tunnel");
  if (status === undefined) return [];
  if (!names.includes("tunnel")) return [{ lamp: new Lamp(clock, leds, status), role: "alone" }];
  return [
    { lamp: new Lamp(clock, leds, status), role: "status" },
    { lamp: new Lamp(clock, leds, "tunnel"), role: "tunnel" },
  ];
}

function chosen(pattern: LedPattern, role: Role): LedShow {
  return role === "alone" ? (pattern.alone ?? pattern.status) : pattern[role];
}

class Lamp {
  readonly #clock: Clock;
  readonly #leds: Leds;
  readonly #name: string;
  #showing: LedShow | undefined;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, leds: Leds, name: string) {
    this.#clock = clock;
    this.#leds = leds;
    this.#name = name;
  }

  show(show: LedShow): void {
    // A pattern that goes on is not begun anew.
    if (show === this.#showing) return;
    this.#showing = show;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (typeof show === "string") this.#leds.set(this.#name, show === "on");
    else this.#step(show, 0);
  }

  #step(period: readonly number[], index: number): void {
    this.#leds.set(this.#name, index % 2 === 0);
    const next = (index + 1) % period.length;
    this.#timer = this.#clock.setTimeout(() => this.#step(period, next), period[index] ?? 0);
  }
}
