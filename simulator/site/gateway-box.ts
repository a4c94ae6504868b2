// The gateway on its board: the program, and the power that it runs on.
import type { Hardware, TimerHandle } from "#hardware/ports.ts";
import type { Board } from "../gateway/board.ts";
import type { SimulatedHost } from "../network/host.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { GatewayProgram, StartGateway } from "./programs.ts";

/** The gateway promises to stop within 5 s. */
const stopMs = 6000;
/** After it has failed, the machine's service manager starts it again: RestartSec of hardware/image/postern-gateway.service. */
const restartMs = 5000;

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
  #booting: TimerHandle | undefined;
  /** Set after the program has failed, until it is started again. */
  #restarting: TimerHandle | undefined;
  /** Set while the machine ends its programs before a restart. */
  #ending: TimerHandle | undefined;

  constructor(options: GatewayBoxOptions) {
    this.#options = options;
    options.board.resetting = (cause) => (cause === "restart" ? this.#restart() : this.#reset());
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
    this.#stopBooting();
    const { host, board, start } = this.#options;
    host.powerOn();
    this.#run(start, board.boot(host));
  }

  /** On a board that is on; again when the program ends to take up another configuration. */
  #run(start: StartGateway, hardware: Hardware): void {
    const program = start(hardware);
    this.#program = program;
    const again = (): void => {
      if (this.#program === program) this.#run(start, hardware);
    };
    void program.ended?.then((end) => {
      if (this.#program !== program) return;
      if (end === "reconfigured") this.#run(start, hardware);
      if (end === "failed")
        this.#restarting = this.#options.clock.setNamedTimeout("service restarts", again, restartMs);
    });
  }

  /** Everything stops at this moment and nobody is told. */
  powerCut(cause: "power" | "restart" = "power"): void {
    const isBooting = this.#booting !== undefined;
    this.#stopBooting();
    this.#options.clock.clearTimeout(this.#ending);
    this.#ending = undefined;
    const program = this.#program;
    if (program === undefined) {
      // A program that was stopped in order has left the board running.
      if (isBooting || this.#options.board.hardware !== undefined) this.#options.board.powerOff(cause);
      return;
    }
    this.#program = undefined;
    const { host, board } = this.#options;
    host.powerOff();
    board.disk.powerOff();
    program.kill();
    board.endPrograms();
    host.forgetAll();
    this.#timersLeft += board.clock.pendingCount;
    board.powerOff(cause);
  }

  /** The end of the site, after the program's: the board is switched off and nothing of it stays in the site's time. */
  dismantle(): void {
    this.powerCut();
    this.#options.board.dismantle();
  }

  /** The board's hardware resets it: as a power cut, and after its time it is up again. */
  #reset(cause: "power" | "restart" = "power"): void {
    const { board, clock } = this.#options;
    this.powerCut(cause);
    this.#booting = clock.setNamedTimeout(
      "board boots",
      () => {
        this.#booting = undefined;
        this.powerOn();
      },
      board.bootMs,
    );
  }

  /** The machine ends its programs in order, as by SIGTERM, and then itself. */
  #restart(): void {
    const program = this.#program;
    if (program === undefined) {
      this.#reset("restart");
      return;
    }
    const end = (): void => {
      if (this.#program === program && this.#ending !== undefined) this.#reset("restart");
    };
    this.#ending = this.#options.clock.setNamedTimeout("machine ends its programs", end, stopMs);
    void program.stop().then(end);
  }

  #stopBooting(): void {
    this.#options.clock.clearTimeout(this.#booting);
    this.#booting = undefined;
    this.#options.clock.clearTimeout(this.#restarting);
    this.#restarting = undefined;
  }

  /** In order, as by SIGTERM. */
  async stop(): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    this.#stopBooting();
    this.#program = undefined;
    this.#options.board.endPrograms();
    await this.#options.clock.until(program.stop(), { what: "the gateway to stop", limitMs: stopMs });
    await this.#options.clock.settle();
    this.#timersLeft += this.#options.board.clock.pendingCount;
  }
}
