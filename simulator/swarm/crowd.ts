// Everybody who does something on a swarm's site: people with sessions, at terminals and screens, and the administrator.
import type { EndpointAddress } from "../operator/client-session.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { Site } from "../site.ts";
import { CheckedSession } from "./checked-session.ts";
import { CheckedTerminal } from "./checked-terminal.ts";
import { Registrar } from "./registrar.ts";
import { RightsKeeper } from "./rights-keeper.ts";
import { SwarmError } from "./swarm-failure.ts";
import type { KnockEvent, PlanEvent, SwarmPlan, TerminalEvent, ViewEvent } from "./swarm-plan.ts";
import { sshSpeech, telnetSpeech } from "./terminal-transcript.ts";
import { EndpointKeeper, entersDoors, findTargets, Knock, type Targets } from "./visitors.ts";

/** All back-offs and retries of both sides, twice. */
const registeredMs = 300_000;

/** Everybody who does something on the site. */
export class Crowd {
  readonly sessions: CheckedSession[] = [];
  readonly terminals: CheckedTerminal[] = [];
  readonly knocks: Knock[] = [];
  readonly views: Promise<void>[] = [];
  readonly endpoints: EndpointKeeper;
  readonly rights: RightsKeeper;
  readonly #site: Site;
  readonly #targets: Targets;
  readonly #plan: SwarmPlan;
  readonly #random: SeededRandom;
  #registrar: Registrar | undefined;

  private constructor(site: Site, plan: SwarmPlan, targets: Targets, rights: RightsKeeper) {
    this.#site = site;
    this.#plan = plan;
    this.#targets = targets;
    this.#random = new SeededRandom(`swarm/${plan.seed}/clients`);
    this.rights = rights;
    this.endpoints = new EndpointKeeper(site, plan, targets);
  }

  static async gather(site: Site, plan: SwarmPlan): Promise<Crowd> {
    const rights = await RightsKeeper.gather(site, plan);
    if (plan.isNew) {
      const crowd = new Crowd(site, plan, new Map(), rights);
      crowd.#registrar = await Registrar.begin(site, plan, crowd.#targets);
      return crowd;
    }
    await entersDoors(site, plan);
    return new Crowd(site, plan, await findTargets(site), rights);
  }

  /** Waits, when everything has healed, until a new gateway is let in. */
  async isRegistered(): Promise<void> {
    if (this.#registrar === undefined) return;
    try {
      await this.#site.until(this.#registrar.isDone, { what: "the new gateway to be let in", limitMs: registeredMs });
    } catch (error) {
      throw new SwarmError("gateway-online", error instanceof Error ? error.message : String(error));
    }
  }

  opens(event: Extract<PlanEvent, { kind: "session" }>): CheckedSession {
    const target = this.#targets.get(event.panel);
    if (target === undefined) throw new Error(`The panel "${event.panel}" is not entered`);
    const { http } = this.rights.isVisitors(event) ? this.rights : this.#site.operator;
    const parts = { target, random: this.#random.child(String(event.id)), http: http ?? this.#site.operator.http };
    const session = new CheckedSession(this.#site, event, parts);
    this.sessions.push(session);
    return session;
  }

  comes(event: Extract<PlanEvent, { kind: "session" }>): void {
    if (this.#targetOf(event.panel) !== undefined) this.opens(event);
  }

  sitsDown(plan: TerminalEvent): void {
    const { panel, id } = plan;
    const target = this.#targetOf(panel);
    if (target === undefined) return;
    const speech = this.#plan.sshPanels.includes(panel) ? sshSpeech(panel) : telnetSpeech(panel);
    const parts = { plan, speech, target, random: this.#random.child(`terminal ${id}`) };
    this.terminals.push(new CheckedTerminal(this.#site, parts));
  }

  knocksAt(plan: KnockEvent): void {
    const target = this.#targetOf(plan.door);
    const random = this.#random.child(`knock ${this.knocks.length}`);
    if (target !== undefined) this.knocks.push(new Knock(this.#site, plan, target, random));
  }

  looks(event: ViewEvent): void {
    this.views.push(look(this.#site, event));
  }

  /** Undefined while a new gateway is not in; otherwise what the plan names must be there. */
  #targetOf(name: string): EndpointAddress | undefined {
    const target = this.#targets.get(name);
    if (target !== undefined) return target;
    if (!this.#plan.isNew) throw new Error(`The plan names "${name}", which it does not have`);
    this.#site.says(`nobody finds ${name} yet`);
    return undefined;
  }
}

/** A person at a VNC panel. What may go wrong under faults is the sessions' business; what came must be RFB. */
async function look(site: Site, { panel, lastsMs }: ViewEvent): Promise<void> {
  try {
    const vnc = await site.operator.opensVnc(panel);
    await site.passes(lastsMs);
    vnc.types("C-9\n");
    await site.passes(1000);
    if (vnc.session.ending === undefined) await vnc.disconnects();
    if (vnc.broken !== undefined) throw new SwarmError("bytes-are-prefix", `no RFB: ${vnc.broken.message}`);
  } catch (error) {
    if (error instanceof SwarmError) throw error;
    site.says(`the person at ${panel} gives up`);
  }
}
