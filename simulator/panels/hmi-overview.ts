// The panel's first page: dials, bars, a short trend, the machine's button and the field for the next order.
import type { Drawing } from "./hmi-frame.ts";
import { layout } from "./hmi-layout.ts";
import type { Signal } from "./process-model.ts";
import { signalColours } from "./theme.ts";
import { drawBar, drawButton, drawCard, drawDial, drawField, drawTrend } from "./widgets.ts";

const caretBlinkMs = 500;

export function drawOverview(drawing: Drawing): void {
  drawValues(drawing);
  drawControl(drawing);
}

function drawValues({ canvas, theme, process }: Drawing): void {
  const [first, second, third, fourth] = process.signals as [Signal, Signal, Signal, Signal];
  drawDial(canvas, theme, layout.dials[0], first);
  drawDial(canvas, theme, layout.dials[1], second);
  const { bars } = layout;
  drawCard(canvas, theme, bars);
  const row = { x: bars.x + 16, y: bars.y + 14, width: bars.width - 32, height: 60 };
  drawBar(canvas, theme, row, third);
  drawBar(canvas, theme, { ...row, y: row.y + 66 }, fourth);
  canvas.text(row.x, bars.y + 154, process.machine.product, 1.5, theme.faintText);
  canvas.textRight(row.x + row.width, bars.y + 150, String(process.produced), 2.25, theme.text);
  drawTrend(canvas, theme, layout.trend, process.trend, [first, second]);
}

function drawControl({ canvas, theme, process, state, nowMs }: Drawing): void {
  drawCard(canvas, theme, layout.control);
  const face = process.isRunning
    ? { label: "STOP", colour: signalColours.stop }
    : { label: "START", colour: signalColours.go };
  drawButton(canvas, layout.button, { ...face, isPressed: state.pressed === "machine" });
  const { field } = layout;
  canvas.text(field.x, field.y - 17, "Next order", 1.5, theme.faintText);
  const showsCaret = Math.floor(nowMs / caretBlinkMs) % 2 === 0;
  drawField(canvas, theme, field, { text: state.entry, showsCaret });
  const labelEnd = canvas.text(field.x, field.y + 47, "Order ", 1.5, theme.faintText);
  canvas.text(labelEnd + 4, field.y + 45, state.order, 2, theme.text);
}
