// The panels of a site on real sockets: each on a port of loopback and a clock of its own.
import type { Hardware } from "#hardware/ports.ts";
import type { Operator } from "../operator.ts";
import type { RunningPanel } from "../panels/panel.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { panelAddress } from "../site/site-map.ts";
import type { SitePanels } from "../site-vocabulary.ts";
import { RealClock } from "./real-clock.ts";

export interface LoopbackPanelsOptions {
  readonly panels: SitePanels;
  readonly seed: number;
  readonly random: SeededRandom;
  readonly network: (host: string) => Hardware["network"];
}

export class LoopbackPanels {
  readonly clocks: RealClock[] = [];
  readonly #options: LoopbackPanelsOptions;
  #running: Readonly<Record<string, RunningPanel>> = {};

  constructor(options: LoopbackPanelsOptions) {
    this.#options = options;
  }

  /** By name; those that have been started. */
  get running(): Readonly<Record<string, RunningPanel>> {
    return this.#running;
  }

  async start(): Promise<void> {
    const { panels, seed, random, network } = this.#options;
    for (const [index, [name, program]] of Object.entries(panels).entries()) {
      const clock = new RealClock();
      this.clocks.push(clock);
      const running = await program.start({
        name,
        network: network(name),
        clock,
        random: random.child(`panel ${name}`),
        seed: `${seed}/${name}`,
        address: panelAddress(index),
      });
      this.#running = { ...this.#running, [name]: running };
    }
  }

  /** What the cloud is told of each of them. */
  endpoints(): readonly Parameters<Operator["addsEndpoint"]>[0][] {
    return Object.entries(this.#options.panels).map(([name, { endpoint }], index) => {
      const running = this.#running[name];
      const place = { name, hostname: panelAddress(index), port: running?.port ?? 0 };
      return { ...place, ...endpoint, ...running?.endpoint };
    });
  }
}
