// What stands around every page of the panel's screen: title, clock, the line of alarms and the buttons of the pages.
import { type Canvas, fitted, mix, textWidth } from "./canvas.ts";
import { layout, pageButtons, pages, pageTitles } from "./hmi-layout.ts";
import type { HmiState } from "./hmi-state.ts";
import type { ProcessModel } from "./process-model.ts";
import { signalColours, type Theme } from "./theme.ts";

export interface Drawing {
  readonly canvas: Canvas;
  readonly theme: Theme;
  readonly process: ProcessModel;
  readonly state: HmiState;
  readonly nowMs: number;
}

export function drawHeader({ canvas, theme, nowMs, state }: Drawing, title: string): void {
  const { width, height } = layout.header;
  canvas.fill(0, 0, width, height, theme.header);
  canvas.fill(0, height - 3, width, 3, theme.accent);
  // The page's name takes the rest, but for the first one, which has none.
  const titleWidth = state.page === "overview" ? 550 : 430;
  const titleEnd = canvas.text(16, 15, fitted(title, 2.25, titleWidth), 2.25, theme.headerText);
  if (state.page !== "overview") {
    canvas.fill(titleEnd + 12, 14, 1, 20, mix(theme.header, theme.headerText, 0.4));
    const faint = mix(theme.header, theme.headerText, 0.75);
    canvas.text(titleEnd + 26, 17, pageTitles[state.page], 2, faint);
  }
  const time = new Date(nowMs).toISOString();
  canvas.textRight(784, 15, time.slice(11, 19), 2.25, theme.headerText);
  canvas.textRight(676, 18, time.slice(0, 10), 1.5, mix(theme.header, theme.headerText, 0.7));
}

export function drawFooter(drawing: Drawing): void {
  const { canvas, theme, process } = drawing;
  const { x, y, width, height } = layout.alarm;
  canvas.fill(x, y, width, height, theme.header);
  const [colour, text] = stateLine(process, theme);
  canvas.disc(24, y + Math.round(height / 2), 7, colour);
  canvas.text(
    42,
    y + 11,
    fitted(text, 1.75, pageButtons[0] === undefined ? width : pageButtons[0].x - 54),
    1.75,
    theme.headerText,
  );
  for (const [index, page] of pages.entries()) drawPageButton(drawing, index, page);
}

function stateLine({ alarms, isRunning }: ProcessModel, theme: Theme): readonly [number, string] {
  const [alarm] = alarms.active;
  if (alarm !== undefined) return [signalColours.warning, alarm.text];
  if (alarms.unseen.length > 0) return [signalColours.warning, `${alarms.unseen.length} to acknowledge`];
  return isRunning ? [signalColours.good, "Running, no alarms"] : [theme.faintText, "Stopped by the operator"];
}

function drawPageButton({ canvas, theme, state, process }: Drawing, index: number, page: (typeof pages)[number]): void {
  const at = pageButtons[index];
  if (at === undefined) return;
  const isShown = state.page === page;
  const isPressed = state.pressed === `page ${page}`;
  const face = isShown ? theme.accent : mix(theme.header, theme.headerText, isPressed ? 0.3 : 0.14);
  canvas.roundRect(at.x, at.y, at.width, at.height, 4, face);
  const colour = isShown ? 0xffffff : theme.headerText;
  const label = pageTitles[page];
  const unseen = page === "alarms" ? process.alarms.unseen.length : 0;
  const shift = unseen > 0 ? 9 : 0;
  canvas.textCentred(at.x + at.width / 2 - shift, at.y + 8, label, 1.4, colour);
  if (unseen === 0) return;
  const badgeX = at.x + at.width / 2 - shift + textWidth(label, 1.4) / 2 + 13;
  canvas.disc(Math.round(badgeX), at.y + 13, 8, signalColours.alarm);
  canvas.textCentred(Math.round(badgeX), at.y + 9, unseen > 9 ? "9+" : String(unseen), 1.15, 0xffffff);
}
