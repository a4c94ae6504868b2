// The simulated board's ways to the internet: they come and go, and the machine's interfaces on the network follow.
import type { InterfaceAddress, TimerHandle, Uplink, Uplinks } from "#hardware/ports.ts";
import type { HostInterface, SimulatedHost } from "../network/host.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Behaviours } from "./board-behaviour.ts";

export interface UplinkPlan {
  readonly name: string;
  readonly kind: Exclude<Uplink["kind"], "other">;
  readonly addresses: readonly InterfaceAddress[];
}

/** From the cable, the access point or the cell being there to an address and a route. */
const comesUpMs = { ethernet: 1_500, wifi: 4_000, cellular: 6_000 } as const;
/** By preference of the system, best first. */
const preference = ["ethernet", "wifi", "cellular"] as const;

interface Way extends UplinkPlan {
  /** Whether cable, access point or cell are there. */
  isThere: boolean;
  isUp: boolean;
  coming: TimerHandle | undefined;
  /** It looks healthy, and nothing passes, as long as one of these is there. */
  readonly mutes: Set<object>;
}

export class SimulatedUplinks {
  readonly #clock: SimulatedClock;
  readonly #behaviours: Behaviours;
  readonly #plans: readonly UplinkPlan[];
  readonly #watchers = new Set<() => void>();
  /** Told of each that has gone down or come up. */
  turned: ((change: { readonly name: string; readonly isUp: boolean }) => void) | undefined;
  #ways: readonly Way[] = [];
  /** Interfaces towards the panels: no way out. */
  #inner: readonly HostInterface[] = [];
  #host: SimulatedHost | undefined;
  /** As the program on the board has asked; forgotten with its power, as the system's routes are. */
  #preferred: string | undefined;
  /** Why nobody may choose an uplink, such as a right that the program has not got; undefined: it may. */
  prevented: string | undefined;

  /** `plans`: beside the interfaces with a default route that the machine has already, which are taken for cables. */
  constructor(clock: SimulatedClock, behaviours: Behaviours, plans: readonly UplinkPlan[]) {
    this.#clock = clock;
    this.#behaviours = behaviours;
    this.#plans = plans;
  }

  /** From now on they are this machine's; asked again with the same one it does nothing. */
  attach(host: SimulatedHost): void {
    if (this.#host === host) return;
    this.#host = host;
    const own = host.ownInterfaces;
    this.#inner = own.filter(({ hasDefaultRoute }) => hasDefaultRoute !== true);
    const cables = own
      .filter(({ hasDefaultRoute }) => hasDefaultRoute === true)
      .map(({ name, addresses }): UplinkPlan => ({ name, kind: "ethernet", addresses }));
    this.#ways = [...cables, ...this.#plans]
      .map((plan): Way => ({ ...plan, isThere: true, isUp: true, coming: undefined, mutes: new Set() }))
      .toSorted((one, other) => preference.indexOf(one.kind) - preference.indexOf(other.kind));
    this.#show();
  }

  /** The port for one run of the board. */
  port(isRunning: () => boolean): Uplinks {
    return {
      list: async () => this.list(),
      watch: (changed) => {
        const watcher = (): void => {
          if (isRunning()) changed();
        };
        this.#watchers.add(watcher);
        return () => this.#watchers.delete(watcher);
      },
      prefer: async (name) => {
        if (!isRunning()) return { ok: false, why: "the board is off" };
        if (this.prevented !== undefined && name !== undefined) return { ok: false, why: this.prevented };
        this.#prefer(name);
        return name === undefined || this.current === name
          ? { ok: true }
          : { ok: false, why: `the uplink ${name} is not up` };
      },
    };
  }

  list(): readonly Uplink[] {
    const inner = this.#inner.map(({ name }): Uplink => ({ name, kind: "ethernet", isUp: false }));
    const { current } = this;
    const ways = this.#ways.map(
      ({ name, kind, isUp }): Uplink => ({ name, kind, isUp, ...(name === current ? { isDefault: true } : {}) }),
    );
    return [...ways.filter(({ isUp }) => isUp), ...ways.filter(({ isUp }) => !isUp), ...inner];
  }

  /** Names of all ways out, there or not, by preference. */
  get names(): readonly string[] {
    return this.#ways.map(({ name }) => name);
  }

  /** Name of the uplink that traffic leaves through, if there is one. */
  get current(): string | undefined {
    const up = this.#ways.filter(({ isUp }) => isUp);
    return (up.find(({ name }) => name === this.#preferred) ?? up[0])?.name;
  }

  /** The cable is pulled, the access point or the cell is gone. Connections over it are dead, and nobody is told. */
  goesDown(name: string): void {
    const way = this.#way(name);
    if (!way.isThere || this.#behaviours.handle((behaviour) => behaviour.onUplink?.({ name, isUp: false }))) return;
    way.isThere = false;
    this.#clock.clearTimeout(way.coming);
    way.coming = undefined;
    this.#turn(way, false);
  }

  /** It is there again; address and route follow after 1.5 s (cable), 4 s (wifi) or 6 s (cellular). */
  comesUp(name: string): void {
    const way = this.#way(name);
    if (way.isThere || this.#behaviours.handle((behaviour) => behaviour.onUplink?.({ name, isUp: true }))) return;
    way.isThere = true;
    way.coming = this.#clock.setNamedTimeout(
      `uplink ${name}`,
      () => {
        way.coming = undefined;
        this.#turn(way, true);
      },
      comesUpMs[way.kind],
    );
  }

  /** It stays up and nothing passes, in either direction, until the returned function is called. */
  mute(name: string): () => void {
    const way = this.#way(name);
    const mute = {};
    way.mutes.add(mute);
    this.#show();
    return () => {
      if (way.mutes.delete(mute)) this.#show();
    };
  }

  /** All of them are there and up at once, as after a long healthy time: at boot, and at the end of a story. */
  restore(): void {
    for (const way of this.#ways) {
      this.#clock.clearTimeout(way.coming);
      way.coming = undefined;
      if (way.isThere) this.#turn(way, true);
    }
  }

  heal(): void {
    for (const way of this.#ways) {
      way.isThere = true;
      way.mutes.clear();
    }
    this.restore();
    this.#show();
  }

  /** The program that watched is gone. */
  powerOff(): void {
    this.#watchers.clear();
    this.#preferred = undefined;
    this.#show();
  }

  #prefer(name: string | undefined): void {
    const before = this.current;
    this.#preferred = name;
    if (this.current === before) return;
    this.#show();
    for (const watcher of [...this.#watchers]) watcher();
  }

  #turn(way: Way, isUp: boolean): void {
    if (way.isUp === isUp) return;
    way.isUp = isUp;
    this.turned?.({ name: way.name, isUp });
    this.#show();
    for (const watcher of [...this.#watchers]) watcher();
  }

  #show(): void {
    const { current } = this;
    const ways = this.#ways
      .filter(({ isUp }) => isUp)
      .toSorted((one, other) => Number(other.name === current) - Number(one.name === current))
      .map(({ name, addresses }): HostInterface => ({ name, addresses, hasDefaultRoute: true }));
    const mute = new Set(this.#ways.filter(({ mutes }) => mutes.size > 0).map(({ name }) => name));
    this.#host?.changeInterfaces([...ways, ...this.#inner], mute);
  }

  #way(name: string): Way {
    const way = this.#ways.find((candidate) => candidate.name === name);
    if (way !== undefined) return way;
    throw new RangeError(`There is no uplink "${name}"; there are ${this.#ways.map((each) => each.name).join(", ")}`);
  }
}
