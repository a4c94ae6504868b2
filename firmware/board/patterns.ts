// What the board's LEDs show, as data: a person in front of the cabinet reads the gateway's state from them.

/** Lit, dark, or a period of ms lit, dark, lit, dark ... that repeats. */
export type LedShow = "on" | "off" | readonly number[];

export interface LedPattern {
  readonly status: LedShow;
  /** Of boards that have a second LED for tunnels. */
  readonly tunnel: LedShow;
  /** In place of `status` where there is one LED only. */
  readonly alone?: LedShow;
}

export type PatternName =
  | "registering"
  | "connecting"
  | "online"
  | "tunnelOpen"
  | "fault"
  | "resetWarned"
  | "resetConfirmed";

const slowBlink = [500, 500];
const doubleFlash = [100, 100, 100, 700];
const fastBlink = [100, 100];
const tripleFlash = [100, 100, 100, 100, 100, 500];
const flicker = [50, 50];
const shortGap = [900, 100];

/** Steady light needs no timer, so what lasts for months is steady. */
export const patterns: Readonly<Record<PatternName, LedPattern>> = {
  /** Nobody has accepted it yet. */
  registering: { status: doubleFlash, tunnel: "off" },
  connecting: { status: slowBlink, tunnel: "off" },
  online: { status: "on", tunnel: "off" },
  tunnelOpen: { status: "on", tunnel: "on", alone: shortGap },
  /** Somebody has to look after it; what is wrong stands in the log and among the alarms. */
  fault: { status: fastBlink, tunnel: "off" },
  /** Held on, the button will reset the gateway. */
  resetWarned: { status: tripleFlash, tunnel: tripleFlash },
  /** Let go of now, the button does. */
  resetConfirmed: { status: flicker, tunnel: flicker },
};
