// The screen of an operating panel: draws its machine, and reacts to the pointer and to keys.
import type { Clock } from "#hardware/ports.ts";
import { createFramebuffer, type Framebuffer, type Rectangle } from "#protocol/rfb/pixel-format.ts";
import { Canvas } from "./canvas.ts";
import { type MachineName, machines, ProcessModel, type Signal } from "./process-model.ts";
import { signalColours, type Theme, type ThemeName, themes } from "./theme.ts";
import { drawBar, drawButton, drawCard, drawDial, drawField, drawTrend } from "./widgets.ts";

export const screenWidth = 800;
export const screenHeight = 480;
/** Longest text that the field takes. */
export const entryLengthMax = 16;

/** X11 key symbols. */
const keys = { backspace: 0xff08, enter: 0xff0d, keypadEnter: 0xff8d, escape: 0xff1b } as const;
const leftButton = 1;
const caretBlinkMs = 500;

/** Where things are; a test presses and reads here. */
export const layout = {
  header: { x: 0, y: 0, width: screenWidth, height: 48 },
  dials: [
    { x: 12, y: 60, width: 190, height: 186 },
    { x: 214, y: 60, width: 190, height: 186 },
  ],
  bars: { x: 416, y: 60, width: 372, height: 186 },
  trend: { x: 12, y: 258, width: 500, height: 176 },
  control: { x: 524, y: 258, width: 264, height: 176 },
  button: { x: 540, y: 274, width: 232, height: 50 },
  field: { x: 540, y: 360, width: 232, height: 34 },
  alarm: { x: 0, y: 446, width: screenWidth, height: 34 },
} as const satisfies Record<string, Rectangle | readonly Rectangle[]>;

export interface HmiOptions {
  readonly title: string;
  readonly machine?: MachineName;
  readonly theme?: ThemeName;
  readonly seed: string | number;
  readonly clock: Clock;
}

export class HmiScreen {
  readonly frame: Framebuffer = createFramebuffer(screenWidth, screenHeight);
  /** Called when somebody's input may have changed the picture. */
  changed: () => void = () => undefined;
  readonly #options: HmiOptions;
  readonly #theme: Theme;
  readonly #process: ProcessModel;
  readonly #canvas: Canvas;
  #entry = "";
  #order = "A-1042";
  #isButtonDown = false;
  #wasLeftDown = false;

  constructor(options: HmiOptions) {
    this.#options = options;
    this.#theme = themes[options.theme ?? "day"];
    this.#process = new ProcessModel(machines[options.machine ?? "press"], options.seed, options.clock.nowMs());
    this.#canvas = new Canvas(this.frame);
    this.render();
  }

  get title(): string {
    return this.#options.title;
  }

  get isRunning(): boolean {
    return this.#process.isRunning;
  }

  /** What has been typed into the field and not stored. */
  get entry(): string {
    return this.#entry;
  }

  /** What Enter has stored last. */
  get order(): string {
    return this.#order;
  }

  /** When the picture changes by itself next, in ms from now. */
  untilNextChangeMs(): number {
    return this.#process.untilNextTickMs(this.#options.clock.nowMs());
  }

