// A cellular modem at a serial port: it registers, loses its SIM or its network, hangs, and is reset.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { AtDialogue } from "./at-dialogue.ts";
import type { Behaviours } from "./board-behaviour.ts";
import {
  type ModemFacts,
  type ModemState,
  type Registration,
  registrationWords,
  resetSettings,
  type SimState,
} from "./modem-answers.ts";
import type { ConnectedDevice, DeviceLine, SerialDevice } from "./serial-device.ts";
import { SignalWalk } from "./signal-walk.ts";

/** A hardware reset: gone from the bus, and back. */
const restartMs = 6_000;
/** From power or a new SIM until a network has taken it in, at least and at most. */
const searchMs = { min: 2_000, max: 7_000 } as const;
/** From the command to restart until it does: the answer is out by then. */
const restartAfterMs = 60;
const pinTriesMax = 3;

export const usualModem: ModemFacts = {
  manufacturer: "Postern",
  model: "Simulated LTE modem",
  firmware: "SIM-1.0",
  imei: "490154203237518",
  iccid: "8949000000000000018",
  imsi: "262010000000001",
  operator: { name: "Demo Mobil", number: "26201" },
  cell: { area: "1A2B", id: "01C3D4E5" },
};

const simWords: Readonly<Record<SimState, string>> = {
  ready: "+CPIN: READY",
  absent: "+CPIN: NOT INSERTED",
  "pin-required": "+CPIN: SIM PIN",
  "puk-required": "+CPIN: SIM PUK",
};

/** The modem's own sense of time, which ends with its power. */
export interface ModemClock extends Clock {
  dropAllTimers(): void;
}

export interface ModemOptions {
  readonly clock: ModemClock;
  readonly random: SeededRandom;
  readonly behaviours: Behaviours;
  readonly facts?: Partial<ModemFacts>;
  /** PIN of a SIM that asks for one. */
  readonly pin?: string;
  /** Told of each change. */
  readonly registered?: (registration: Registration) => void;
  /** Told when the data path comes (it is registered) or goes. */
  readonly carrier: (isUp: boolean) => void;
  /** It hangs: data does not pass, although it looks as if it did; undone by the returned function. */
  readonly mute: () => () => void;
  /** It is on the bus, or not. */
  readonly plugged: (isPlugged: boolean) => void;
}

export class SimulatedModem implements SerialDevice {
  readonly #options: ModemOptions;
  readonly #clock: ModemClock;
  readonly #signal: SignalWalk;
  readonly #state: ModemState;
  #sim: SimState = "ready";
  #registration: Registration = "home";
  /** What the network says to this SIM. */
  #network: Exclude<Registration, "searching" | "unknown"> = "home";
  #searching: TimerHandle | undefined;
  readonly #dialogue: AtDialogue;
  #pinTries = 0;
  #unmute: (() => void) | undefined;
  #isRestarting = false;

  constructor(options: ModemOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#signal = new SignalWalk(options.random.child("signal"), () => options.clock.monotonicMs());
    this.#state = this.#makeState({ ...usualModem, ...options.facts });
    const { clock, random, behaviours } = options;
    this.#dialogue = new AtDialogue({ state: this.#state, clock, random, behaviours, isMute: () => this.isHung });
  }

  get registration(): Registration {
    return this.#registration;
  }

  get sim(): SimState {
    return this.#sim;
  }

  get isHung(): boolean {
    return this.#unmute !== undefined;
  }

