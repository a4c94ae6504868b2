// Where things are on the panel's screen: what is drawn there, and what a finger or a test presses.
import type { Rectangle } from "#protocol/rfb/pixel-format.ts";

/** The size for which the pages are drawn; other sizes show the same, larger or smaller. */
export const screenWidth = 800;
export const screenHeight = 480;

/** Smallest and largest size that a viewer may ask for. */
export const screenSizes = { widthMin: 320, heightMin: 192, widthMax: 1920, heightMax: 1200 } as const;

export const pages = ["overview", "process", "trends", "alarms", "settings"] as const;
export type PageName = (typeof pages)[number];

export const pageTitles: Readonly<Record<PageName, string>> = {
  overview: "Main",
  process: "Process",
  trends: "Trends",
  alarms: "Alarms",
  settings: "Settings",
};

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
  /** The order that is being made: a press copies it. */
  order: { x: 540, y: 398, width: 232, height: 30 },
  alarm: { x: 0, y: 446, width: screenWidth, height: 34 },
  /** The one card of the other pages. */
  page: { x: 12, y: 60, width: 776, height: 374 },
  longTrend: { x: 40, y: 104, width: 720, height: 288 },
  /** With the times below it: what moves left together. */
  movingTrend: { x: 40, y: 104, width: 720, height: 316 },
  alarmRows: { x: 24, y: 110, width: 752, height: 264 },
  acknowledge: { x: 604, y: 388, width: 172, height: 36 },
} as const satisfies Record<string, Rectangle | readonly Rectangle[]>;

export const alarmRowHeight = 24;
export const alarmRows = layout.alarmRows.height / alarmRowHeight;

/** Buttons of the bottom line, in the order of `pages`. */
export const pageButtons: readonly Rectangle[] = pages.map((_, index) => ({
  ...{ x: 372 + index * 85, y: 451, width: 81, height: 25 },
}));

/** Rows of the set points; a press opens the keypad. */
export const settingRows: readonly Rectangle[] = Array.from({ length: 4 }, (_, index) => ({
  ...{ x: 28, y: 100 + index * 80, width: 744, height: 68 },
}));

export const keypad: Rectangle = { x: 256, y: 70, width: 288, height: 356 };

/** Keys by what is on them. */
export const keypadKeys: readonly { readonly face: string; readonly area: Rectangle }[] = [
  ["7", "8", "9", "<"],
  ["4", "5", "6", "C"],
  ["1", "2", "3", "+/-"],
  ["0", ".", "Esc", "OK"],
].flatMap((row, line) =>
  row.map((face, column) => ({
    face,
    area: { x: keypad.x + 14 + column * 66, y: keypad.y + 136 + line * 53, width: 62, height: 47 },
  })),
);

export function contains(area: Rectangle, x: number, y: number): boolean {
  return x >= area.x && y >= area.y && x < area.x + area.width && y < area.y + area.height;
}
