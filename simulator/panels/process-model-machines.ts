// The machines that panels show: a press, a mixer and a packer, each with its measured values, set points and registers.

export interface SignalDescription {
  /** In kebab-case: how programs call it. */
  readonly name: string;
  /** Address of its Modbus input register, from 0. */
  readonly register: number;
  readonly label: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Where it settles while the machine runs and while it stands. */
  readonly running: number;
  readonly standing: number;
  /** Share of the way to its target that it goes in a tick. */
  readonly speed: number;
  /** How far it wanders about its target. */
  readonly wander: number;
  readonly decimals: number;
  /** Beyond them an alarm is shown. */
  readonly alarmAbove?: number;
  readonly alarmBelow?: number;
}

export interface SetPointDescription {
  readonly name: string;
  /** Address of its Modbus holding register, from 0. */
  readonly register: number;
  readonly label: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly initial: number;
  readonly decimals: number;
  /** Name of the signal that follows it, and how strongly. */
  readonly drives: string;
  readonly gain: number;
}

export interface MachineDescription {
  /** How its process picture is drawn. */
  readonly picture: "press" | "mixer" | "packer";
  /** The first two are shown as dials, the others as bars. */
  readonly signals: readonly [SignalDescription, SignalDescription, SignalDescription, SignalDescription];
  readonly setPoints: readonly SetPointDescription[];
  /** What it makes, for the counter. */
  readonly product: string;
}

const press: MachineDescription = {
  picture: "press",
  product: "Parts",
  signals: [
    signal(0, "Hydraulic pressure", "bar", [0, 250], [165, 4], { speed: 0.25, wander: 22, decimals: 0 }),
    signal(1, "Oil temperature", "\u00b0C", [0, 100], [56, 24], {
      ...{ speed: 0.02, wander: 9, decimals: 1, alarmAbove: 62 },
    }),
    signal(2, "Stroke rate", "1/min", [0, 60], [32, 0], { speed: 0.3, wander: 3, decimals: 0 }),
    signal(3, "Oil level", "%", [0, 100], [74, 78], { speed: 0.05, wander: 5, decimals: 0, alarmBelow: 20 }),
  ],
  setPoints: [
    setPoint(0, "Pressure", "bar", [60, 220], 165, { decimals: 0, drives: "hydraulic-pressure", gain: 1 }),
    setPoint(1, "Oil cooling", "\u00b0C", [40, 70], 56, { decimals: 1, drives: "oil-temperature", gain: 1 }),
    setPoint(2, "Strokes", "1/min", [5, 55], 32, { decimals: 0, drives: "stroke-rate", gain: 1 }),
    setPoint(3, "Oil reserve", "%", [50, 95], 74, { decimals: 0, drives: "oil-level", gain: 1 }),
  ],
};

const mixer: MachineDescription = {
  picture: "mixer",
  product: "Batches",
  signals: [
    signal(0, "Motor current", "A", [0, 80], [46, 0], { speed: 0.3, wander: 9, decimals: 1, alarmAbove: 54 }),
    signal(1, "Batch temperature", "\u00b0C", [0, 120], [72, 30], { speed: 0.03, wander: 6, decimals: 1 }),
    signal(2, "Shaft speed", "1/min", [0, 300], [180, 0], { speed: 0.2, wander: 6, decimals: 0 }),
    signal(3, "Fill level", "%", [0, 100], [63, 63], { speed: 0.04, wander: 8, decimals: 0, alarmBelow: 15 }),
  ],
  setPoints: [
    setPoint(0, "Torque limit", "A", [20, 70], 46, { decimals: 1, drives: "motor-current", gain: 0.6 }),
    setPoint(1, "Temperature", "\u00b0C", [30, 110], 72, { decimals: 1, drives: "batch-temperature", gain: 1 }),
    setPoint(2, "Speed", "1/min", [20, 280], 180, { decimals: 0, drives: "shaft-speed", gain: 1 }),
    setPoint(3, "Fill", "%", [10, 90], 63, { decimals: 0, drives: "fill-level", gain: 1 }),
  ],
};

const packer: MachineDescription = {
  picture: "packer",
  product: "Packs",
  signals: [
    signal(0, "Throughput", "1/min", [0, 200], [128, 0], { speed: 0.25, wander: 14, decimals: 0 }),
    signal(1, "Sealing bar", "\u00b0C", [0, 250], [182, 60], {
      ...{ speed: 0.04, wander: 8, decimals: 0, alarmAbove: 188 },
    }),
    signal(2, "Film tension", "N", [0, 40], [18, 2], { speed: 0.3, wander: 4, decimals: 1 }),
    signal(3, "Film left", "%", [0, 100], [41, 41], { speed: 0.02, wander: 10, decimals: 0, alarmBelow: 10 }),
  ],
  setPoints: [
    setPoint(0, "Throughput", "1/min", [10, 180], 128, { decimals: 0, drives: "throughput", gain: 1 }),
    setPoint(1, "Sealing bar", "\u00b0C", [120, 220], 182, { decimals: 0, drives: "sealing-bar", gain: 1 }),
    setPoint(2, "Film tension", "N", [5, 35], 18, { decimals: 1, drives: "film-tension", gain: 1 }),
    setPoint(3, "Film reserve", "%", [5, 95], 41, { decimals: 0, drives: "film-left", gain: 1 }),
  ],
};

export const machines = { press, mixer, packer } as const;
export type MachineName = keyof typeof machines;

function signal(
  register: number,
  label: string,
  unit: string,
  [min, max]: readonly [number, number],
  [running, standing]: readonly [number, number],
  rest: Pick<SignalDescription, "speed" | "wander" | "decimals" | "alarmAbove" | "alarmBelow">,
): SignalDescription {
  return { name: nameOf(label), register, label, unit, min, max, running, standing, ...rest };
}

function setPoint(
  register: number,
  label: string,
  unit: string,
  [min, max]: readonly [number, number],
  initial: number,
  rest: Pick<SetPointDescription, "decimals" | "drives" | "gain">,
): SetPointDescription {
  return { name: nameOf(label), register, label, unit, min, max, initial, ...rest };
}

function nameOf(label: string): string {
  return label.toLowerCase().replaceAll(" ", "-");
}
