// The screen of an operating panel: draws its machine page by page, and reacts to the pointer and to keys.
import type { Clock } from "#hardware/ports.ts";
import { createFramebuffer, type Framebuffer, type Rectangle } from "#protocol/rfb/pixel-format.ts";
import { Canvas } from "./canvas.ts";
import { drawAlarms } from "./hmi-alarms.ts";
import { type Drawing, drawFooter, drawHeader } from "./hmi-frame.ts";
import { layout, type PageName, screenHeight, screenSizes, screenWidth } from "./hmi-layout.ts";
import { HmiOperation } from "./hmi-operation.ts";
import { drawOverview } from "./hmi-overview.ts";
import { drawProcess } from "./hmi-process.ts";
import { drawKeypad, drawSettings } from "./hmi-settings.ts";
import { drawTrends, trendStep } from "./hmi-trends.ts";
import { type MachineName, machines, ProcessModel, type ProcessSource } from "./process-model.ts";
import { type ThemeName, themes } from "./theme.ts";

export { layout, screenHeight, screenWidth } from "./hmi-layout.ts";
export { entryLengthMax } from "./hmi-state.ts";

const caretBlinkMs = 500;
/** A part of the picture that only moves: by `dx`, `dy` pixels or a multiple. */
export interface ScrollingArea {
  readonly area: Rectangle;
  readonly dx: number;
  readonly dy: number;
}

export interface HmiOptions {
  readonly title: string;
  readonly machine?: MachineName;
  /** Another one's machine, which this screen shows too. */
  readonly process?: ProcessSource;
  readonly theme?: ThemeName;
  readonly seed: string | number;
  readonly clock: Clock;
}

export class HmiScreen {
  /** Called when somebody's input may have changed the picture. */
  changed: () => void = () => undefined;
  /** Called when the panel copies a text. */
  copied: (text: string) => void = () => undefined;
  /** Called when it beeps: an alarm has begun. */
  beeped: () => void = () => undefined;
  readonly process: ProcessModel;
  readonly #options: HmiOptions;
  readonly #operation: HmiOperation;
  #frame: Framebuffer = createFramebuffer(screenWidth, screenHeight);
  #canvas = new Canvas(this.#frame);
  #inputs = 0;
  #drawn = "";

  constructor(options: HmiOptions) {
    this.#options = options;
    const own = (): ProcessModel =>
      new ProcessModel(machines[options.machine ?? "press"], options.seed, options.clock.nowMs());
    this.process = options.process?.of(options) ?? own();
    this.#operation = new HmiOperation(this.process, (text) => this.copied(text));
    this.process.alarms.onBegin(() => this.beeped());
    this.render();
  }

  get frame(): Framebuffer {
    return this.#frame;
  }

  get title(): string {
    return this.#options.title;
  }

  get isRunning(): boolean {
    return this.process.isRunning;
  }

  get page(): PageName {
    return this.#operation.state.page;
  }

  /** What has been typed into the field and not stored. */
  get entry(): string {
    return this.#operation.state.entry;
  }

  /** What Enter has stored last. */
  get order(): string {
    return this.#operation.state.order;
  }

  /** The name of the set point that the keypad is open for. */
  get keypad(): string | undefined {
    return this.#operation.state.keypad?.point.name;
  }

  get clipboard(): string {
    return this.#operation.clipboard;
  }

  /** What of the picture moves by itself. */
  get scrolling(): readonly ScrollingArea[] {
    const { scale, x, y } = this.#canvas.view;
    // Only at whole multiples of the drawn size do pixels move as they are.
    if (!Number.isInteger(scale)) return [];
    const onPicture = ({ area, dx, dy }: ScrollingArea): ScrollingArea => ({
      area: { x: x + area.x * scale, y: y + area.y * scale, width: area.width * scale, height: area.height * scale },
      ...{ dx: dx * scale, dy: dy * scale },
    });
    return scrollingOf(this.#operation.state.page).map(onPicture);
  }

  /** When the picture changes by itself next, in ms from now. */
  untilNextChangeMs(): number {
    return this.process.untilNextTickMs(this.#options.clock.nowMs());
  }

  /** Shows another page, as its button does. */
  shows(page: PageName): void {
    this.#operation.obey({ kind: "page", page });
    this.#touched();
  }

  /** Gives the picture another size; false if it cannot have that one. */
  resizes(width: number, height: number): boolean {
    const { widthMin, widthMax, heightMin, heightMax } = screenSizes;
    if (width < widthMin || width > widthMax || height < heightMin || height > heightMax) return false;
    if (width === this.#frame.width && height === this.#frame.height) return true;
    const scale = Math.min(width / screenWidth, height / screenHeight);
    const [x, y] = [(width - screenWidth * scale) / 2, (height - screenHeight * scale) / 2].map(Math.floor);
    this.#frame = createFramebuffer(width, height);
    this.#canvas = new Canvas(this.#frame, { scale, x: x ?? 0, y: y ?? 0 });
    this.#touched();
    return true;
  }

  /** What somebody has copied elsewhere. */
  takesClipboard(text: string): void {
    this.#operation.takesClipboard(text);
  }

  /** The pointer's place in the picture and its buttons, as RFB tells them. */
  pointer(x: number, y: number, buttons: number): void {
    const { view } = this.#canvas;
    this.#operation.pointer((x - view.x) / view.scale, (y - view.y) / view.scale, buttons);
    this.#touched();
  }

  /** A key, as X11 numbers it. */
  key(keysym: number, isDown: boolean): void {
    if (!isDown) return;
    this.#operation.key(keysym);
    this.#touched();
  }

  /** Draws what is to be seen now. */
  render(): Framebuffer {
    const nowMs = this.#options.clock.nowMs();
    this.process.advanceTo(nowMs);
    const key = `${this.process.tick} ${Math.floor(nowMs / caretBlinkMs)} ${this.#inputs} ${this.process.changes}`;
    // Between two ticks without input everything looks as it did.
    if (key === this.#drawn) return this.#frame;
    this.#drawn = key;
    const theme = themes[this.#options.theme ?? "day"];
    const drawing = { canvas: this.#canvas, theme, process: this.process, state: this.#operation.state, nowMs };
    this.#frame.pixels.fill(theme.header);
    this.#canvas.fill(0, 0, screenWidth, screenHeight, theme.background);
    pageDrawings[this.#operation.state.page](drawing);
    drawHeader(drawing, this.title);
    if (this.#operation.state.keypad !== undefined) drawKeypad(drawing, this.#operation.state.keypad);
    drawFooter(drawing);
    return this.#frame;
  }

  #touched(): void {
    this.#inputs += 1;
    this.changed();
  }
}

const pageDrawings: Readonly<Record<PageName, (drawing: Drawing) => void>> = {
  overview: drawOverview,
  process: drawProcess,
  trends: drawTrends,
  alarms: drawAlarms,
  settings: drawSettings,
};

function scrollingOf(page: PageName): readonly ScrollingArea[] {
  switch (page) {
    case "trends":
      return [{ area: layout.movingTrend, dx: -trendStep, dy: 0 }];
    case "alarms":
      return [{ area: layout.alarmRows, dx: 0, dy: 24 }];
    default:
      return [];
  }
}
