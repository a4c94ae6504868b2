// The gateway's board in memory: what it is made of, what is laid over it, and the Hardware of each of its runs.
import type { BoardIdentity, Hardware } from "#hardware/ports.ts";
import { ClockView } from "../clock-view.ts";
import type { SimulatedHost } from "../network/host.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import { Behaviours, type BoardBehaviour } from "./board-behaviour.ts";
import { Disk } from "./disk.ts";
import type { ModemFacts } from "./modem-answers.ts";
import { SimulatedButton } from "./simulated-button.ts";
import { SimulatedLeds } from "./simulated-leds.ts";
import { SimulatedModem } from "./simulated-modem.ts";
import { SimulatedProcesses } from "./simulated-processes.ts";
import { SimulatedSerialPorts } from "./simulated-serial-ports.ts";
import { SimulatedSystem, type SystemKind, usualSystem } from "./simulated-system.ts";
import { SimulatedThermal, type ThermalKind, usualThermal } from "./simulated-thermal.ts";
import { SimulatedTimeService, type TimeServerKind, usualTimeServer } from "./simulated-time-service.ts";
import { SimulatedUplinks, type UplinkPlan } from "./simulated-uplinks.ts";
import { SimulatedWatchdog, usualWatchdog, type WatchdogKind } from "./simulated-watchdog.ts";

/** A part that a board may be without. */
export type BoardPart =
  | "leds"
  | "button"
  | "watchdog"
  | "thermal"
  | "serialPorts"
  | "uplinks"
  | "system"
  | "processes"
  | "timeService";

export interface BoardOptions {
  readonly clock: SimulatedClock;
  readonly random: SeededRandom;
  readonly identity?: Partial<BoardIdentity>;
  /** Default: "status" and "tunnel". */
  readonly leds?: readonly string[];
  readonly watchdog?: Partial<WatchdogKind>;
  readonly thermal?: Partial<ThermalKind>;
  /** Default: a Raspberry Pi 4. */
  readonly system?: Partial<SystemKind>;
  /** Beside the cables that its machine has already; default none. */
  readonly uplinks?: readonly UplinkPlan[];
  /** A modem at this path, whose data path is the uplink of that name; default none. */
  readonly modem?: ModemPlan | undefined;
  /** What it has not got. */
  readonly without?: readonly BoardPart[];
  /** False: no battery keeps the clock, and each boot begins in 1970. Default true. */
  readonly hasClockBattery?: boolean;
  /** Default: none answers by itself; the clock is right from the start where a battery keeps it. */
  readonly timeServer?: Partial<TimeServerKind>;
  /** From a reset until its program runs, default 12 s. */
  readonly bootMs?: number;
  /** Told in words what happens to the board by itself: for the record of a story. */
  readonly says?: (text: string) => void;
}

export interface ModemPlan {
  readonly path: string;
  readonly uplink: string;
  readonly pin?: string;
  readonly facts?: Partial<ModemFacts>;
}

/** A small program that runs on the board beside the gateway, from each boot on; what it returns ends it without a word. */
export type BoardProgram = (hardware: Hardware) => (() => void) | undefined;

export interface Boot {
  /** Since the site's start. */
  readonly atMs: number;
  readonly cause: "power" | "watchdog" | "restart";
}

interface Run {
  hardware: Hardware | undefined;
  /** Ends each of the small programs. */
  ends: (() => void)[];
}

const bootMs = 12_000;
const bootsMax = 1_000;

export class Board {
  readonly identity: BoardIdentity;
  readonly clock: ClockView;
  readonly disk: Disk;
  readonly leds: SimulatedLeds;
  readonly button: SimulatedButton;
  readonly watchdog: SimulatedWatchdog;
  readonly thermal: SimulatedThermal;
  readonly timeService: SimulatedTimeService;
  readonly uplinks: SimulatedUplinks;
  readonly system: SimulatedSystem;
  readonly processes: SimulatedProcesses;
  readonly serialPorts: SimulatedSerialPorts;
  /** Undefined for a board without one. */
  readonly modem: SimulatedModem | undefined;
  /** The reset line: whoever holds the power does it. Nobody: the board is off and stays so. */
  resetting: ((cause: Boot["cause"]) => void) | undefined;
  /** From a reset until its program runs. */
  readonly bootMs: number;
  readonly #options: BoardOptions;
  readonly #behaviours = new Behaviours();
  readonly #programs = new Set<BoardProgram>();
  readonly #powerOffWatchers = new Set<() => void>();
  readonly #boots: Boot[] = [];
  #running: Run | undefined;
  #runs = 0;
  #nextCause: Boot["cause"] = "power";

