// The small world of the pictures: a gateway with a panel beside it and a cloud far away, on simulated time.
import { SimulatedNetwork } from "../../network/network.ts";
import { SeededRandom } from "../../seeded-random.ts";
import { SimulatedClock } from "../../simulated-clock.ts";

export const cloudAddress = "198.51.100.20";
export const cloudName = "cloud.example";
export const panelAddress = "192.168.10.11";

export class TwoEnds {
  readonly clock = SimulatedClock.start();
  readonly random = new SeededRandom("pictures");
  readonly network = new SimulatedNetwork({ clock: this.clock, random: this.random.child("network") });

  constructor() {
    const on = (address: string) => [{ address, family: 4 as const, prefixLength: 24 }];
    this.network.addHost("gateway", {
      interfaces: [
        { name: "eth0", addresses: on("10.20.0.2"), hasDefaultRoute: true },
        { name: "eth1", addresses: on("192.168.10.1") },
      ],
    });
    this.network.addHost("panel", { interfaces: [{ name: "eth0", addresses: on(panelAddress) }] });
    this.network.addHost("cloud", {
      interfaces: [{ name: "eth0", addresses: on(cloudAddress), hasDefaultRoute: true }],
    });
    this.network.addName(cloudName, [cloudAddress]);
  }

  /** Runs something at a time of the picture, in ms from its beginning. */
  readonly at = (ms: number, run: () => void): void => {
    this.clock.setNamedTimeout("picture", run, Math.max(0, ms - this.clock.monotonicMs()));
  };

  [Symbol.dispose](): void {
    this.clock.stop();
  }
}
