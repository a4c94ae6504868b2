// The gateway's serial consoles: one owner at a time, opened for a tunnel and free again after it.
import type { Connection, Hardware, SerialOutcome, SerialPorts, WaitOptions } from "#hardware/ports.ts";
import type { CloseReason } from "#protocol/close-reason.ts";
import type { SerialConsoleSettings } from "../config/gateway-config.ts";
import { messageOf } from "../errors.ts";
import { consoleHost, telnetPort } from "./console-host.ts";
import { ConsoleStream } from "./console-stream.ts";
import { rawFraming, telnetFraming } from "./line-framing.ts";

export interface ConsoleRequest {
  /** A name of the configuration. */
  readonly name: string;
  /** 23: Telnet. Any other: the line's bytes. */
  readonly port: number;
  /** Who asks, for who asks later, such as "operation 17". */
  readonly owner: string;
}

export type ConsoleOutcome =
  | { readonly ok: true; readonly connection: Connection }
  /** `detail` is one clause for people. */
  | { readonly ok: false; readonly reason: CloseReason; readonly detail: string };

interface Owned {
  readonly owner: string;
  /** Settles once the port is free again; undefined while it is in use. */
  closing: Promise<void> | undefined;
}

export type SerialConsolesDeps = Pick<Hardware, "clock" | "serialPorts">;

export class SerialConsoles {
  readonly #deps: SerialConsolesDeps;
  readonly #settings: ReadonlyMap<string, SerialConsoleSettings>;
  readonly #owned = new Map<string, Owned>();

  constructor(deps: SerialConsolesDeps, settings: readonly SerialConsoleSettings[]) {
    this.#deps = deps;
    this.#settings = new Map(settings.map((each) => [each.name, each]));
  }

  has(name: string): boolean {
    return this.#settings.has(name);
  }

  /** Who has which console open, by name. */
  owners(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#owned].map(([name, { owner }]) => [name, owner]));
  }

  /** Never rejects for a reason of the board. */
  async open({ name, port, owner }: ConsoleRequest, options: WaitOptions): Promise<ConsoleOutcome> {
    const settings = this.#settings.get(name);
    const { serialPorts } = this.#deps;
    if (settings === undefined) return refused("policy.refused", `no serial console is named ${name}`);
    if (serialPorts === undefined) return refused("panel.unreachable", "this gateway has no serial ports");
    // Who has just left gives it free in a moment.
    await this.#within(this.#owned.get(name)?.closing, options);
    const current = this.#owned.get(name);
    if (current !== undefined) return refused("panel.refused", `the serial console is in use by ${current.owner}`);
    const owned: Owned = { owner, closing: undefined };
    this.#owned.set(name, owned);
    const outcome = await this.#openLine(serialPorts, settings, options);
    if (!outcome.ok) {
      this.#owned.delete(name);
      return outcome;
    }
    const close = async (): Promise<void> => {
      owned.closing ??= outcome.close().finally(() => this.#owned.delete(name));
      await owned.closing;
    };
    const framing = port === telnetPort ? telnetFraming() : rawFraming();
    return {
      ok: true,
      connection: connectionOf(name, port, new ConsoleStream({ line: outcome.stream, framing, close })),
    };
  }

  async #openLine(serialPorts: SerialPorts, { port, settings }: SerialConsoleSettings, options: WaitOptions) {
    const opening = serialPorts.open(port, settings).catch((error): SerialOutcome => {
      return { ok: false, reason: "failed", detail: `${port}: ${messageOf(error)}` };
    });
    const outcome = await this.#within(opening, options);
    if (outcome === undefined) {
      // It belongs to nobody when it comes after all.
      void opening.then((late) => (late.ok ? late.close() : undefined));
      return refused("panel.timeout", `${port}: it did not open in time`);
    }
    return outcome.ok ? outcome : refused(openReasons[outcome.reason], outcome.detail);
  }

  /** Undefined at the limit, or when the wait is given up. */
  #within<T>(promise: Promise<T> | undefined, { timeoutMs, signal }: WaitOptions): Promise<T | undefined> {
    if (promise === undefined) return Promise.resolve(undefined);
    const { clock } = this.#deps;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clock.clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve(undefined);
      };
      const timer = clock.setTimeout(end, timeoutMs);
      signal?.addEventListener("abort", end);
      if (signal?.aborted === true) end();
      promise.then(resolve, reject).finally(end);
    });
  }
}

/** What a port that does not open means for who asked for it. */
const openReasons: Readonly<Record<Exclude<SerialOutcome, { ok: true }>["reason"], CloseReason>> = {
  "not-found": "panel.unreachable",
  busy: "panel.refused",
  "not-permitted": "panel.refused",
  failed: "panel.unreachable",
};

function connectionOf(name: string, port: number, stream: ConsoleStream): Connection {
  const host = consoleHost(name);
  return {
    stream,
    remoteAddress: host,
    remotePort: port,
    localAddress: host,
    localPort: 0,
    heldBytes: () => stream.heldBytes(),
    delivery: async () => ({ unacknowledgedBytes: stream.unwrittenBytes, retransmits: 0 }),
    reset: () => void stream.destroy(),
  };
}

function refused(reason: CloseReason, detail: string): Extract<ConsoleOutcome, { ok: false }> {
  return { ok: false, reason, detail };
}