  constructor(options: BoardOptions) {
    const { clock, random } = options;
    this.#options = options;
    this.bootMs = options.bootMs ?? bootMs;
    this.identity = {
      serialNumber: "10000000c0ffee01",
      model: "Simulated board",
      revision: "1.0",
      ...options.identity,
    };
    const behaviours = this.#behaviours;
    this.clock = new ClockView(clock, "gateway");
    this.disk = new Disk(clock, random.child("disk"), behaviours);
    this.disk.answering = () => this.clock.whenThawed();
    this.leds = new SimulatedLeds(clock, behaviours, options.leds ?? ["status", "tunnel"]);
    this.button = new SimulatedButton(clock, random.child("button"), behaviours);
    this.thermal = new SimulatedThermal(clock, behaviours, { ...usualThermal, ...options.thermal });
    this.timeService = new SimulatedTimeService({
      clock: this.clock,
      kind: { ...usualTimeServer, ...options.timeServer },
      hasBattery: options.hasClockBattery !== false,
      set: () => this.clock.jump(clock.nowMs() - this.clock.nowMs()),
    });
    this.uplinks = new SimulatedUplinks(clock, behaviours, options.uplinks ?? []);
    this.uplinks.turned = ({ name, isUp }) => options.says?.(`the uplink ${name} is ${isUp ? "up" : "down"}`);
    this.serialPorts = new SimulatedSerialPorts(clock, random.child("serial lines"));
    this.processes = new SimulatedProcesses(clock);
    this.system = new SimulatedSystem({
      clock,
      random: random.child("boot ids"),
      behaviours,
      kind: { ...usualSystem, ...options.system },
      restarts: () => this.#reset("restart"),
    });
    this.watchdog = new SimulatedWatchdog({
      clock,
      behaviours,
      kind: { ...usualWatchdog, ...options.watchdog },
      bites: () => this.#reset("watchdog"),
    });
    this.modem = options.modem === undefined ? undefined : this.#plugModem(options.modem);
  }

