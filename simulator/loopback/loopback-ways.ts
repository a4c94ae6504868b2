// The ways of a site on real sockets: which port of loopback stands for which address and port of the site, and for whom.
import type { Hardware } from "#hardware/ports.ts";
import type { CloudFront } from "./cloud-front.ts";
import { type AddressPlan, mappedNetwork } from "./mapped-network.ts";
import type { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";
import { loopback } from "./relay-port.ts";
import { cloudAddress, cloudDoors, drawSitePlan } from "./site-plan.ts";

export interface LoopbackWaysOptions {
  readonly clock: RealClock;
  readonly relays: RelayNetwork;
  readonly panelNames: readonly string[];
}

interface Way {
  /** Who takes it, and to whom it leads. */
  readonly from: string;
  readonly to: string;
  /** As the site knows it. */
  readonly target: { readonly address: string; readonly port: number };
  /** Where it is on loopback. */
  readonly realPort: number;
  readonly isEnciphered: boolean;
}

export class LoopbackWays {
  readonly #options: LoopbackWaysOptions;
  readonly #plan: AddressPlan;

  constructor(options: LoopbackWaysOptions) {
    this.#options = options;
    this.#plan = drawSitePlan(options.panelNames);
  }

  /** A host's way into the site's network; who listens there is reached by the gateway. */
  network(host: string): Hardware["network"] {
    const { relays, clock } = this.#options;
    return mappedNetwork({
      host,
      plan: this.#plan,
      relays,
      clock,
      listens: (target, realPort) => this.#open({ from: "gateway", to: host, target, realPort, isEnciphered: false }),
    });
  }

  async openCloudDoors(front: CloudFront): Promise<void> {
    for (const door of cloudDoors) {
      const realPort = await front.openDoor(door);
      const target = { address: cloudAddress, port: door.servicePort };
      await this.#open({ from: door.from, to: "cloud", target, realPort, isEnciphered: true });
    }
  }

  async #open({ from, to, target, realPort, isEnciphered }: Way): Promise<void> {
    const way = await this.#options.relays.openPort({
      from,
      to,
      servicePort: target.port,
      target: () => ({ host: loopback, port: realPort }),
      isEnciphered,
    });
    this.#plan.addWay(from, target, way);
  }
}
