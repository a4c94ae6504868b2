// What the series of a gateway are called, in which order they stand, and how their values read.
import type { Point, Series } from "./series.ts";

export interface SeriesWords {
  readonly label: string;
  readonly unit: string;
}

/** Those that a gateway of Postern sends; others go by their own names, after these. */
const known: readonly (SeriesWords & { readonly key: string })[] = [
  { key: "c8y_TemperatureMeasurement.T", label: "CPU temperature", unit: "°C" },
  { key: "postern_Load.load1", label: "Load (1 minute)", unit: "" },
  { key: "postern_Memory.used", label: "Memory in use", unit: "%" },
  { key: "postern_Disk.used", label: "Disk in use", unit: "%" },
  { key: "c8y_SignalStrength.rssi", label: "Mobile signal", unit: "dBm" },
  { key: "c8y_SignalStrength.ber", label: "Mobile bit errors", unit: "%" },
  { key: "c8y_Battery.level", label: "Battery", unit: "%" },
];

/** Series of this fragment are the uplinks: 1 where what is sent to the cloud leaves through it. */
export const uplinkFragment = "postern_Uplink";

export function seriesWords({ key, fragment, name, unit }: Series): SeriesWords {
  const words = known.find((one) => one.key === key);
  if (words !== undefined) return words;
  return { label: `${fragment.replace(/^(c8y|postern)_/, "")} ${name}`, unit };
}

export function inOrder(series: readonly Series[]): readonly Series[] {
  const place = ({ key }: Series): number => {
    const index = known.findIndex((one) => one.key === key);
    return index < 0 ? known.length : index;
  };
  return [...series].sort((one, other) => place(one) - place(other));
}

/** Three digits or so: nobody reads more of them. */
export function readNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.01 || size >= 1e6)) return value.toPrecision(3);
  return String(Number(value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)));
}

/** "41 to 52" */
export function readRange(points: readonly Point[]): string {
  const values = points.map(({ value }) => value);
  const least = readNumber(Math.min(...values));
  const most = readNumber(Math.max(...values));
  return least === most ? `always ${least}` : `${least} to ${most}`;
}
