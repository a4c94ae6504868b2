// A link that is served: a port that leads to a target, faults that are laid over it by name, and what passed.
import { checkMode, faultKinds, findFaultKind } from "../faults/catalogue.ts";
import { isLinkFault, type World } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import type { FaultKind } from "../faults/fault-kind.ts";
import { type FaultSpec, parseFaultSpec } from "../faults/fault-spec.ts";
import { profileFaults } from "../faults/profiles.ts";
import type { CarriedTarget } from "../loopback/link-carrier.ts";
import type { RealClock } from "../loopback/real-clock.ts";
import { RelayNetwork } from "../loopback/relay-network.ts";
import { loopback, type RelayPort } from "../loopback/relay-port.ts";
import { RunAuthority } from "../loopback/run-authority.ts";
import { standInServer } from "../loopback/serve-tls.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { LinkHandle } from "../site/link-handle.ts";
import { applyFaultSpec } from "../triggers/apply-fault-spec.ts";
import type { FaultSite, LaidFault } from "../triggers/lay-fault.ts";
import type { ProtocolEvent } from "../triggers/protocol-event.ts";
import { ApiError, notFound } from "./api-error.ts";
import type { ConnectionView, FaultChange, FaultView, LinkView, NewFault } from "./api-types.ts";
import type { WorldLog } from "./world-log.ts";

/** Faults on one link at a time. */
export const faultsMax = 64;

interface NamedFault {
  readonly name: string;
  readonly spec: FaultSpec;
  readonly laid: LaidFault;
}

export interface ServedLinkOptions {
  readonly name: string;
  readonly between: readonly [string, string];
  /** 0 takes a free one. */
  readonly port: number;
  /** Asked at each connection; undefined: the panel has gone. */
  readonly target: () => CarriedTarget;
  readonly clock: RealClock;
  readonly random: SeededRandom;
  readonly log: WorldLog;
}

/** Why a fault cannot be laid on a link that leads to a program of somebody else, or true. */
export function onLinks(kind: FaultKind): true | string {
  if (kind.modes.loopback !== true) return kind.modes.loopback;
  if (!kind.places.includes("link") && !kind.places.includes("direction")) {
    return "it acts on a whole site, and a link is none: run it in a scenario";
  }
  const defaults = Object.fromEntries(kind.parameters.map((parameter) => [parameter.name, parameter.default]));
  const fault = kind.create(defaults);
  if (isLinkFault(fault) || fault.begin !== undefined || fault.onConnect !== undefined) return true;
  if (fault.onResolve !== undefined) return "a link carries connections, and nobody asks it for a name";
  return "the certificate is the target's own, and a link does not look into TLS";
}

/** Of the faults that can be laid on links. */
export const linkFaultNames: readonly string[] = faultKinds
  .filter((kind) => onLinks(kind) === true)
  .map(({ name }) => name);

let authority: RunAuthority | undefined;

/** Of the certificates of who stands in for a target; nobody trusts it. Made when it is needed first, as that takes time. */
function strangersAuthority(clock: RealClock): RunAuthority {
  authority ??= new RunAuthority(["portal.example"], () => clock.nowMs());
  return authority;
}

export class ServedLink {
  readonly name: string;
  readonly between: readonly [string, string];
  target: () => CarriedTarget;
  readonly #options: ServedLinkOptions;
  readonly #network: RelayNetwork;
  readonly #site: FaultSite;
  readonly #faults = new Map<string, NamedFault>();
  #port: RelayPort | undefined;
  #made = 0;

