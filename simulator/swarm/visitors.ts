// People of a swarm run who ask for what cannot be had, and the administrator who changes endpoints under those who work.
import { ClientSession, type Closed, type EndpointAddress } from "../operator/client-session.ts";
import { OperatorError } from "../operator/cloud-http.ts";
import type { EndpointDescription } from "../operator.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { panelAddress } from "../site/site-map.ts";
import type { Site } from "../site.ts";
import { SwarmError } from "./swarm-failure.ts";
import type { Door, EndpointEvent, KnockEvent, SwarmPlan } from "./swarm-plan.ts";

const checkedPort = 4000;

/** Where each door leads: always to the first of the panels that speak bytes, or nowhere. */
const doorEndpoints: Readonly<Record<Door, Omit<EndpointDescription, "name">>> = {
  "vnc-is-silent": { hostname: panelAddress(0), port: checkedPort, protocol: "VNC" },
  "ssh-is-silent": { hostname: panelAddress(0), port: checkedPort, protocol: "SSH", username: "root", password: "no" },
  "outside-policy": { hostname: "8.8.8.8", port: 80, protocol: "PASSTHROUGH" },
  "no-such-name": { hostname: "nowhere.example", port: checkedPort, protocol: "PASSTHROUGH" },
  "closed-port": { hostname: panelAddress(0), port: checkedPort + 1, protocol: "PASSTHROUGH" },
};

/** With nothing wrong it is one of these words, and no other, that the person is told. */
export const doorReasons: Readonly<Record<Door, readonly string[]>> = {
  "vnc-is-silent": ["panel.timeout"],
  "ssh-is-silent": ["panel.timeout"],
  "outside-policy": ["policy.refused"],
  "no-such-name": ["panel.name-unknown"],
  "closed-port": ["panel.refused"],
};

/** Internal ids of the endpoints by name; an endpoint that was taken away has none. */
export type Targets = Map<string, EndpointAddress>;

export async function findTargets(site: Site): Promise<Targets> {
  const { deviceId } = site.operator;
  const endpoints = await site.operator.endpoints();
  return new Map(endpoints.map(({ name, id }) => [String(name), { deviceId, endpointId: String(id) }]));
}

/** Enters the doors that the plan needs and that are not there. */
export async function entersDoors(site: Site, plan: SwarmPlan): Promise<void> {
  const wanted = new Set(plan.events.flatMap((event) => (event.kind === "knock" ? [event.door] : [])));
  if (wanted.size === 0) return;
  const entered = new Set((await site.operator.endpoints()).map(({ name }) => name));
  for (const door of wanted)
    if (!entered.has(door)) await site.operator.addsEndpoint({ name: door, ...doorEndpoints[door] });
}

export class Knock {
  readonly plan: KnockEvent;
  readonly askedAtMs: number;
  endedAtMs: number | undefined;
  ending: Closed | undefined;
  refusal: string | undefined;
  /** Did not wait to be told. */
  hasLeft = false;
  readonly finished: Promise<void>;
  #session: ClientSession | undefined;

  constructor(site: Site, plan: KnockEvent, target: EndpointAddress, random: SeededRandom) {
    this.plan = plan;
    this.askedAtMs = site.clock.monotonicMs();
    this.finished = this.#run(site, target, random);
  }

  leave(): void {
    if (this.endedAtMs !== undefined) return;
    this.hasLeft = true;
    void this.#session?.disconnects().catch(() => undefined);
  }

  async #run(site: Site, target: EndpointAddress, random: SeededRandom): Promise<void> {
    const deps = { http: site.operator.http, random, patience: site.clock };
    try {
      const options = this.plan.hasChannel ? {} : { subprotocols: ["binary"] };
      this.#session = await ClientSession.open(deps, target, options);
      this.ending = await this.#session.closed;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.refusal = error.message;
    }
    this.endedAtMs = site.clock.monotonicMs();
  }
}

/** A time within which a panel's endpoint was not what it had been. */
export interface EndpointChange {
  readonly panel: string;
  readonly fromMs: number;
  toMs: number;
  /** The cloud has answered that it is done. */
  isDone: boolean;
}

export class EndpointKeeper {
  readonly changes: EndpointChange[] = [];
  readonly #site: Site;
  readonly #plan: SwarmPlan;
  readonly #targets: Targets;
  readonly #works: Promise<void>[] = [];

  constructor(site: Site, plan: SwarmPlan, targets: Targets) {
    this.#site = site;
    this.#plan = plan;
    this.#targets = targets;
  }

  begin(event: EndpointEvent): void {
    this.#works.push(this.#carryOut(event));
  }

  /** Waits for what was begun; what was taken away and could not be entered again is. */
  async heal(): Promise<void> {
    await this.#site.until(Promise.all(this.#works), { what: "the administrator's work to end", limitMs: 300_000 });
    const listed = await this.#site.operator.endpoints();
    for (const name of this.#plan.bytePanels) {
      const found = listed.find((endpoint) => endpoint["name"] === name);
      const { deviceId } = this.#site.operator;
      if (found !== undefined) this.#targets.set(name, { deviceId, endpointId: String(found["id"]) });
      else this.#targets.set(name, await this.#enters(name));
    }
  }

  async #carryOut({ panel, does }: EndpointEvent): Promise<void> {
    const { clock, operator } = this.#site;
    const target = this.#targets.get(panel);
    if (target === undefined) return;
    const change = { panel, fromMs: clock.monotonicMs(), toMs: Number.POSITIVE_INFINITY, isDone: false };
    this.changes.push(change);
    this.#site.says(`the endpoint ${panel} is ${does}d`);
    try {
      if (does === "change") await operator.changesEndpoint(target.endpointId, this.#describes(panel));
      else {
        await operator.removesEndpoint(target);
        this.#targets.set(panel, await this.#enters(panel));
      }
      change.isDone = true;
      change.toMs = clock.monotonicMs();
    } catch (error) {
      // Under faults a request may fail, or may have been carried out without an answer.
      this.#site.says(`the administrator gives up on ${panel}`);
      if (error instanceof SwarmError) throw error;
    }
  }

  #enters(name: string): Promise<EndpointAddress> {
    return this.#site.operator.addsEndpoint(this.#describes(name));
  }

  #describes(name: string): EndpointDescription {
    const hostname = panelAddress(this.#plan.bytePanels.indexOf(name));
    return { name, hostname, port: checkedPort, protocol: "PASSTHROUGH" };
  }
}
