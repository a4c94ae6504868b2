// How a value went, as a small line.
import type { ReactNode } from "react";
import type { Point } from "./series.ts";

const width = 240;
const height = 48;
/** So that the line's own width stays inside. */
const margin = 2;

interface TrendProps {
  /** Oldest first. */
  readonly points: readonly Point[];
  /** For those who do not see it. */
  readonly label: string;
}

export function Trend({ points, label }: TrendProps): ReactNode {
  if (points.length < 2) return null;
  return (
    <svg className="trend" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
      <path className="trend-area" d={`${linePath(points)} V${height} H${margin} Z`} />
      <path className="trend-line" d={linePath(points)} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

/** A constant value is a line in the middle. */
export function linePath(points: readonly Point[]): string {
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const fromMs = points[0]?.atMs ?? 0;
  const spanMs = (points.at(-1)?.atMs ?? 0) - fromMs;
  const at = (share: number, size: number): string => (margin + share * (size - 2 * margin)).toFixed(1);
  return points
    .map(({ atMs, value }, index) => {
      const x = at(spanMs === 0 ? 0 : (atMs - fromMs) / spanMs, width);
      const y = at(most === least ? 0.5 : 1 - (value - least) / (most - least), height);
      return `${index === 0 ? "M" : "L"}${x} ${y}`;
    })
    .join(" ");
}
