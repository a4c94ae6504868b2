// The symbols of a process picture: vessels, pipes, pumps, valves, motors, and the tags that show a value.
import type { Rectangle } from "#protocol/rfb/pixel-format.ts";
import { mix, textWidth } from "./canvas.ts";
import type { Drawing } from "./hmi-frame.ts";
import type { Signal } from "./process-model.ts";
import { signalColours } from "./theme.ts";
import { isBeyond } from "./widgets.ts";

export type Pen = Pick<Drawing, "canvas" | "theme">;

/** A pipe along its corners; while something flows, marks move along it, `phase` 0 to 1. */
export function drawPipe(
  { canvas, theme }: Pen,
  corners: readonly (readonly [number, number])[],
  flow: { readonly isFlowing: boolean; readonly phase: number },
): void {
  const wall = mix(theme.faintText, theme.card, 0.25);
  const inside = flow.isFlowing ? mix(theme.accent, theme.card, 0.45) : mix(theme.card, theme.faintText, 0.25);
  const legs = corners.slice(1).map((to, index) => [corners[index] ?? to, to] as const);
  for (const [from, to] of legs) canvas.line(from[0], from[1], to[0], to[1], 12, wall);
  for (const [from, to] of legs) canvas.line(from[0], from[1], to[0], to[1], 8, inside);
  if (!flow.isFlowing) return;
  for (const [from, to] of legs) {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    for (let at = flow.phase * 28; at < length - 6; at += 28) {
      if (at < 6) continue;
      const [x, y] = [from[0] + ((to[0] - from[0]) * at) / length, from[1] + ((to[1] - from[1]) * at) / length];
      canvas.disc(Math.round(x), Math.round(y), 2, mix(theme.accent, 0xffffff, 0.75));
    }
  }
}

/** A vessel with round corners, filled to `share` of its height. */
export function drawVessel(
  { canvas, theme }: Pen,
  at: Rectangle,
  { share, radius, colour }: { readonly share: number; readonly radius: number; readonly colour: number },
): void {
  const wall = mix(theme.faintText, theme.text, 0.3);
  canvas.roundRect(at.x - 3, at.y - 3, at.width + 6, at.height + 6, radius + 3, wall);
  canvas.roundRect(at.x, at.y, at.width, at.height, radius, mix(theme.card, theme.track, 0.5));
  const filled = Math.round(at.height * share);
  const top = at.y + at.height - filled;
  if (filled > radius) {
    canvas.roundRect(at.x, top, at.width, filled, radius, colour);
    // The surface of a liquid is straight.
    if (filled < at.height - radius) canvas.fill(at.x, top, at.width, radius, colour);
    canvas.fill(at.x + 2, top, at.width - 4, 2, mix(colour, 0xffffff, 0.5));
  }
  for (let line = 1; line < 4; line += 1) {
    canvas.fill(at.x + at.width - 10, at.y + (at.height * line) / 4, 8, 1, wall);
  }
}

/** A pump: green while it runs. */
export function drawPump({ canvas, theme }: Pen, x: number, y: number, isRunning: boolean): void {
  canvas.disc(x, y, 22, mix(theme.faintText, theme.text, 0.3));
  canvas.disc(x, y, 19, isRunning ? signalColours.good : mix(theme.card, theme.faintText, 0.3));
  const points = [
    [x - 8, y - 12],
    [x + 15, y],
    [x - 8, y + 12],
  ] as const;
  canvas.polygon(points, isRunning ? 0xffffff : mix(theme.card, theme.text, 0.15));
}

/** A valve across a horizontal pipe. */
export function drawValve({ canvas, theme }: Pen, x: number, y: number, isOpen: boolean): void {
  const edge = mix(theme.faintText, theme.text, 0.3);
  const face = isOpen ? signalColours.good : mix(theme.card, theme.faintText, 0.2);
  for (const [size, colour] of [
    [16, edge],
    [13, face],
  ] as const) {
    canvas.polygon(
      [
        [x - size, y - size * 0.8],
        [x - size, y + size * 0.8],
        [x, y],
      ],
      colour,
    );
    canvas.polygon(
      [
        [x + size, y - size * 0.8],
        [x + size, y + size * 0.8],
        [x, y],
      ],
      colour,
    );
  }
  canvas.fill(x - 1, y - 22, 3, 22, edge);
  canvas.roundRect(x - 9, y - 28, 19, 8, 3, edge);
}

export function drawMotor({ canvas, theme }: Pen, at: Rectangle, isRunning: boolean): void {
  canvas.roundRect(at.x - 2, at.y - 2, at.width + 4, at.height + 4, 7, mix(theme.faintText, theme.text, 0.3));
  const face = isRunning ? signalColours.good : mix(theme.card, theme.faintText, 0.3);
  canvas.roundRect(at.x, at.y, at.width, at.height, 5, face);
  canvas.textCentred(at.x + at.width / 2, at.y + at.height / 2 - 8, "M", 2.25, isRunning ? 0xffffff : theme.text);
}

/** A value where it is measured. */
export function drawTag({ canvas, theme }: Pen, x: number, y: number, signal: Signal): void {
  const value = signal.value.toFixed(signal.decimals);
  const width = Math.max(118, Math.ceil(textWidth(signal.label, 1.25)) + 20);
  const edge = isBeyond(signal) ? signalColours.alarm : theme.cardEdge;
  canvas.roundRect(x - 2, y - 2, width + 4, 50, 6, edge);
  canvas.roundRect(x, y, width, 46, 5, theme.field);
  canvas.text(x + 10, y + 8, signal.label, 1.25, theme.faintText);
  const colour = isBeyond(signal) ? signalColours.alarm : theme.text;
  const end = canvas.text(x + 10, y + 23, value, 2.25, colour);
  canvas.text(end + 4, y + 29, signal.unit, 1.4, theme.faintText);
}

/** A word with a small lamp. */
export function drawLamp({ canvas, theme }: Pen, x: number, y: number, lamp: { label: string; colour: number }): void {
  canvas.disc(x, y, 6, lamp.colour);
  canvas.text(x + 12, y - 5, lamp.label, 1.5, theme.faintText);
}
