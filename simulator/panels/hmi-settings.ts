// The page of set points, and the keypad that takes a new value.
import { mix } from "./canvas.ts";
import type { Drawing } from "./hmi-frame.ts";
import { keypad, keypadKeys, layout, screenHeight, screenWidth, settingRows } from "./hmi-layout.ts";
import type { Keypad } from "./hmi-state.ts";
import type { SetPoint } from "./process-model.ts";
import { signalColours } from "./theme.ts";
import { drawButton, drawCard, drawField } from "./widgets.ts";

export function drawSettings(drawing: Drawing): void {
  const { canvas, theme, process } = drawing;
  drawCard(canvas, theme, layout.page);
  canvas.text(28, 76, "Touch a value to change it", 1.5, theme.faintText);
  for (const [index, point] of process.setPoints.entries()) drawRow(drawing, index, point);
}

function drawRow({ canvas, theme, process, state }: Drawing, index: number, point: SetPoint): void {
  const at = settingRows[index];
  if (at === undefined) return;
  const isPressed = state.pressed === `setting ${index}`;
  canvas.roundRect(at.x, at.y, at.width, at.height, 6, mix(theme.card, theme.track, isPressed ? 0.9 : 0.4));
  canvas.text(at.x + 18, at.y + 15, point.label, 2, theme.text);
  const range = `${point.min} to ${point.max} ${point.unit}`;
  canvas.text(at.x + 18, at.y + 43, range, 1.4, theme.faintText);
  const signal = process.signals.find(({ name }) => name === point.drives);
  if (signal !== undefined) {
    canvas.text(at.x + 290, at.y + 13, "Now", 1.4, theme.faintText);
    const value = `${signal.value.toFixed(signal.decimals)} ${signal.unit}`;
    canvas.text(at.x + 290, at.y + 31, value, 2.25, theme.text);
  }
  const field = { x: at.x + 520, y: at.y + 12, width: 206, height: 44 };
  canvas.roundRect(field.x, field.y, field.width, field.height, 5, theme.accent);
  canvas.roundRect(field.x + 2, field.y + 2, field.width - 4, field.height - 4, 4, theme.field);
  canvas.textRight(field.x + 130, field.y + 12, point.value.toFixed(point.decimals), 2.5, theme.text);
  canvas.text(field.x + 142, field.y + 17, point.unit, 1.5, theme.faintText);
}

export function drawKeypad({ canvas, theme, state }: Drawing, { point, text, complaint }: Keypad): void {
  veil({ canvas, theme });
  const { x, y, width } = keypad;
  drawCard(canvas, theme, keypad);
  canvas.roundRect(x + 1, y + 1, width - 2, 40, 7, theme.header);
  canvas.fill(x + 1, y + 26, width - 2, 16, theme.header);
  canvas.text(x + 14, y + 14, point.label, 2, theme.headerText);
  drawField(
    canvas,
    theme,
    { x: x + 14, y: y + 52, width: width - 28, height: 42 },
    { text, showsCaret: true, size: 2.5 },
  );
  canvas.textRight(x + width - 26, y + 66, point.unit, 1.75, theme.faintText);
  const hint = complaint ?? `${point.min} to ${point.max} ${point.unit}, now ${point.value.toFixed(point.decimals)}`;
  canvas.text(x + 16, y + 107, hint, 1.4, complaint === undefined ? theme.faintText : signalColours.alarm);
  for (const { face, area } of keypadKeys) {
    const isWord = face.length > 1 || face === "C" || face === "<";
    const colour = face === "OK" ? signalColours.go : face === "Esc" ? signalColours.stop : keyColour(isWord);
    drawButton(canvas, area, {
      label: face,
      colour,
      size: isWord ? 2 : 2.75,
      isPressed: state.pressed === `key ${face}`,
    });
  }
}

function keyColour(isWord: boolean): number {
  return isWord ? 0x5d6d78 : 0x3f4d57;
}

/** What is behind the keypad steps back. */
function veil({ canvas, theme }: Pick<Drawing, "canvas" | "theme">): void {
  const { height: top } = layout.header;
  canvas.veil(0, top, screenWidth, screenHeight - layout.alarm.height - top, theme.header, 0.35);
}