  /** The pointer's place and buttons (bit 0: left), as RFB tells them. */
  pointer(x: number, y: number, buttons: number): void {
    const isLeftDown = (buttons & leftButton) !== 0;
    const isInside = contains(layout.button, x, y);
    if (isLeftDown && !this.#wasLeftDown && isInside) this.#isButtonDown = true;
    if (!isLeftDown && this.#wasLeftDown) {
      if (this.#isButtonDown && isInside) this.#process.isRunning = !this.#process.isRunning;
      this.#isButtonDown = false;
    }
    this.#wasLeftDown = isLeftDown;
    this.changed();
  }

  /** A key, as X11 numbers it. */
  key(keysym: number, isDown: boolean): void {
    if (!isDown) return;
    if (keysym === keys.backspace) this.#entry = this.#entry.slice(0, -1);
    else if (keysym === keys.escape) this.#entry = "";
    else if (keysym === keys.enter || keysym === keys.keypadEnter) this.#store();
    else if (keysym >= 0x20 && keysym <= 0x7e && this.#entry.length < entryLengthMax) {
      this.#entry += String.fromCharCode(keysym);
    }
    this.changed();
  }

  /** Draws what is to be seen now. */
  render(): Framebuffer {
    const nowMs = this.#options.clock.nowMs();
    this.#process.advanceTo(nowMs);
    this.#canvas.fill(0, 0, screenWidth, screenHeight, this.#theme.background);
    this.#drawHeader(nowMs);
    this.#drawValues();
    this.#drawControl(nowMs);
    this.#drawAlarm();
    return this.frame;
  }

  #store(): void {
    if (this.#entry.trim() !== "") this.#order = this.#entry.trim();
    this.#entry = "";
  }

  #drawHeader(nowMs: number): void {
    const theme = this.#theme;
    const { width, height } = layout.header;
    this.#canvas.fill(0, 0, width, height, theme.header);
    this.#canvas.fill(0, height - 3, width, 3, theme.accent);
    this.#canvas.text(16, 15, this.#options.title, 2.25, theme.headerText);
    const time = new Date(nowMs).toISOString();
    this.#canvas.textRight(784, 15, time.slice(11, 19), 2.25, theme.headerText);
    this.#canvas.textRight(664, 18, time.slice(0, 10), 1.5, theme.headerText);
  }

  #drawValues(): void {
    const [first, second, third, fourth] = this.#process.signals as [Signal, Signal, Signal, Signal];
    drawDial(this.#canvas, this.#theme, layout.dials[0], first);
    drawDial(this.#canvas, this.#theme, layout.dials[1], second);
    const { bars } = layout;
    drawCard(this.#canvas, this.#theme, bars);
    const row = { x: bars.x + 16, y: bars.y + 14, width: bars.width - 32, height: 60 };
    drawBar(this.#canvas, this.#theme, row, third);
    drawBar(this.#canvas, this.#theme, { ...row, y: row.y + 66 }, fourth);
    this.#canvas.text(
      row.x,
      bars.y + 154,
      machines[this.#options.machine ?? "press"].product,
      1.5,
      this.#theme.faintText,
    );
    this.#canvas.textRight(row.x + row.width, bars.y + 150, String(this.#process.produced), 2.25, this.#theme.text);
    drawTrend(this.#canvas, this.#theme, layout.trend, this.#process.trend, [first, second]);
  }

  #drawControl(nowMs: number): void {
    const theme = this.#theme;
    drawCard(this.#canvas, theme, layout.control);
    const face = this.isRunning
      ? { label: "STOP", colour: signalColours.stop }
      : { label: "START", colour: signalColours.go };
    drawButton(this.#canvas, layout.button, { ...face, isPressed: this.#isButtonDown });
    const { field } = layout;
    this.#canvas.text(field.x, field.y - 17, "Next order", 1.5, theme.faintText);
    const showsCaret = Math.floor(nowMs / caretBlinkMs) % 2 === 0;
    drawField(this.#canvas, theme, field, { text: this.#entry, showsCaret });
    const labelEnd = this.#canvas.text(field.x, field.y + 47, "Order ", 1.5, theme.faintText);
    this.#canvas.text(labelEnd, field.y + 45, this.#order, 2, theme.text);
  }

  #drawAlarm(): void {
    const { x, y, width, height } = layout.alarm;
    const alarm = this.#process.alarm;
    const [colour, text] =
      alarm !== undefined
        ? [signalColours.warning, `${alarm.label} above ${alarm.alarmAbove} ${alarm.unit}`]
        : this.isRunning
          ? [signalColours.good, "Running, no alarms"]
          : [this.#theme.faintText, "Stopped by the operator"];
    this.#canvas.fill(x, y, width, height, this.#theme.header);
    this.#canvas.disc(24, y + Math.round(height / 2), 7, colour);
    this.#canvas.text(42, y + 11, text, 2, this.#theme.headerText);
  }
}

function contains(area: Rectangle, x: number, y: number): boolean {
  return x >= area.x && y >= area.y && x < area.x + area.width && y < area.y + area.height;
}
