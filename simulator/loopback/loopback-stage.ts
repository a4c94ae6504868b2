// What a site on real sockets consists of: relays, the run's authority, the cloud behind its front, the gateway and the panels.

import type { Patience } from "../operator/patience.ts";
import { Operator } from "../operator.ts";
import { SeededRandom } from "../seeded-random.ts";
import { httpsPort } from "../site/cloud-server.ts";
import type { StartCloud, StartGateway } from "../site/programs.ts";
import { siteDefaults } from "../site/site-defaults.ts";
import { cloudName } from "../site/site-map.ts";
import type { SitePanels } from "../site-vocabulary.ts";
import { CloudFront } from "./cloud-front.ts";
import { endLoopbackSite, timersLeft } from "./end-loopback-site.ts";
import { LoopbackCloud } from "./loopback-cloud.ts";
import { LoopbackGateway } from "./loopback-gateway.ts";
import { LoopbackPanels } from "./loopback-panels.ts";
import { LoopbackWays } from "./loopback-ways.ts";
import { RealClock } from "./real-clock.ts";
import { realWaiting } from "./real-waiting.ts";
import { RelayNetwork } from "./relay-network.ts";
import { RelayRecorder } from "./relay-recorder.ts";
import { RunAuthority } from "./run-authority.ts";
import { standInServer } from "./serve-tls.ts";
import { otherHosts } from "./site-plan.ts";

export interface LoopbackStageOptions {
  readonly seed: number;
  readonly panels: SitePanels;
  readonly startCloud: StartCloud;
  readonly startGateway: StartGateway;
  /** What the world looks like, for the text of a failure. */
  readonly describe: () => string;
}

export class LoopbackStage {
  readonly clock = new RealClock();
  readonly random: SeededRandom;
  /** Waits for a promise or a fact, and fails with the caller's line at the limit. */
  readonly until: Patience["until"];
  readonly authority: RunAuthority;
  readonly relays: RelayNetwork;
  readonly recorder: RelayRecorder;
  readonly ways: LoopbackWays;
  readonly front: CloudFront;
  readonly cloud: LoopbackCloud;
  readonly gateway: LoopbackGateway;
  readonly panels: LoopbackPanels;
  readonly operator: Operator;

  constructor({ seed, panels, startCloud, startGateway, describe }: LoopbackStageOptions) {
    const { clock } = this;
    const random = new SeededRandom(seed);
    const panelNames = Object.keys(panels);
    this.random = random;
    this.until = realWaiting(clock, describe);
    this.authority = new RunAuthority([cloudName], () => clock.nowMs());
    const relays = new RelayNetwork({
      clock,
      random: random.child("network"),
      hosts: [...otherHosts, ...panelNames],
      serve: standInServer(clock, () => this.authority),
    });
    this.relays = relays;
    this.recorder = new RelayRecorder(clock, relays, (server) => server === "cloud");
    this.front = new CloudFront({ clock, relays, authority: this.authority });
    this.ways = new LoopbackWays({ clock, relays, panelNames });
    this.cloud = new LoopbackCloud({ front: this.front, relays, start: startCloud, until: this.until });
    const network = this.ways.network("gateway");
    this.gateway = new LoopbackGateway({ clock, random: random.child("board"), relays, network, start: startGateway });
    this.panels = new LoopbackPanels({ panels, seed, random, network: (host) => this.ways.network(host) });
    this.operator = this.#newOperator();
  }

  /** All but the gateway. */
  async start(): Promise<void> {
    await this.ways.openCloudDoors(this.front);
    await this.cloud.start();
    await this.panels.start();
  }

  /** Ends everything in order; gives names of what did not end by itself. */
  end(): Promise<readonly string[]> {
    const { until, relays, operator, gateway, cloud } = this;
    const panels = Object.values(this.panels.running);
    return endLoopbackSite({ until, relays, operator, gateway, cloud, panels });
  }

  /** Closes what is open, ended or not. */
  async close(): Promise<void> {
    await this.relays.close();
    await this.front.close();
  }

  /** How many timers are still set, in words; they are dropped. */
  timersLeft(): readonly string[] {
    return timersLeft([this.clock, this.cloud.clock, ...this.panels.clocks]);
  }

  #newOperator(): Operator {
    return new Operator({
      network: this.ways.network("operator"),
      patience: { until: this.until },
      random: this.random.child("operator"),
      cloud: { host: cloudName, httpsPort, authorities: [this.authority.pem] },
      user: "t1000/admin",
      password: siteDefaults.passwords.admin,
    });
  }
}