  private constructor(options: ServedLinkOptions) {
    const { name, between, clock, random, target } = options;
    this.name = name;
    this.between = between;
    this.target = target;
    this.#options = options;
    this.#network = new RelayNetwork({
      clock,
      random,
      hosts: between,
      serve: standInServer(clock, () => strangersAuthority(clock)),
    });
    this.#site = this.#faultSite();
    this.#network.watchArrivals((connection, { at, kind, bytes }) => {
      const from = at === "server" ? between[0] : between[1];
      const what = { connection: connection.name, from, delivery: kind, bytes: bytes.length };
      options.log.write({ kind: "delivery", link: name, ...what });
    });
  }

  /** Rejects with PortError. */
  static async open(options: ServedLinkOptions): Promise<ServedLink> {
    const link = new ServedLink(options);
    const [from, to] = options.between;
    link.#port = await link.#network.openPort({ from, to, listenPort: options.port, target: () => link.target() });
    return link;
  }

  get faultNames(): readonly string[] {
    return [...this.#faults.keys()];
  }

  view(): LinkView {
    const connections = this.#network.conversations();
    const target = this.target();
    const sum = (of: "up" | "down"): number => connections.reduce((bytes, { held }) => bytes + held[of], 0);
    return {
      name: this.name,
      host: loopback,
      port: this.#port?.port ?? 0,
      target: formatTarget(target),
      panel: null,
      between: this.between,
      isListening: this.#port?.isListening ?? false,
      connections: { open: connections.length, total: this.#port?.connectionsTotal ?? 0 },
      bytes: this.#port?.bytes ?? { up: 0, down: 0 },
      held: { up: sum("up"), down: sum("down") },
      faults: this.faultNames,
    };
  }

  connections(): readonly ConnectionView[] {
    return this.#network
      .conversations()
      .map(({ name, isAccepted, bytes, held }) => ({ name, isAccepted, bytes, held }));
  }

  resetConnections(): void {
    this.#network.resetConnections(() => true);
  }

  forgetCounts(): void {
    this.#port?.forgetCounts();
  }

  /** Calls back when the event has happened, counted from now on. */
  on(event: ProtocolEvent, happened: () => void): () => void {
    return this.#network.tap.on(event, happened);
  }

  faults(): readonly FaultView[] {
    return [...this.#faults.values()].map(viewOf);
  }

  fault(name: string): FaultView {
    return viewOf(this.#named(name));
  }

  /** Nothing is left laid when it throws. */
  async lay(body: NewFault): Promise<FaultView> {
    const { name, ...given } = body;
    const spec = this.#parse(given);
    return viewOf(await this.#layAs(name ?? this.#freeName(spec.fault), spec));
  }

  /** Lays the faults of a link profile, all or none. */
  async layProfile(profile: string): Promise<readonly FaultView[]> {
    const laid: NamedFault[] = [];
    try {
      for (const [at, spec] of profileFaults(profile, this.between).entries()) {
        const { between: _, ...given } = spec;
        laid.push(await this.#layAs(this.#freeName(`${profile}-${at + 1}`), this.#parse(given)));
      }
    } catch (error) {
      for (const { name } of laid) await this.lift(name);
      throw error;
    }
    return laid.map(viewOf);
  }

  /** The new form is laid before the old one is lifted; a schedule begins anew. If it cannot be laid the old one stays. */
  async change(name: string, change: FaultChange): Promise<FaultView> {
    const old = this.#named(name);
    const { between: _, parameters, strength, ...rest } = old.spec;
    const kept = change.strength === undefined ? parameters : {};
    const spec = this.#parse({
      ...rest,
      ...(strength === undefined ? {} : { strength }),
      ...change,
      parameters: { ...kept, ...change.parameters },
    });
    const laid = await this.#apply(spec);
    this.#faults.set(name, { name, spec, laid });
    await old.laid.lift();
    await this.#network.settled();
    this.#options.log.write({
      kind: "fault",
      link: this.name,
      fault: name,
      phase: "changed",
      parameters: spec.parameters,
    });
    return this.fault(name);
  }

  async lift(name: string): Promise<void> {
    const { laid } = this.#named(name);
    this.#faults.delete(name);
    await laid.lift();
    await this.#network.settled();
    this.#options.log.write({ kind: "fault", link: this.name, fault: name, phase: "lifted" });
  }

  async liftAll(): Promise<void> {
    for (const name of this.faultNames) await this.lift(name);
  }

  /** Lifts everything and resets what is open. */
  async close(): Promise<void> {
    for (const { laid } of this.#faults.values()) await laid.lift();
    this.#faults.clear();
    await this.#network.close();
  }

  #named(name: string): NamedFault {
    const found = this.#faults.get(name);
    if (found === undefined) throw notFound(`fault on the link ${this.name}`, name, this.faultNames);
    return found;
  }

  #freeName(kind: string): string {
    if (!this.#faults.has(kind)) return kind;
    do this.#made += 1;
    while (this.#faults.has(`${kind}-${this.#made + 1}`));
    return `${kind}-${this.#made + 1}`;
  }

  /** What is said of a fault on a link: its place is the link. */
  #parse(given: Readonly<Record<string, unknown>> | Omit<NewFault, "name">): FaultSpec {
    if ("between" in given) {
      throw new FaultError("fault.wrong-place", `leave it out: the fault is laid on the link ${this.name}`, "between");
    }
    if (typeof given.fault === "string") {
      const kind = inPlace("fault", () => findFaultKind(given.fault as string));
      const possible = onLinks(kind);
      if (possible !== true) {
        const text = `${kind.name} cannot be laid on a link: ${possible}`;
        throw new FaultError("fault.not-here", text, "fault");
      }
    }
    const spec = parseAlone({ ...given, between: this.between }, this.between);
    checkMode(findFaultKind(spec.fault), "loopback");
    return spec;
  }

  async #layAs(name: string, spec: FaultSpec): Promise<NamedFault> {
    if (this.#faults.has(name)) {
      throw new ApiError(
        409,
        "name.taken",
        `the link ${this.name} has a fault ${name} already: change or lift it`,
        "name",
      );
    }
    if (this.#faults.size >= faultsMax) {
      throw new ApiError(409, "limit.reached", `a link has at most ${faultsMax} faults: lift some`);
    }
    const laid = await this.#apply(spec);
    const named = { name, spec, laid };
    this.#faults.set(name, named);
    this.#options.log.write({
      kind: "fault",
      link: this.name,
      fault: name,
      phase: "laid",
      parameters: spec.parameters,
    });
    return named;
  }

  async #apply(spec: FaultSpec): Promise<LaidFault> {
    const laid = await applyFaultSpec(this.#site, spec);
    await this.#network.settled();
    return laid;
  }

  #faultSite(): FaultSite {
    const { clock, log, random } = this.#options;
    const network = this.#network;
    const luck = random.child("luck of faults");
    const linkWorld = {
      network,
      world: worldOfLink(() => luck.fraction()),
      remember: (_: unknown, lift: () => void) => lift,
    };
    return {
      mode: "loopback",
      clock,
      between: (one, other) => new LinkHandle(linkWorld, [one, other]),
      from: (sender) => ({ to: (receiver) => new LinkHandle(linkWorld, [sender, receiver], sender) }),
      apply: ({ name }) => {
        throw new FaultError("fault.wrong-place", `"${name}" stands on no link`);
      },
      on: (event, happened) => network.tap.on(event, happened),
      faultFailed: (error) => log.write({ kind: "problem", link: this.name, text: String(error) }),
    };
  }
}

/** As `parseFaultSpec`, with places that begin at the fault itself, as it is the whole body. */
function parseAlone(given: unknown, hosts: readonly string[]): FaultSpec {
  try {
    return parseFaultSpec(given, "fault", { hosts });
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    const text = error.message.slice(error.place.length + 2);
    throw new FaultError(error.code, text, error.place.replace(/^fault\.?/, ""));
  }
}

/** A link has neither a gateway nor a cloud of its own. */
function worldOfLink(draw: () => number): Omit<World, "resetConnections"> {
  const notHere = (what: string) => (): never => {
    throw new FaultError("fault.not-here", `a link has no ${what}`);
  };
  return {
    cutPower: notHere("power"),
    restorePower: notHere("power"),
    stopCloud: notHere("cloud"),
    startCloud: notHere("cloud"),
    draw,
  };
}

function viewOf({ name, spec, laid }: NamedFault): FaultView {
  const { between: _, parameters = {}, ...rest } = spec;
  return { name, ...rest, parameters, isLaid: laid.isLaid };
}

export function formatTarget({ host, port }: CarriedTarget): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function inPlace<T>(place: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw error instanceof FaultError ? error.inside(place) : error;
  }
}
