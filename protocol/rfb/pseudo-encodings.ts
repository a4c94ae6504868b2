// Encodings and pseudo-encodings beyond RFC 6143's, with the community's numbers (rfbproto), and messages that go with them.

/** Encodings that carry pixels; Raw, CopyRect and ZRLE are in `encodings` of messages.ts. */
export const pixelEncodings = { hextile: 5, tight: 7 } as const;

/** What a client says that it can do, in its list of encodings. */
export const pseudoEncodings = {
  lastRectangle: -224,
  desktopName: -307,
  extendedDesktopSize: -308,
  fence: -312,
  continuousUpdates: -313,
  qemuExtendedKey: -258,
  extendedClipboard: -1_063_131_698,
} as const;

/** Message types that go with them. */
export const clientMessageTypes = {
  enableContinuousUpdates: 150,
  fence: 248,
  setDesktopSize: 251,
  qemu: 255,
} as const;
export const serverMessageTypes = { endOfContinuousUpdates: 150, fence: 248 } as const;
