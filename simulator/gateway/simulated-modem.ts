// A cellular modem at a serial port: it registers, loses its SIM or its network, hangs, and is reset.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Behaviours } from "./board-behaviour.ts";
import {
  answerCommand,
  type ModemAnswer,
  type ModemFacts,
  type ModemState,
  type Registration,
  registrationWords,
  resetSettings,
  type SimState,
} from "./modem-answers.ts";
import { splitCommandLine } from "./modem-command.ts";
import type { ConnectedDevice, DeviceLine, SerialDevice } from "./serial-device.ts";
import { SignalWalk } from "./signal-walk.ts";

/** A hardware reset: gone from the bus, and back. */
const restartMs = 6_000;
/** From power or a new SIM until a network has taken it in, at least and at most. */
const searchMs = { min: 2_000, max: 7_000 } as const;
/** What the modem itself needs for an answer. */
const answerMs = { min: 5, max: 30 } as const;
const lineCharactersMax = 556;
/** Lines that wait while one is being answered; a modem forgets the rest. */
const linesMax = 8;
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
  #line: DeviceLine | undefined;
  #typed = "";
  #lines: string[] = [];
  #isAnswering = false;
  #pinTries = 0;
  #unmute: (() => void) | undefined;
  #isRestarting = false;

  constructor(options: ModemOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#signal = new SignalWalk(options.random.child("signal"), () => options.clock.monotonicMs());
    this.#state = this.#makeState({ ...usualModem, ...options.facts });
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
    if (!this.isHung) this.#send(`\r\n${line}\r\n`);
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
    this.#isAnswering = false;
    this.#lines = [];
    if (this.#isRestarting) this.#options.plugged(true);
    this.#isRestarting = false;
    resetSettings(this.#state);
    this.#state.power = 1;
    this.#registrationIs(this.#found());
  }

  connect(line: DeviceLine): ConnectedDevice {
    this.#line = line;
    return {
      receive: (bytes) => this.#receive(bytes),
      opened: () => {
        this.#typed = "";
        this.#lines = [];
      },
      close: () => {
        this.#line = undefined;
        this.#isAnswering = false;
        this.#lines = [];
      },
    };
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
      restart: () => void this.#clock.setTimeout(() => this.reset(), 2 * answerMs.max),
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

  /** What comes of a search, in the end. */
  #found(): Registration {
    if (this.#sim !== "ready" || this.#state.power !== 1) return "none";
    return this.#network;
  }

  #search(): void {
    this.#clock.clearTimeout(this.#searching);
    this.#searching = undefined;
    if (this.#isRestarting) return;
    if (this.#sim !== "ready" || this.#state.power !== 1) {
      this.#registrationIs("none");
      return;
    }
    if (this.#network === this.#registration) return;
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
    this.#options.carrier(registration === "home" || registration === "roaming");
    for (const [name, form] of this.#state.tells) {
      if (form > 0) this.says(`${name}: ${registrationWords(this.#state, name)}`);
    }
  }

  #receive(bytes: Uint8Array): void {
    if (this.isHung) return;
    for (const byte of bytes) {
      if (this.#state.isEchoing) this.#line?.send(Uint8Array.of(byte));
      if (byte === 0x0d) {
        if (this.#lines.length < linesMax) this.#lines.push(this.#typed);
        this.#typed = "";
        this.#answerNext();
      } else if (byte !== 0x0a && this.#typed.length < lineCharactersMax) {
        this.#typed += String.fromCharCode(byte);
      }
    }
  }

  /** One line of commands at a time; the first that fails ends it. */
  #answerNext(): void {
    if (this.#isAnswering) return;
    const line = this.#lines.shift();
    if (line === undefined) return;
    const commands = splitCommandLine(line);
    if (commands === undefined) {
      this.#answerNext();
      return;
    }
    this.#isAnswering = true;
    this.#answer(commands, 0);
  }

  #answer(commands: readonly string[], at: number): void {
    const command = commands[at];
    if (command === undefined) {
      this.#reply({ lines: [], result: "OK" }, () => this.#answerNext());
      return;
    }
    let given: ModemAnswer | undefined;
    const answer = (lines: readonly string[], result = "OK"): void => {
      given = { lines, result };
    };
    const isHandled = this.#options.behaviours.handle((each) => each.onModemCommand?.({ text: command, answer }));
    // Handled and nothing said: it never answers this line.
    if (isHandled && given === undefined) {
      this.#isAnswering = false;
      return;
    }
    const reply = given ?? answerCommand(this.#state, command);
    const isLast = at === commands.length - 1;
    if (isLast || reply.result !== "OK") this.#reply(reply, () => this.#answerNext());
    else this.#reply({ ...reply, result: "" }, () => this.#answer(commands, at + 1));
  }

  #reply({ lines, result, takesMs = 0 }: ModemAnswer, then: () => void): void {
    const ownMs = this.#options.random.integer(answerMs.min, answerMs.max);
    this.#clock.setTimeout(() => {
      const isLast = result !== "";
      if (isLast || this.isHung) this.#isAnswering = false;
      if (this.isHung) return;
      for (const line of lines) this.#send(`\r\n${line}\r\n`);
      if (isLast) this.#send(`\r\n${result}\r\n`);
      then();
    }, ownMs + takesMs);
  }

  #send(text: string): void {
    this.#line?.send(Buffer.from(text, "latin1"));
  }
}
