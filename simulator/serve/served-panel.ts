// A panel that is served: its program on a port of loopback, as it was asked for.
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { RealClock } from "../loopback/real-clock.ts";
import { loopback } from "../loopback/relay-port.ts";
import type { RunningPanel } from "../panels/panel.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { ApiError, badValue } from "./api-error.ts";
import type { PanelView } from "./api-types.ts";
import type { CheckedPanel } from "./check-panel.ts";

export interface ServedPanelOptions {
  readonly name: string;
  readonly checked: CheckedPanel;
  /** 0 takes a free one. */
  readonly port: number;
  readonly random: SeededRandom;
  readonly seed: string;
}

export class ServedPanel {
  readonly checked: CheckedPanel;
  readonly #name: string;
  readonly #clock: RealClock;
  readonly #running: RunningPanel;

  private constructor({ name, checked }: ServedPanelOptions, clock: RealClock, running: RunningPanel) {
    this.checked = checked;
    this.#name = name;
    this.#clock = clock;
    this.#running = running;
  }

  /** Rejects with ApiError if the port cannot be had. */
  static async start(options: ServedPanelOptions): Promise<ServedPanel> {
    const { name, checked, port, random, seed } = options;
    const clock = new RealClock();
    const program = checked.kind.create(checked.options, checked.profile);
    const place = { name, network: openLinuxNetwork(), clock, random, address: loopback, port };
    try {
      return new ServedPanel(options, clock, await program.start({ ...place, seed }));
    } catch (error) {
      clock.dropAllTimers();
      throw portError(error, port);
    }
  }

  /** The one on which it listens. */
  get port(): number {
    return this.#running.port;
  }

  view(): PanelView {
    const { kind, profile, options } = this.checked;
    const { port, endpoint, connections } = this.#running;
    return {
      name: this.#name,
      kind: kind.name,
      profile: profile ?? null,
      protocol: kind.protocol,
      host: loopback,
      port,
      options,
      hostKey: endpoint?.hostKey ?? null,
      connections,
    };
  }

  async close(): Promise<void> {
    await this.#running.close();
    this.#clock.dropAllTimers();
  }
}

/** What can be said of the port in words; anything else as it is. */
function portError(error: unknown, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "port-taken") return new ApiError(409, "port.taken", `${port} is taken by another program`, "port");
  if (code === "not-permitted") return badValue(`${port} may not be used by this user; take one from 1024 up`, "port");
  return error;
}
