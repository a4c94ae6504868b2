// What can be pressed on the panel's screen, and what that does.
import type { Rectangle } from "#protocol/rfb/pixel-format.ts";
import { keypadKeys, layout, type PageName, pageButtons, pages, settingRows } from "./hmi-layout.ts";
import type { HmiState } from "./hmi-state.ts";

export type HmiCommand =
  | { readonly kind: "page"; readonly page: PageName }
  /** Starts the machine or stops it. */
  | { readonly kind: "machine" }
  | { readonly kind: "copy" }
  | { readonly kind: "acknowledge" }
  | { readonly kind: "scroll"; readonly rows: number }
  | { readonly kind: "setting"; readonly index: number }
  | { readonly kind: "keypad"; readonly face: string };

export interface Target {
  readonly id: string;
  readonly area: Rectangle;
  readonly command: HmiCommand;
}

/** What can be pressed now; an open keypad takes all there is. */
export function targetsOf(state: HmiState): readonly Target[] {
  if (state.keypad !== undefined) {
    return keypadKeys.map(({ face, area }) => ({ id: `key ${face}`, area, command: { kind: "keypad", face } }));
  }
  return [...pageTargets, ...ownTargets[state.page]];
}

const pageTargets: readonly Target[] = pages.flatMap((page, index) => {
  const area = pageButtons[index];
  return area === undefined ? [] : [{ id: `page ${page}`, area, command: { kind: "page" as const, page } }];
});

const ownTargets: Readonly<Record<PageName, readonly Target[]>> = {
  overview: [
    { id: "machine", area: layout.button, command: { kind: "machine" } },
    { id: "copy", area: layout.order, command: { kind: "copy" } },
  ],
  process: [],
  trends: [],
  alarms: [{ id: "acknowledge", area: layout.acknowledge, command: { kind: "acknowledge" } }],
  settings: settingRows.map((area, index) => ({ id: `setting ${index}`, area, command: { kind: "setting", index } })),
};
