// The page with the process picture: what flows where in the machine, with the values where they are measured.
import { mix } from "./canvas.ts";
import type { Drawing } from "./hmi-frame.ts";
import { layout } from "./hmi-layout.ts";
import { drawLamp, drawMotor, drawPipe, drawPump, drawTag, drawValve, drawVessel } from "./hmi-symbols.ts";
import type { Signal } from "./process-model.ts";
import { signalColours, type Theme } from "./theme.ts";
import { drawCard, shareOf } from "./widgets.ts";

type Signals = readonly [Signal, Signal, Signal, Signal];

export function drawProcess(drawing: Drawing): void {
  const { canvas, theme, process } = drawing;
  drawCard(canvas, theme, layout.page);
  const signals = process.signals as unknown as Signals;
  const pictures = { press: drawPress, mixer: drawMixer, packer: drawPacker };
  pictures[process.machine.picture](drawing, signals);
  const lamp = process.isRunning
    ? { label: "Running", colour: signalColours.good }
    : { label: "Standing", colour: theme.faintText };
  drawLamp(drawing, 34, 82, lamp);
  canvas.textRight(768, 76, `${process.machine.product} ${process.produced}`, 1.75, theme.text);
}

/** 0 to 1 in time with the machine; 0 while it stands. */
function phaseOf({ process }: Drawing, ticks: number): number {
  return process.isRunning ? (process.tick % ticks) / ticks : 0;
}

function steel(theme: Theme): number {
  return mix(theme.faintText, theme.text, 0.3);
}

function drawPress(drawing: Drawing, [pressure, temperature, rate, level]: Signals): void {
  const { canvas, theme, process } = drawing;
  const flow = { isFlowing: process.isRunning, phase: phaseOf(drawing, 4) };
  const pipe = (corners: readonly (readonly [number, number])[]): void => drawPipe(drawing, corners, flow);
  pipe([
    [180, 384],
    [280, 384],
  ]);
  pipe([
    [280, 384],
    [280, 190],
    [630, 190],
  ]);
  pipe([
    [470, 190],
    [470, 118],
    [110, 118],
    [110, 220],
  ]);
  const oil = mix(0xc98a2b, theme.accent, 0.15);
  drawVessel(
    drawing,
    { x: 46, y: 214, width: 134, height: 190 },
    { share: shareOf(level, level.value), radius: 10, colour: oil },
  );
  drawPump(drawing, 280, 384, process.isRunning);
  drawValve(drawing, 380, 190, process.isRunning);
  drawFrame(drawing);
  drawTag(drawing, 48, 266, temperature);
  drawTag(drawing, 48, 330, level);
  drawTag(drawing, 306, 214, pressure);
  drawTag(drawing, 404, 366, rate);
  canvas.text(310, 379, "P1", 1.5, theme.faintText);
  canvas.text(372, 146, "V1", 1.5, theme.faintText);
  canvas.text(48, 192, "Tank", 1.5, theme.faintText);
}

/** The press itself: columns, head, cylinder, and the ram that goes up and down. */
function drawFrame(drawing: Drawing): void {
  const { canvas, theme } = drawing;
  const edge = steel(theme);
  const [left, top] = [566, 150];
  const lift = Math.round(24 * (1 + Math.cos(phaseOf(drawing, 4) * 2 * Math.PI)));
  canvas.roundRect(left, top + 228, 176, 26, 4, edge);
  for (const x of [left + 10, left + 150]) canvas.fill(x, top + 20, 16, 210, mix(edge, theme.card, 0.35));
  canvas.roundRect(left, top, 176, 34, 5, edge);
  canvas.roundRect(left + 62, top - 6, 52, 78, 5, mix(edge, theme.card, 0.2));
  canvas.roundRect(left + 68, top + 2, 40, 64, 4, mix(theme.accent, theme.card, 0.3));
  const ram = top + 72 + (48 - lift);
  canvas.fill(left + 80, top + 70, 16, ram - top - 68, mix(edge, 0xffffff, 0.35));
  canvas.roundRect(left + 34, ram, 108, 30, 4, theme.accent);
  canvas.roundRect(left + 54, top + 206, 68, 22, 3, mix(0xd07a2d, theme.card, 0.2));
}

