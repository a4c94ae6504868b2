// The cloud in a run on real sockets: its program behind the front, and the relays that refuse while it is down.
import type { Patience } from "../operator/patience.ts";
import type { CloudProgram, StartCloud } from "../site/programs.ts";
import type { CloudFront } from "./cloud-front.ts";
import { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";

/** The cloud promises to stop within 5 s; a busy machine may need longer. */
const stopMs = 10_000;

export interface LoopbackCloudOptions {
  readonly front: CloudFront;
  readonly relays: RelayNetwork;
  readonly start: StartCloud;
  readonly until: Patience["until"];
}

export class LoopbackCloud {
  /** Its own, whose wall clock can be wrong. */
  readonly clock = new RealClock();
  readonly #options: LoopbackCloudOptions;
  #liftRefusal: (() => void) | undefined;

  constructor(options: LoopbackCloudOptions) {
    this.#options = options;
  }

  get program(): CloudProgram | undefined {
    return this.#options.front.program;
  }

  async start(): Promise<void> {
    if (this.program !== undefined) return;
    const { front, relays, start } = this.#options;
    front.serves(await start());
    this.#liftRefusal?.();
    this.#liftRefusal = undefined;
    await relays.settled();
  }

  /** `hard`: as by kill -9; the system closes what the process had open. */
  async stop({ hard }: { readonly hard: boolean }): Promise<void> {
    const { program } = this;
    if (program === undefined) return;
    const { front, relays, until } = this.#options;
    this.#liftRefusal = relays.lay({
      onConnect: (attempt) => {
        if (attempt.to !== "cloud") return false;
        attempt.refuse();
        return true;
      },
    });
    if (hard) program.kill();
    else await until(program.stop(), { what: "the cloud to stop", limitMs: stopMs });
    front.serves(undefined);
    front.dropAll();
    await relays.settled();
  }
}
