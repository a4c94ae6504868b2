// What can be laid over a healthy board: small objects with optional hooks, the newest asked first.
import type { ModemCommand } from "./modem-command.ts";

/** Something that the board's program asks of its disk. */
export interface DiskRequest {
  readonly kind: "read" | "write" | "remove";
  readonly name: string;
  /** Size of what is to be written, 0 for the rest. */
  readonly bytes: number;
  /** It fails with a code of Node's: EIO, ENOSPC, EROFS. */
  fail(code: string): void;
  /** Each of its steps that reaches the flash takes so long, in ms. */
  takes(stepMs: number): void;
  /** The card says that it has kept what it has not: a power cut within a second leaves part of the contents. */
  tears(): void;
}

export interface Reading {
  /** What the sensor would show. */
  readonly celsius: number;
  /** Shows this instead; undefined: it cannot be read. */
  shows(celsius: number | undefined): void;
}

/** Each hook: true means handled, and neither an older behaviour nor the healthy board is asked. */
export interface BoardBehaviour {
  /** For the text of a failure. */
  readonly name: string;
  onDisk?(request: DiskRequest): boolean;
  /** Handled: the LED stays as it is. */
  onLed?(change: { readonly name: string; readonly lit: boolean }): boolean;
  /** A finger presses or lets go. Handled: the contact stays as it is. */
  onButton?(isDown: boolean): boolean;
  /** Handled: the watchdog is not told. */
  onPet?(): boolean;
  onTemperature?(reading: Reading): boolean;
  /** A cable, a cell or an access point comes or goes. Handled: the uplink stays as it is. */
  onUplink?(change: { readonly name: string; readonly isUp: boolean }): boolean;
  onModemCommand?(command: ModemCommand): boolean;
  /** A program asks for a restart of the machine. Handled: it goes on as before, with a word why if one is said. */
  onRestart?(request: { refuses(why: string): void }): boolean;
}

export class Behaviours {
  #laid: readonly { readonly behaviour: BoardBehaviour }[] = [];

  /** Lays it over everything that was laid before, until the returned function is called. */
  lay(behaviour: BoardBehaviour): () => void {
    // The same behaviour may be laid twice and lifted once.
    const own = { behaviour };
    this.#laid = [own, ...this.#laid];
    return () => {
      this.#laid = this.#laid.filter((other) => other !== own);
    };
  }

  liftAll(): void {
    this.#laid = [];
  }

  /** Newest first, for the text of a failure. */
  get names(): readonly string[] {
    return this.#laid.map(({ behaviour }) => behaviour.name);
  }

  /** True when one of them has handled it. */
  handle(ask: (behaviour: BoardBehaviour) => boolean | undefined): boolean {
    return this.#laid.some(({ behaviour }) => ask(behaviour) === true);
  }
}
