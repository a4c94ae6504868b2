// Writes what happens in a run on real sockets into its record: the same lines as in memory, at real times.
import { hash } from "node:crypto";
import { EventLog } from "../record/event-log.ts";
import { MachineTransitions } from "../record/machine-transitions.ts";
import type { LogLine } from "../site/programs.ts";
import type { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";

/** Hex digits of a hash that are written down. */
const hashDigits = 16;

export class RelayRecorder {
  readonly record: EventLog;
  readonly #machines = new MachineTransitions((entry) => this.record.append(entry));

  constructor(clock: RealClock, relays: RelayNetwork, isEnciphered: (server: string) => boolean) {
    const startedAtMs = clock.monotonicMs();
    this.record = new EventLog(() => Math.round(clock.monotonicMs() - startedAtMs));
    relays.watchArrivals(({ client, server }, { at, kind, bytes }) => {
      this.record.append({
        kind: "delivery",
        link: [client.host, server.host].sort().join("-"),
        from: at === "server" ? client.host : server.host,
        connection: `${client.host}:${client.port}>${server.host}:${server.port}`,
        delivery: kind,
        bytes: bytes.length,
        ...(kind === "bytes" ? { sha256: isEnciphered(server.host) ? "enciphered" : digest(bytes) } : {}),
      });
    });
  }

  get inspect(): MachineTransitions["inspect"] {
    return this.#machines.inspect;
  }

  get machines(): MachineTransitions["machines"] {
    return this.#machines.machines;
  }

  says(text: string): void {
    this.record.append({ kind: "step", text });
  }

  fault(fault: { readonly name: string; readonly on: string }, phase: "begin" | "end"): void {
    this.record.append({ kind: "fault", name: fault.name, on: fault.on, phase });
  }

  /** A line's time is left out: a machine's clock may be wrong, and the record has its own. */
  log(program: "gateway" | "cloud", { time: _, level, event, ...fields }: LogLine): void {
    this.record.append({ kind: "log", program, level, event, fields });
  }
}

function digest(bytes: Uint8Array): string {
  return hash("sha256", bytes, "hex").slice(0, hashDigits);
}
