// Colours of an operating panel.

export interface Theme {
  readonly background: number;
  readonly card: number;
  readonly cardEdge: number;
  readonly header: number;
  readonly headerText: number;
  readonly text: number;
  readonly faintText: number;
  readonly track: number;
  readonly accent: number;
  readonly curve: number;
  readonly second: number;
  readonly field: number;
}

/** Colours that mean the same on every panel. */
export const signalColours = {
  good: 0x2e9e5b,
  warning: 0xe0a021,
  alarm: 0xd64545,
  go: 0x2e9e5b,
  stop: 0xd64545,
} as const;

export const themes = {
  day: {
    background: 0xdfe5ea,
    card: 0xf9fbfc,
    cardEdge: 0xc2ccd4,
    header: 0x17313f,
    headerText: 0xf2f7f9,
    text: 0x1f2d36,
    faintText: 0x64757f,
    track: 0xdbe2e7,
    accent: 0x0a8a96,
    curve: 0x0a8a96,
    second: 0xc97a1b,
    field: 0xffffff,
  },
  night: {
    background: 0x12181f,
    card: 0x1d2630,
    cardEdge: 0x34424f,
    header: 0x0b1016,
    headerText: 0xe9f1f5,
    text: 0xdfe8ee,
    faintText: 0x8b9ba7,
    track: 0x33404c,
    accent: 0x4aa8ff,
    curve: 0x4aa8ff,
    second: 0xf2b84b,
    field: 0x0e141a,
  },
  warm: {
    background: 0xe7e4dd,
    card: 0xfbfaf6,
    cardEdge: 0xd0c9bb,
    header: 0x3d2f26,
    headerText: 0xfaf5ec,
    text: 0x332a23,
    faintText: 0x7d7166,
    track: 0xe3ddd1,
    accent: 0xb4541f,
    curve: 0xb4541f,
    second: 0x4a7a8c,
    field: 0xffffff,
  },
} as const satisfies Record<string, Theme>;

export type ThemeName = keyof typeof themes;
