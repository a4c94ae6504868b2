// Writes what happens in a run into its record, in memory as on loopback: deliveries, transitions, faults, steps, log lines.
import { hash } from "node:crypto";
import type { Arrival, Party } from "../network/conversation.ts";
import type { LogLine } from "../site/programs.ts";
import { EventLog } from "./event-log.ts";
import { MachineTransitions } from "./machine-transitions.ts";

/** Hex digits of a hash that are written down. */
const hashDigits = 16;

export interface RecordedArrival {
  /** The two hosts in the order of the alphabet: "cloud-gateway". */
  readonly link: string;
  readonly client: Pick<Party, "host" | "port">;
  readonly server: Pick<Party, "host" | "port">;
  readonly arrival: Arrival;
  /** Keys that no seed decides have made the bytes: only their number is written down. */
  readonly isEnciphered: boolean;
}

export class RunRecorder {
  readonly record: EventLog;
  readonly #machines = new MachineTransitions((entry) => this.record.append(entry));

  /** `nowMs`: time since the run's start. */
  constructor(nowMs: () => number) {
    this.record = new EventLog(nowMs);
  }

  /** For the `inspect` of the programs that run machines. */
  get inspect(): MachineTransitions["inspect"] {
    return this.#machines.inspect;
  }

  /** The machines that have run. */
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

  arrived({ link, client, server, arrival, isEnciphered }: RecordedArrival): void {
    const { at, kind, bytes } = arrival;
    const digest = (): string => hash("sha256", bytes, "hex").slice(0, hashDigits);
    this.record.append({
      kind: "delivery",
      link,
      from: at === "server" ? client.host : server.host,
      connection: `${client.host}:${client.port}>${server.host}:${server.port}`,
      delivery: kind,
      bytes: bytes.length,
      ...(kind === "bytes" ? { sha256: isEnciphered ? "enciphered" : digest() } : {}),
    });
  }
}
