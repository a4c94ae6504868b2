// The parts of an operating panel's screen, each drawn into a rectangle from plain values.
import type { Rectangle } from "#protocol/rfb/pixel-format.ts";
import { type Canvas, mix, textWidth } from "./canvas.ts";
import { type Signal, trendLength } from "./process-model.ts";
import { signalColours, type Theme } from "./theme.ts";

/** A dial leaves a quarter of a turn open at the bottom. */
const dialFrom = 0.125;
const dialTo = 0.875;

export function drawCard(canvas: Canvas, theme: Theme, at: Rectangle): void {
  canvas.roundRect(at.x, at.y, at.width, at.height, 8, theme.cardEdge);
  canvas.roundRect(at.x + 1, at.y + 1, at.width - 2, at.height - 2, 7, theme.card);
}

/** An arc that fills with the value, a mark where the alarm begins, the number in the middle. */
export function drawDial(canvas: Canvas, theme: Theme, at: Rectangle, signal: Signal): void {
  drawCard(canvas, theme, at);
  canvas.text(at.x + 12, at.y + 12, signal.label, 1.5, theme.faintText);
  const centreX = at.x + Math.round(at.width / 2);
  const centreY = at.y + Math.round(at.height / 2) + 22;
  const arc = { centreX, centreY, inner: 54, outer: 68 };
  const isHigh = isBeyond(signal);
  const end = dialFrom + shareOf(signal, signal.value) * (dialTo - dialFrom);
  canvas.ring({ ...arc, from: dialFrom, to: dialTo }, theme.track);
  canvas.ring({ ...arc, from: dialFrom, to: end }, isHigh ? signalColours.warning : theme.accent);
  if (signal.alarmAbove !== undefined) {
    const mark = dialFrom + shareOf(signal, signal.alarmAbove) * (dialTo - dialFrom);
    canvas.ring({ centreX, centreY, inner: 50, outer: 72, from: mark - 0.004, to: mark + 0.004 }, signalColours.alarm);
  }
  canvas.textCentred(centreX, centreY - 16, signal.value.toFixed(signal.decimals), 3.5, theme.text);
  canvas.textCentred(centreX, centreY + 18, signal.unit, 1.5, theme.faintText);
  canvas.textCentred(centreX - 46, centreY + 56, String(signal.min), 1.25, theme.faintText);
  canvas.textCentred(centreX + 46, centreY + 56, String(signal.max), 1.25, theme.faintText);
}

/** A horizontal bar with its number above. */
export function drawBar(canvas: Canvas, theme: Theme, at: Rectangle, signal: Signal): void {
  canvas.text(at.x, at.y, signal.label, 1.5, theme.faintText);
  const unitWidth = textWidth(signal.unit, 1.5);
  canvas.textRight(at.x + at.width, at.y + 20, signal.unit, 1.5, theme.faintText);
  canvas.textRight(at.x + at.width - unitWidth - 8, at.y + 15, signal.value.toFixed(signal.decimals), 2.25, theme.text);
  const bar = { y: at.y + 38, height: 14 };
  canvas.roundRect(at.x, bar.y, at.width, bar.height, 7, theme.track);
  const filled = Math.round(shareOf(signal, signal.value) * at.width);
  const colour = isBeyond(signal) ? signalColours.warning : theme.accent;
  if (filled >= bar.height) canvas.roundRect(at.x, bar.y, filled, bar.height, 7, colour);
  for (let quarter = 1; quarter < 4; quarter += 1) {
    canvas.fill(at.x + Math.round((at.width * quarter) / 4), bar.y + bar.height + 3, 1, 4, theme.faintText);
  }
}

