// The page of alarms: newest first, what is still wrong in colour, what nobody has seen yet marked, and the button that says it is.
import { type Canvas, fitted, mix } from "./canvas.ts";
import type { Drawing } from "./hmi-frame.ts";
import { alarmRowHeight, alarmRows, layout } from "./hmi-layout.ts";
import type { Alarm } from "./process-model-alarms.ts";
import { signalColours, type Theme } from "./theme.ts";
import { drawButton, drawCard } from "./widgets.ts";

const columns = { mark: 14, came: 34, gone: 148, text: 262, state: 560 } as const;

export function drawAlarms({ canvas, theme, process, state }: Drawing): void {
  drawCard(canvas, theme, layout.page);
  const { x, y, width } = layout.alarmRows;
  canvas.fill(x, y - 32, width, 28, mix(theme.card, theme.cardEdge, 0.35));
  for (const [label, column] of [
    ["Came", columns.came],
    ["Gone", columns.gone],
    ["Text", columns.text],
    ["State", columns.state],
  ] as const) {
    canvas.text(x + column, y - 23, label, 1.5, theme.faintText);
  }
  const { entries } = process.alarms;
  for (let row = 0; row < alarmRows; row += 1) {
    const alarm = entries[state.alarmOffset + row];
    drawRow(canvas, theme, { alarm, top: y + row * alarmRowHeight, isOdd: (entries.length - row) % 2 === 1 });
  }
  const last = Math.min(entries.length, state.alarmOffset + alarmRows);
  const counted = entries.length === 0 ? "No entries" : `${state.alarmOffset + 1} to ${last} of ${entries.length}`;
  canvas.text(x, layout.acknowledge.y + 13, counted, 1.5, theme.faintText);
  const unseen = process.alarms.unseen.length;
  drawButton(canvas, layout.acknowledge, {
    ...{ label: "Acknowledge", size: 2, isPressed: state.pressed === "acknowledge" },
    colour: unseen > 0 ? theme.accent : mix(theme.faintText, theme.card, 0.45),
  });
}

function drawRow(
  canvas: Canvas,
  theme: Theme,
  { alarm, top, isOdd }: { readonly alarm: Alarm | undefined; readonly top: number; readonly isOdd: boolean },
): void {
  const { x, width } = layout.alarmRows;
  if (isOdd && alarm !== undefined) canvas.fill(x, top, width, alarmRowHeight, mix(theme.card, theme.track, 0.35));
  canvas.fill(x, top + alarmRowHeight - 1, width, 1, mix(theme.card, theme.cardEdge, 0.45));
  if (alarm === undefined) return;
  const [colour, word] = look(alarm, theme);
  if (alarm.isAcknowledged) canvas.ring({ ...disc(x, top), inner: 4, outer: 6, from: 0, to: 1 }, colour);
  else canvas.disc(x + columns.mark, top + 12, 6, colour);
  const text = alarm.kind === "alarm" && alarm.goneMs === undefined ? theme.text : mix(theme.text, theme.card, 0.3);
  canvas.text(x + columns.came, top + 7, clockTime(alarm.sinceMs), 1.5, text);
  const gone = alarm.kind === "alarm" && alarm.goneMs !== undefined ? clockTime(alarm.goneMs) : "";
  canvas.text(x + columns.gone, top + 7, gone, 1.5, text);
  canvas.text(x + columns.text, top + 7, fitted(alarm.text, 1.5, columns.state - columns.text - 12), 1.5, text);
  canvas.text(x + columns.state, top + 7, word, 1.5, colour);
}

function disc(x: number, top: number): { readonly centreX: number; readonly centreY: number } {
  return { centreX: x + columns.mark, centreY: top + 12 };
}

function look(alarm: Alarm, theme: Theme): readonly [number, string] {
  if (alarm.kind === "event") return [theme.faintText, "Event"];
  if (alarm.goneMs === undefined) {
    return alarm.isAcknowledged ? [signalColours.warning, "Active, seen"] : [signalColours.alarm, "Active"];
  }
  return alarm.isAcknowledged ? [theme.faintText, "Over"] : [signalColours.warning, "Over, not seen"];
}

function clockTime(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
