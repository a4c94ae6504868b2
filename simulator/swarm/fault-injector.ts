// Lays the faults of a plan over a site when their time comes, and lifts them.
import { createFault } from "../faults/catalogue.ts";
import { isLinkFault } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import type { Site } from "../site.ts";
import { createEvent, type EventAsk } from "../triggers/event-kinds.ts";
import type { FaultEvent, RestartEvent } from "./swarm-plan.ts";

export class FaultInjector {
  /** How often each kind was laid over the site. */
  readonly injected: Record<string, number> = {};
  /** Kinds that this site has not got what they act on for. */
  readonly refused = new Set<string>();
  readonly #site: Site;
  readonly #under = new Map<FaultEvent | RestartEvent, () => void>();
  readonly #ends: Promise<void>[] = [];
  #broken: unknown;

  constructor(site: Site) {
    this.#site = site;
  }

  begin(event: FaultEvent | RestartEvent): void {
    try {
      const end = event.kind === "restart" ? this.#restart() : this.#lay(event);
      this.#under.set(event, end);
      const name = event.kind === "restart" ? "gateway-restart" : event.fault;
      this.injected[name] = (this.injected[name] ?? 0) + 1;
    } catch (error) {
      this.#judge(error, event);
    }
  }

  end(event: FaultEvent | RestartEvent): void {
    const end = this.#under.get(event);
    this.#under.delete(event);
    end?.();
  }

  /** Lifts what is left and waits until the world is whole. Throws what went wrong on the way. */
  async heal(): Promise<void> {
    for (const event of [...this.#under.keys()]) this.end(event);
    await this.#site.until(Promise.all(this.#ends), { what: "all faults to be lifted", limitMs: 120_000 });
    if (this.#broken !== undefined) throw this.#broken;
  }

  #lay(event: FaultEvent): () => void {
    const fault = createFault(event.fault, event.parameters);
    const { between, from, when } = event;
    if (when !== undefined) return this.#layWhen(event, when);
    if (between !== undefined) {
      const other = between[0] === from ? between[1] : between[0];
      const wire = from === undefined ? this.#site.between(...between) : this.#site.from(from).to(other);
      return wire.apply(fault);
    }
    if (isLinkFault(fault)) throw new Error(`${event.fault} is a fault of a wire and the plan names none`);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#follow(
      this.#site.during(fault, () => promise),
      event,
    );
    return resolve;
  }

  /** Waits for its moment from now on; it is lifted `forMs` after it, or when everything heals. */
  #layWhen({ fault, parameters, between, from, forMs }: FaultEvent, when: EventAsk): () => void {
    const laid = this.#site.when(createEvent(when)).apply(createFault(fault, parameters), {
      forMs: Math.max(1, forMs),
      ...(between === undefined ? {} : { between }),
      ...(from === undefined ? {} : { from }),
    });
    return () => this.#follow(laid.lift(), undefined);
  }

  #restart(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const restart = async (): Promise<void> => {
      const wasOn = this.#site.isGatewayOn;
      await this.#site.gatewayStops();
      await promise;
      if (wasOn) this.#site.powerOn();
    };
    this.#follow(restart(), undefined);
    return resolve;
  }

  #follow(run: Promise<void>, event: FaultEvent | undefined): void {
    this.#ends.push(run.catch((error: unknown) => this.#judge(error, event)));
  }

  /** A fault for which the site has not got the part is left out; anything else is a failure. */
  #judge(error: unknown, event: FaultEvent | RestartEvent | undefined): void {
    if (error instanceof FaultError && error.code === "fault.not-here" && event?.kind === "fault") {
      this.refused.add(event.fault);
      this.#site.says(`left out: ${error.message}`);
    } else {
      this.#broken ??= error;
    }
  }
}
