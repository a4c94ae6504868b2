// The page of trends: all four values over the last two minutes, each in its own scale, moving left as time goes.

import { mix } from "./canvas.ts";
import type { Drawing } from "./hmi-frame.ts";
import { layout } from "./hmi-layout.ts";
import { type Signal, tickMs, trendLength } from "./process-model.ts";
import type { Theme } from "./theme.ts";
import { drawCard, shareOf } from "./widgets.ts";

/** Whole pixels, so that from one tick to the next the picture has only moved. */
export const trendStep = 3;

/** Between two lines of the grid. */
const ticksApart = 60;
/** Half of a label. */
const labelReach = 34;

export function drawTrends({ canvas, theme, process }: Drawing): void {
  drawCard(canvas, theme, layout.page);
  const { x, y, width, height } = layout.longTrend;
  const colours = trendColours(theme);
  for (const [index, signal] of process.signals.entries()) {
    const left = x + index * 184;
    canvas.roundRect(left, y - 25, 16, 5, 2, colours[index] ?? theme.text);
    canvas.text(left + 22, y - 36, signal.label, 1.25, theme.faintText);
    const value = `${signal.value.toFixed(signal.decimals)} ${signal.unit}`;
    canvas.text(left + 22, y - 23, value, 1.75, theme.text);
  }
  canvas.fill(x, y, width, height, mix(theme.card, theme.field, 0.6));
  const grid = mix(theme.card, theme.cardEdge, 0.7);
  for (let row = 0; row <= 4; row += 1) canvas.fill(x, y + (height * row) / 4, width, 1, grid);
  drawTimes({ canvas, theme, process }, grid);
  for (let index = process.signals.length - 1; index >= 0; index -= 1) {
    const signal = process.signals[index];
    if (signal !== undefined) drawCurve({ canvas, theme }, process.trend, signal, index);
  }
}

/** Lines at each half minute, which move with the curves. */
function drawTimes({ canvas, theme, process }: Pick<Drawing, "canvas" | "theme" | "process">, grid: number): void {
  const { x, y, width, height } = layout.longTrend;
  const right = x + width;
  for (let tick = process.tick - (process.tick % ticksApart); ; tick -= ticksApart) {
    const at = right - (process.tick - tick) * trendStep;
    if (at < x) return;
    canvas.fill(at, y, 1, height + 5, grid);
    const time = new Date(tick * tickMs).toISOString().slice(11, 19);
    if (at > x + labelReach && at < right - labelReach) {
      canvas.textCentred(at, y + height + 12, time, 1.25, theme.faintText);
    }
  }
}

function drawCurve(
  { canvas, theme }: Pick<Drawing, "canvas" | "theme">,
  trend: readonly (readonly number[])[],
  signal: Signal,
  index: number,
): void {
  const { x, y, width, height } = layout.longTrend;
  const colour = trendColours(theme)[index] ?? theme.text;
  const firstX = x + width - (trendLength - 1) * trendStep;
  const at = (point: number): number => y + 2 + (1 - shareOf(signal, trend[point]?.[index] ?? 0)) * (height - 4);
  for (let point = 1; point < trend.length; point += 1) {
    const right = firstX + (trendLength - trend.length + point) * trendStep;
    canvas.line(right - trendStep, at(point - 1), right, at(point), 2, colour);
  }
}

function trendColours(theme: Theme): readonly number[] {
  return [theme.curve, theme.second, mix(theme.curve, 0xd64545, 0.75), mix(theme.text, theme.curve, 0.25)];
}