  /** When it booted and why, oldest first. */
  get boots(): readonly Boot[] {
    return [...this.#boots];
  }

  /** The ports of the run that is on; undefined while it is off. */
  get hardware(): Hardware | undefined {
    return this.#running?.hardware;
  }

  has(part: BoardPart): boolean {
    return this.#options.without?.includes(part) !== true;
  }

  /** Names of what is laid over it, newest first. */
  get behaviours(): readonly string[] {
    return this.#behaviours.names;
  }

  /** Lays a behaviour over the healthy board, above all laid before, until the returned function is called. */
  lay(behaviour: BoardBehaviour): () => void {
    return this.#behaviours.lay(behaviour);
  }

  /** Has a program run beside the gateway, now if the board is on and from each boot on, until the returned function is called. */
  runs(program: BoardProgram): () => void {
    this.#programs.add(program);
    const run = this.#running;
    let end: (() => void) | undefined;
    if (run?.hardware !== undefined) {
      end = program(run.hardware);
      if (end !== undefined) run.ends.push(end);
    }
    return () => {
      this.#programs.delete(program);
      if (run === undefined || end === undefined || this.#running !== run) return;
      run.ends.splice(run.ends.indexOf(end), 1);
      end();
    };
  }

  /** The ports for one run of the board, on `host`; the disk's contents are those of the run before. */
  boot(host: SimulatedHost): Hardware {
    this.#runs += 1;
    this.endPrograms();
    const run: Run = { hardware: undefined, ends: [] };
    this.#running = run;
    const isRunning = (): boolean => this.#running === run;
    if (this.#options.hasClockBattery === false) this.clock.jump(-this.clock.nowMs());
    this.timeService.boot();
    this.uplinks.attach(host);
    this.uplinks.restore();
    const parts: Required<Pick<Hardware, BoardPart>> = {
      leds: this.leds.port(isRunning),
      button: this.button.port(isRunning),
      watchdog: this.watchdog.port(isRunning),
      thermal: this.thermal.port(isRunning),
      timeService: this.timeService.port(isRunning),
      uplinks: this.uplinks.port(isRunning),
      serialPorts: this.serialPorts.port(isRunning),
      system: this.system.port(isRunning),
      processes: this.processes.port(isRunning),
    };
    const hardware: Hardware = {
      clock: this.clock,
      random: this.#options.random.child(`run ${this.#runs}`),
      network: host.network,
      storage: this.disk.boot(),
      identity: this.identity,
      ...Object.fromEntries(Object.entries(parts).filter(([name]) => this.has(name as BoardPart))),
    };
    run.hardware = hardware;
    this.#boots.push({ atMs: this.#options.clock.monotonicMs(), cause: this.#nextCause });
    if (this.#boots.length > bootsMax) this.#boots.shift();
    if (this.#nextCause !== "power") this.#options.says?.("the board has booted again");
    this.#nextCause = "power";
    for (const program of this.#programs) {
      const end = program(hardware);
      if (end !== undefined) run.ends.push(end);
    }
    return hardware;
  }

  /** The time has been set: from a time server, or by hand. */
  clockIsSet(): void {
    this.timeService.answers();
  }

  /** The small programs of this run end. */
  endPrograms(): void {
    for (const end of this.#running?.ends.splice(0) ?? []) end();
  }

  /** The board's part of a power cut: the disk stops where it is, timers are gone, and whoever was on it knows nothing of it. */
  powerOff(cause: Boot["cause"] = "power"): void {
    this.endPrograms();
    this.#running = undefined;
    this.#nextCause = cause;
    this.disk.powerOff();
    this.watchdog.powerOff();
    this.button.powerOff();
    this.leds.powerOff();
    this.timeService.powerOff();
    this.uplinks.powerOff();
    this.serialPorts.powerOff();
    this.system.powerOff();
    this.processes.powerOff();
    this.modem?.powerOff();
    this.clock.dropAllTimers();
    this.clock.thaw();
    for (const watcher of [...this.#powerOffWatchers]) watcher();
  }

  /** Calls back each time when the power has gone, a reset included, until the returned function is called. */
  onPowerOff(watcher: () => void): () => void {
    this.#powerOffWatchers.add(watcher);
    return () => this.#powerOffWatchers.delete(watcher);
  }

  /** The end of a story: all that was laid is lifted, every uplink is there, and what is plugged in gets quiet. */
  heal(): void {
    this.#behaviours.liftAll();
    this.modem?.comesRound();
    this.uplinks.heal();
    this.clock.thaw();
  }

  /** After `powerOff`: nothing of it is left in the site's time. */
  dismantle(): void {
    this.uplinks.heal();
    for (const path of this.serialPorts.paths) this.serialPorts.unplug(path);
  }

  #plugModem({ path, uplink, ...plan }: ModemPlan): SimulatedModem {
    let unplug: (() => void) | undefined;
    const modem: SimulatedModem = new SimulatedModem({
      clock: new ClockView(this.#options.clock, "modem"),
      random: this.#options.random.child("modem"),
      behaviours: this.#behaviours,
      registered: (registration) => this.#options.says?.(`the modem's registration is "${registration}"`),
      carrier: (isUp) => (isUp ? this.uplinks.comesUp(uplink) : this.uplinks.goesDown(uplink)),
      mute: () => this.uplinks.mute(uplink),
      plugged: (isPlugged) => {
        unplug?.();
        unplug = isPlugged ? this.serialPorts.plug(path, modem) : undefined;
      },
      ...plan,
    });
    unplug = this.serialPorts.plug(path, modem);
    return modem;
  }

  #reset(cause: Boot["cause"]): void {
    this.#options.says?.(cause === "restart" ? "the machine restarts" : `the ${cause} resets the board`);
    if (this.resetting === undefined) this.powerOff(cause);
    else this.resetting(cause);
    // A restart takes its time, and something else may come first.
    if (cause !== "restart") this.#nextCause = cause;
  }
}
