// The gateway in a run on real sockets: its program on a simulated board's disk, and the power that it runs on.
import type { Hardware } from "#hardware/ports.ts";
import type { DiskFailure } from "../faults/fault.ts";
import { Behaviours } from "../gateway/board-behaviour.ts";
import { Disk } from "../gateway/disk.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { GatewayProgram, StartGateway } from "../site/programs.ts";
import { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";

export interface LoopbackGatewayOptions {
  readonly clock: RealClock;
  readonly random: SeededRandom;
  readonly relays: RelayNetwork;
  readonly network: Hardware["network"];
  readonly start: StartGateway;
}

export class LoopbackGateway {
  /** Its own: timers of a program that is gone are counted, and its wall clock can be wrong. */
  readonly clock = new RealClock();
  readonly disk: Disk;
  readonly #options: LoopbackGatewayOptions;
  readonly #behaviours = new Behaviours();
  #program: GatewayProgram | undefined;
  #runs = 0;
  #timersLeft = 0;

  constructor(options: LoopbackGatewayOptions) {
    this.#options = options;
    this.disk = new Disk(options.clock, options.random.child("disk"), this.#behaviours);
  }

  get program(): GatewayProgram | undefined {
    return this.#program;
  }

  get isRunning(): boolean {
    return this.#program !== undefined;
  }

  /** Timers that a program left behind when it was stopped or killed, over all runs. */
  get timersLeft(): number {
    return this.#timersLeft;
  }

  /** Has the disk fail in this way until what it gives is called. */
  failDisk(failure: DiskFailure): () => void {
    return this.#behaviours.lay({
      name: `disk ${failure}`,
      onDisk: (request) => {
        if (request.kind === "read") return false;
        if (failure === "torn") request.tears();
        else if (failure === "read-only") request.fail("EROFS");
        else if (request.kind === "write") request.fail("ENOSPC");
        else return false;
        return true;
      },
    });
  }

  powerOn(): void {
    if (this.#program !== undefined) return;
    const { relays, random, network, start } = this.#options;
    this.#runs += 1;
    relays.setUp("gateway", true);
    this.#program = start({
      clock: this.clock,
      random: random.child(`run ${this.#runs}`),
      network,
      storage: this.disk.boot(),
      identity: { serialNumber: "10000000c0ffee01", model: "Simulated board", revision: "1.0" },
    });
  }

  /** Everything stops at this moment. The relays keep from the others what this machine's kernel tells of closed sockets. */
  powerCut(): void {
    const program = this.#program;
    if (program === undefined) return;
    this.#program = undefined;
    const { relays } = this.#options;
    for (const connection of relays.conversations()) {
      if (connection.client.host === "gateway") connection.endVanishes("client");
    }
    relays.setUp("gateway", false);
    this.disk.powerOff();
    program.kill();
    this.#timersLeft += this.clock.pendingCount;
    this.clock.dropAllTimers();
  }

  /** In order, as by SIGTERM. */
  async stop(): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    this.#program = undefined;
    await program.stop();
    this.#timersLeft += this.clock.pendingCount;
    this.clock.dropAllTimers();
  }
}
