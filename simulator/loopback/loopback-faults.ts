// The faults in force on a site on real sockets: laid over a wire or over everything, recorded, and lifted at the latest at its end.
import { type Fault, isLinkFault, type World } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import { type FaultInForce, LinkHandle, type LinkWorld } from "../site/link-handle.ts";
import type { FaultSite } from "../triggers/lay-fault.ts";
import type { ProtocolEvent } from "../triggers/protocol-event.ts";
import type { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";
import type { RelayRecorder } from "./relay-recorder.ts";

export interface LoopbackFaultsOptions {
  readonly clock: RealClock;
  readonly relays: RelayNetwork;
  readonly recorder: RelayRecorder;
  readonly world: World;
}

export class LoopbackFaults implements FaultSite {
  readonly mode = "loopback";
  readonly clock: RealClock;
  /** What went wrong after the call that asked for it. */
  readonly errors: unknown[] = [];
  readonly #options: LoopbackFaultsOptions;
  readonly #lifts = new Map<object, FaultInForce & { readonly lift: () => void }>();
  /** Lifts what `apply` has laid over the whole site and nobody has lifted. */
  readonly #applied = new Set<() => Promise<void>>();

  constructor(options: LoopbackFaultsOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  /** Names of those in force, with their places, for the text of a failure. */
  get names(): readonly string[] {
    return [...this.#lifts.values()].map(({ name, where }) => `${name} ${where ?? ""}`.trim());
  }

  between(one: string, other: string): LinkHandle {
    return new LinkHandle(this.#linkWorld(), [one, other]);
  }

  from(sender: string): { to: (receiver: string) => LinkHandle } {
    return { to: (receiver) => new LinkHandle(this.#linkWorld(), [sender, receiver], sender) };
  }

  async apply(fault: Fault): Promise<() => Promise<void>> {
    if (isLinkFault(fault)) {
      throw new FaultError("fault.wrong-place", `"${fault.name}" is a fault of a link: use site.between(...).during`);
    }
    const { relays, world } = this.#options;
    const forget = this.#remember({ name: fault.name, on: "site" }, relays.lay(fault));
    try {
      await fault.begin?.(world);
    } catch (error) {
      forget();
      throw error;
    }
    await relays.settled();
    const lift = async (): Promise<void> => {
      if (!this.#applied.delete(lift)) return;
      forget();
      await fault.end?.(world);
      await relays.settled();
    };
    this.#applied.add(lift);
    return lift;
  }

  on(event: ProtocolEvent, happened: () => void): () => void {
    return this.#options.relays.tap.on(event, happened);
  }

  faultFailed(error: unknown): void {
    this.errors.push(error);
  }

  async liftAll(): Promise<void> {
    for (const lift of [...this.#applied]) await lift();
    for (const { lift } of [...this.#lifts.values()]) lift();
  }

  #linkWorld(): LinkWorld {
    const { relays, world } = this.#options;
    return { network: relays, world, remember: (fault, lift) => this.#remember(fault, lift) };
  }

  #remember(fault: FaultInForce, lift: () => void): () => void {
    const { recorder } = this.#options;
    const key = {};
    const liftOnce = (): void => {
      if (!this.#lifts.delete(key)) return;
      recorder.fault(fault, "end");
      lift();
    };
    this.#lifts.set(key, { ...fault, lift: liftOnce });
    recorder.fault(fault, "begin");
    return liftOnce;
  }
}
