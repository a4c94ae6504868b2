// The gateway on its board: the program, and the power that it runs on.
import type { Board } from "../gateway/board.ts";
import type { SimulatedHost } from "../network/host.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { GatewayProgram, StartGateway } from "./programs.ts";

/** The gateway promises to stop within 5 s. */
const stopMs = 6000;

export interface GatewayBoxOptions {
  readonly clock: SimulatedClock;
  readonly host: SimulatedHost;
  readonly board: Board;
  readonly start: StartGateway;
}

export class GatewayBox {
  readonly #options: GatewayBoxOptions;
  #program: GatewayProgram | undefined;
  #timersLeft = 0;

  constructor(options: GatewayBoxOptions) {
    this.#options = options;
  }

  get program(): GatewayProgram | undefined {
    return this.#program;
  }

  get isRunning(): boolean {
    return this.#program !== undefined;
  }

  /** Timers of the board's clock that a program left behind when it was stopped or killed, over all runs. */
  get timersLeft(): number {
    return this.#timersLeft;
  }

  powerOn(): void {
    if (this.#program !== undefined) return;
    const { host, board, start } = this.#options;
    host.powerOn();
    this.#program = start(board.boot(host));
  }

  /** Everything stops at this moment and nobody is told. */
  powerCut(): void {
    const program = this.#program;
    if (program === undefined) return;
    this.#program = undefined;
    const { host, board } = this.#options;
    host.powerOff();
    board.disk.powerOff();
    program.kill();
    host.forgetAll();
    this.#timersLeft += board.clock.pendingCount;
    board.powerOff();
  }

  /** In order, as by SIGTERM. */
  async stop(): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    this.#program = undefined;
    await this.#options.clock.until(program.stop(), { what: "the gateway to stop", limitMs: stopMs });
    await this.#options.clock.settle();
    this.#timersLeft += this.#options.board.clock.pendingCount;
  }
}
