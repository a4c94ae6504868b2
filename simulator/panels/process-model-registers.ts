// A machine's values as the registers of a controller: what Modbus reads and writes is what the screen shows.
import type { Clock } from "#hardware/ports.ts";
import type { ProcessModel } from "./process-model.ts";

export type RegisterTable = "input" | "holding" | "coil" | "discrete";

/** One entry of the map; numbers in registers are `round(value * 10^decimals)`, 16 bits, without a sign. */
export interface RegisterEntry {
  readonly table: RegisterTable;
  /** From 0. */
  readonly address: number;
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  readonly decimals: number;
}

export type RegisterWrite = "written" | "no-such-address" | "out-of-range";

interface Cell extends RegisterEntry {
  read(): number;
  write?(value: number): RegisterWrite;
}

const wordMax = 0xffff;

export class ProcessRegisters {
  readonly #process: ProcessModel;
  readonly #clock: Clock;
  readonly #cells: readonly Cell[];
  /** Called behind each write that was obeyed. */
  written: () => void = () => undefined;

  constructor(process: ProcessModel, clock: Clock) {
    this.#process = process;
    this.#clock = clock;
    this.#cells = [...measured(process), ...counted(process), ...commanded(process), ...switched(process)];
  }

  get map(): readonly RegisterEntry[] {
    return this.#cells;
  }

  /** The number there now, coils and discrete inputs as 0 or 1; undefined where nothing is. */
  read(table: RegisterTable, address: number): number | undefined {
    this.#process.advanceTo(this.#clock.nowMs());
    return this.#find(table, address)?.read();
  }

  /** Holding registers and coils take writes. */
  write(table: RegisterTable, address: number, value: number): RegisterWrite {
    this.#process.advanceTo(this.#clock.nowMs());
    const outcome = this.#find(table, address)?.write?.(value) ?? "no-such-address";
    if (outcome === "written") this.written();
    return outcome;
  }

  #find(table: RegisterTable, address: number): Cell | undefined {
    return this.#cells.find((cell) => cell.table === table && cell.address === address);
  }
}

function measured({ signals }: ProcessModel): readonly Cell[] {
  return signals.map((signal) => ({
    ...{ table: "input" as const, address: signal.register, name: signal.name, label: signal.label },
    ...{ unit: signal.unit, decimals: signal.decimals, read: () => toWord(signal.value, signal.decimals) },
  }));
}

function counted(process: ProcessModel): readonly Cell[] {
  const plain = { table: "input", unit: "", decimals: 0 } as const;
  const { product } = process.machine;
  return [
    {
      ...plain,
      address: 4,
      name: "produced-high",
      label: `${product}, upper word`,
      read: () => process.produced >>> 16,
    },
    {
      ...plain,
      address: 5,
      name: "produced-low",
      label: `${product}, lower word`,
      read: () => process.produced & wordMax,
    },
    { ...plain, address: 6, name: "alarms", label: "Active alarms", read: () => process.alarms.active.length },
  ];
}

function commanded(process: ProcessModel): readonly Cell[] {
  return process.setPoints.map((point) => ({
    ...{ table: "holding" as const, address: point.register, name: point.name, label: point.label },
    ...{ unit: point.unit, decimals: point.decimals, read: () => toWord(point.value, point.decimals) },
    write: (word: number) =>
      process.setsPoint(point.name, word / 10 ** point.decimals) === "set" ? "written" : "out-of-range",
  }));
}

function switched(process: ProcessModel): readonly Cell[] {
  const plain = { unit: "", decimals: 0 } as const;
  const { alarms } = process;
  return [
    {
      ...{ ...plain, table: "coil", address: 0, name: "running", label: "Machine runs" },
      read: () => Number(process.isRunning),
      write: (value) => {
        process.isRunning = value !== 0;
        return "written";
      },
    },
    {
      ...{ ...plain, table: "coil", address: 1, name: "acknowledge", label: "Alarms are seen" },
      read: () => Number(alarms.unseen.length === 0),
      write: (value) => {
        if (value !== 0) alarms.acknowledge();
        return "written";
      },
    },
    ...process.signals.map((signal) => ({
      ...{ ...plain, table: "discrete" as const, address: signal.register, name: `${signal.name}-alarm` },
      label: `${signal.label} beyond its limit`,
      read: () => Number(alarms.isActive(signal.name)),
    })),
  ];
}

function toWord(value: number, decimals: number): number {
  return Math.min(wordMax, Math.max(0, Math.round(value * 10 ** decimals)));
}