  /** The SIM is pulled, put in, or asks for its PIN. */
  simIs(sim: SimState): void {
    if (this.#sim === sim) return;
    this.#sim = sim;
    this.says(simWords[sim]);
    this.#search();
  }

  /** The network takes it in ("home", "roaming"), turns it away ("denied"), or is not there ("none"). */
  networkIs(network: Exclude<Registration, "searching" | "unknown">): void {
    this.#network = network;
    this.#search();
  }

  /** From now on the signal is this, 0 to 31; undefined: it walks from where it is. */
  signalIs(signal: number | undefined): void {
    this.#signal.holds(signal);
  }

  /** Says a line that nobody asked for, at once: between the lines of an answer, if there is one under way. */
  says(line: string): void {
    this.#dialogue.says(line);
  }

  /** Neither commands nor data are answered until the returned function is called, or until it is reset. */
  hangs(): () => void {
    this.#unmute ??= this.#options.mute();
    return () => this.comesRound();
  }

  /** It hangs no more, if it did. */
  comesRound(): void {
    this.#unmute?.();
    this.#unmute = undefined;
  }

  /** By its reset line or by power: it leaves the bus, and is back after 6 s with its own settings. */
  reset(): void {
    if (this.#isRestarting) return;
    this.#isRestarting = true;
    this.comesRound();
    this.#registrationIs("none");
    this.#clock.dropAllTimers();
    this.#searching = undefined;
    this.#options.plugged(false);
    this.#clock.setTimeout(() => {
      this.#isRestarting = false;
      resetSettings(this.#state);
      this.#state.power = 1;
      this.#options.plugged(true);
      this.#search();
    }, restartMs);
  }

  /** With the board: at once registered again when the board is up, as a machine that boots takes longer than it does. */
  powerOff(): void {
    this.comesRound();
    this.#clock.dropAllTimers();
    this.#searching = undefined;
    this.#dialogue.forget();
    if (this.#isRestarting) this.#options.plugged(true);
    this.#isRestarting = false;
    resetSettings(this.#state);
    this.#state.power = 1;
    this.#registrationIs(this.#found());
  }

  connect(line: DeviceLine): ConnectedDevice {
    return this.#dialogue.connect(line);
  }

  #makeState(facts: ModemFacts): ModemState {
    const sim = (): SimState => this.#sim;
    const registration = (): Registration => this.#registration;
    const signal = (): number | undefined => (this.#hearsNetwork() ? this.#signal.now() : undefined);
    return {
      facts,
      get sim() {
        return sim();
      },
      get registration() {
        return registration();
      },
      get signal() {
        return signal();
      },
      isEchoing: true,
      errorForm: 0,
      operatorForm: 0,
      tells: new Map(),
      power: 1,
      powerIs: (power) => {
        this.#state.power = power;
        this.#search();
      },
      enterPin: (pin) => this.#enterPin(pin),
      // The answer goes out first.
      restart: () => void this.#clock.setTimeout(() => this.reset(), restartAfterMs),
    };
  }

  #hearsNetwork(): boolean {
    return this.#state.power === 1 && this.#network !== "none";
  }

  #enterPin(pin: string): boolean {
    if (pin === this.#options.pin) {
      this.#pinTries = 0;
      this.simIs("ready");
      return true;
    }
    this.#pinTries += 1;
    if (this.#pinTries >= pinTriesMax) this.simIs("puk-required");
    return false;
  }

  /** What comes of a search, in the end; where no network is it has none. */
  #found(): Registration {
    if (this.#sim !== "ready" || this.#state.power !== 1) return "none";
    return this.#network === "none" ? "searching" : this.#network;
  }

  #search(): void {
    this.#clock.clearTimeout(this.#searching);
    this.#searching = undefined;
    if (this.#isRestarting) return;
    if (this.#sim !== "ready" || this.#state.power !== 1) {
      this.#registrationIs("none");
      return;
    }
    if (this.#found() === this.#registration) return;
    this.#registrationIs("searching");
    if (this.#network === "none") return;
    this.#searching = this.#clock.setTimeout(
      () => {
        this.#searching = undefined;
        this.#registrationIs(this.#found());
      },
      this.#options.random.integer(searchMs.min, searchMs.max),
    );
  }

  #registrationIs(registration: Registration): void {
    if (this.#registration === registration) return;
    this.#registration = registration;
    this.#options.registered?.(registration);
    this.#options.carrier(registration === "home" || registration === "roaming");
    for (const [name, form] of this.#state.tells) {
      if (form > 0) this.says(`${name}: ${registrationWords(this.#state, name)}`);
    }
  }
}
