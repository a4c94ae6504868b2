// Keys that a browser or a desktop keeps for itself, by their X11 keysym and their place on the keyboard.

export interface VncKey {
  readonly name: string;
  readonly testId: string;
  readonly keysym: number;
  readonly code: string;
}

export const singleKeys: readonly VncKey[] = [
  { name: "Esc", testId: "key-esc", keysym: 0xff1b, code: "Escape" },
  { name: "Tab", testId: "key-tab", keysym: 0xff09, code: "Tab" },
  { name: "Windows", testId: "key-windows", keysym: 0xffeb, code: "MetaLeft" },
  ...Array.from({ length: 12 }, (_, index) => ({
    name: `F${index + 1}`,
    testId: `key-f${index + 1}`,
    keysym: 0xffbe + index,
    code: `F${index + 1}`,
  })),
];

/** Stay down until they are released. */
export const stickyKeys: readonly VncKey[] = [
  { name: "Ctrl", testId: "key-ctrl", keysym: 0xffe3, code: "ControlLeft" },
  { name: "Alt", testId: "key-alt", keysym: 0xffe9, code: "AltLeft" },
];