/** Two curves over the last two minutes, whose points are whole pixels apart. */
export function drawTrend(
  canvas: Canvas,
  theme: Theme,
  at: Rectangle,
  trend: readonly (readonly number[])[],
  signals: readonly [Signal, Signal],
): void {
  drawCard(canvas, theme, at);
  const legend = signals.map((signal) => `${signal.label} (${signal.unit})`);
  let legendX = at.x + 12;
  for (const [index, label] of legend.entries()) {
    const colour = index === 0 ? theme.curve : theme.second;
    canvas.roundRect(legendX, at.y + 15, 14, 5, 2, colour);
    legendX = canvas.text(legendX + 20, at.y + 12, label, 1.5, theme.faintText) + 16;
  }
  const plot = { x: at.x + 11, y: at.y + 36, width: at.width - 22, height: at.height - 62 };
  const gridColour = mix(theme.card, theme.cardEdge, 0.7);
  for (let row = 0; row <= 4; row += 1)
    canvas.fill(plot.x, plot.y + (plot.height * row) / 4, plot.width, 1, gridColour);
  for (let column = 0; column <= 4; column += 1) {
    canvas.fill(Math.round(plot.x + (plot.width * column) / 4), plot.y, 1, plot.height, gridColour);
  }
  for (const [text, x] of [
    ["-2 min", plot.x],
    ["-1 min", plot.x + plot.width / 2 - 22],
  ] as const) {
    canvas.text(Math.round(x), plot.y + plot.height + 8, text, 1.25, theme.faintText);
  }
  canvas.textRight(plot.x + plot.width, plot.y + plot.height + 8, "now", 1.25, theme.faintText);
  for (const index of [1, 0] as const) {
    const colour = index === 0 ? theme.curve : theme.second;
    drawCurve(
      canvas,
      plot,
      trend.map((point) => shareOf(signals[index], point[index] ?? 0)),
      colour,
    );
  }
}

/** `points` 0 to 1, the latest last and at the right edge. */
function drawCurve(canvas: Canvas, plot: Rectangle, points: readonly number[], colour: number): void {
  const step = plot.width / (trendLength - 1);
  const firstX = plot.x + plot.width - (points.length - 1) * step;
  for (let index = 1; index < points.length; index += 1) {
    const x = firstX + index * step;
    const y = (share: number | undefined): number => plot.y + (1 - (share ?? 0)) * plot.height;
    canvas.line(x - step, y(points[index - 1]), x, y(points[index]), 2, colour);
  }
}

export function drawButton(
  canvas: Canvas,
  at: Rectangle,
  face: { readonly label: string; readonly colour: number; readonly isPressed: boolean; readonly size?: number },
): void {
  const size = face.size ?? 3;
  const shadow = mix(face.colour, 0x000000, 0.35);
  const lift = face.isPressed ? 0 : 4;
  canvas.roundRect(at.x, at.y + 4, at.width, at.height, 8, shadow);
  const top = at.y + 4 - lift;
  canvas.roundRect(at.x, top, at.width, at.height, 8, face.isPressed ? mix(face.colour, 0, 0.15) : face.colour);
  canvas.textCentred(at.x + at.width / 2, top + Math.round(at.height / 2 - size * 3.6), face.label, size, 0xffffff);
}

/** A field for text; the caret stands behind the last character. */
export function drawField(
  canvas: Canvas,
  theme: Theme,
  at: Rectangle,
  contents: { readonly text: string; readonly showsCaret: boolean; readonly size?: number },
): void {
  const size = contents.size ?? 2;
  canvas.roundRect(at.x, at.y, at.width, at.height, 5, theme.accent);
  canvas.roundRect(at.x + 2, at.y + 2, at.width - 4, at.height - 4, 4, theme.field);
  const end = canvas.text(at.x + 10, at.y + Math.round(at.height / 2 - size * 3.5), contents.text, size, theme.text);
  if (contents.showsCaret) canvas.fill(end, at.y + 7, 2, at.height - 14, theme.accent);
}

export function isBeyond({ value, alarmAbove, alarmBelow }: Signal): boolean {
  return (alarmAbove !== undefined && value > alarmAbove) || (alarmBelow !== undefined && value < alarmBelow);
}

/** Where in its range a value stands, 0 to 1. */
export function shareOf(range: { readonly min: number; readonly max: number }, value: number): number {
  return Math.min(1, Math.max(0, (value - range.min) / (range.max - range.min)));
}