function drawMixer(drawing: Drawing, [current, temperature, speed, level]: Signals): void {
  const { canvas, theme, process } = drawing;
  const flow = { isFlowing: process.isRunning, phase: phaseOf(drawing, 4) };
  drawPipe(
    drawing,
    [
      [40, 150],
      [330, 150],
    ],
    flow,
  );
  drawPipe(
    drawing,
    [
      [330, 150],
      [330, 190],
    ],
    flow,
  );
  drawPipe(
    drawing,
    [
      [410, 388],
      [410, 410],
      [748, 410],
    ],
    { ...flow, isFlowing: false },
  );
  drawPipe(
    drawing,
    [
      [40, 330],
      [300, 330],
    ],
    flow,
  );
  drawPipe(
    drawing,
    [
      [520, 330],
      [748, 330],
    ],
    flow,
  );
  const jacket = { x: 284, y: 260, width: 252, height: 130 };
  canvas.roundRect(jacket.x, jacket.y, jacket.width, jacket.height, 40, mix(0xd64545, theme.card, 0.5));
  const vessel = { x: 300, y: 186, width: 220, height: 194 };
  drawVessel(drawing, vessel, {
    share: shareOf(level, level.value),
    radius: 34,
    colour: mix(theme.accent, theme.card, 0.25),
  });
  drawAgitator(drawing);
  drawMotor(drawing, { x: 384, y: 100, width: 52, height: 40 }, process.isRunning);
  drawValve(drawing, 160, 150, process.isRunning);
  drawValve(drawing, 640, 410, false);
  drawTag(drawing, 468, 96, current);
  drawTag(drawing, 578, 250, temperature);
  drawTag(drawing, 578, 186, level);
  drawTag(drawing, 104, 222, speed);
  canvas.text(42, 126, "Feed", 1.5, theme.faintText);
  canvas.text(42, 306, "Heating", 1.5, theme.faintText);
  canvas.textRight(748, 386, "Product", 1.5, theme.faintText);
}

function drawAgitator(drawing: Drawing): void {
  const { canvas, theme } = drawing;
  const metal = mix(theme.text, theme.card, 0.25);
  canvas.fill(407, 142, 6, 200, metal);
  const reach = Math.round(58 * Math.abs(Math.cos(phaseOf(drawing, 4) * Math.PI))) + 18;
  for (const y of [262, 330]) canvas.roundRect(410 - reach, y, reach * 2, 10, 5, metal);
}

function drawPacker(drawing: Drawing, [throughput, bar, tension, film]: Signals): void {
  const { canvas, theme, process } = drawing;
  const edge = steel(theme);
  const web = mix(theme.accent, theme.card, 0.3);
  const rim = 26 + Math.round(40 * shareOf(film, film.value));
  canvas.ring({ centreX: 120, centreY: 200, inner: 22, outer: rim, from: 0, to: 1 }, web);
  canvas.ring({ centreX: 120, centreY: 200, inner: 18, outer: 24, from: 0, to: 1 }, edge);
  const route = [
    [120, 200 - rim],
    [240, 140],
    [300, 250],
    [366, 140],
    [470, 190],
    [470, 330],
  ] as const;
  for (const [index, to] of route.slice(1).entries()) {
    const from = route[index] ?? to;
    canvas.line(from[0], from[1], to[0], to[1], 4, web);
  }
  for (const [x, y] of [
    [240, 150],
    [300, 240],
    [366, 150],
  ] as const) {
    canvas.disc(x, y, 15, edge);
    canvas.disc(x, y, 11, mix(theme.card, theme.faintText, 0.3));
  }
  drawSealing(drawing);
  drawConveyor(drawing);
  drawTag(drawing, 52, 288, film);
  drawTag(drawing, 236, 276, tension);
  drawTag(drawing, 546, 150, bar);
  drawTag(drawing, 546, 250, throughput);
  drawMotor(drawing, { x: 40, y: 366, width: 44, height: 36 }, process.isRunning);
}

/** Two bars that meet around the film, red while they are hot. */
function drawSealing(drawing: Drawing): void {
  const { canvas, theme, process } = drawing;
  const open = Math.round(18 * phaseOf(drawing, 2));
  const hot = process.isRunning ? 0xd64545 : mix(theme.card, theme.faintText, 0.4);
  canvas.roundRect(430 - open, 224, 34, 40, 4, hot);
  canvas.roundRect(476 + open, 224, 34, 40, 4, hot);
  canvas.roundRect(408 - open, 236, 24, 16, 3, steel(theme));
  canvas.roundRect(508 + open, 236, 24, 16, 3, steel(theme));
}

function drawConveyor(drawing: Drawing): void {
  const { canvas, theme } = drawing;
  const edge = steel(theme);
  canvas.roundRect(110, 384, 640, 20, 10, edge);
  canvas.roundRect(116, 388, 628, 12, 6, mix(theme.card, theme.faintText, 0.3));
  for (let roller = 0; roller < 13; roller += 1) canvas.disc(134 + roller * 49, 394, 4, edge);
  const moved = Math.round(phaseOf(drawing, 4) * 92);
  for (let pack = 0; pack < 4; pack += 1) {
    const x = 446 + pack * 92 + moved;
    if (x > 700) continue;
    canvas.roundRect(x, 344, 48, 40, 4, mix(theme.accent, theme.card, 0.15));
    canvas.fill(x + 4, 352, 40, 3, mix(theme.accent, 0xffffff, 0.55));
  }
}
