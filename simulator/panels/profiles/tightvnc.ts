// TightVNC 1.3.9, the server for Unix.
import { encodings } from "#protocol/rfb/messages.ts";
import { pixelEncodings, pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import type { VncProfile } from "./profile.ts";

/** What it lists behind ServerInit: standard, TridiaVNC's and its own. */
const tightEncodings = [
  { code: 1, vendor: "STDV", name: "COPYRECT" },
  { code: 2, vendor: "STDV", name: "RRE_____" },
  { code: 4, vendor: "STDV", name: "CORRE___" },
  { code: 5, vendor: "STDV", name: "HEXTILE_" },
  { code: 6, vendor: "TRDV", name: "ZLIB____" },
  { code: 7, vendor: "TGHT", name: "TIGHT___" },
  { code: 0xffffff00, vendor: "TGHT", name: "COMPRLVL" },
  { code: 0xffffffe0, vendor: "TGHT", name: "JPEGQLVL" },
  { code: 0xffffff10, vendor: "TGHT", name: "X11CURSR" },
  { code: 0xffffff11, vendor: "TGHT", name: "RCHCURSR" },
  { code: 0xffffff18, vendor: "TGHT", name: "POINTPOS" },
  { code: 0xffffff20, vendor: "TGHT", name: "LASTRECT" },
] as const;

export const tightVnc139: VncProfile = {
  name: "tightvnc-1.3.9",
  vendor: "TightVNC Group",
  product: "TightVNC Server for Unix (Xvnc)",
  version: "1.3.9",
  protocol: "VNC",
  summary: "Offers VNC Authentication and Tight, knows Tight and Hextile but no ZRLE, and cannot change its size.",
  source:
    "Measured on Xtightvnc 1.3.10 of Debian 12, the next version of the same line: security types 2 and 16, the lists " +
    "behind ServerInit, pixel format, words and results of wrong passwords up to the sixth.",
  unknown:
    "That 1.3.9 says the same byte for byte is taken from the version beside it, not measured. How long the lock-out " +
    "lasts was not measured either.",
  behaviour: {
    security: [{ type: "vnc" }, { type: "tight", encodings: tightEncodings }],
    encodings: [encodings.raw, encodings.copyRectangle, pixelEncodings.hextile, pixelEncodings.tight],
    pseudo: [encodings.cursor, pseudoEncodings.lastRectangle],
    isResizable: false,
    wrongPassword: { result: 1, text: "Authentication failed" },
    lockout: {
      ...{ after: 5, forMs: 10_000, told: "list" },
      last: { result: 2, text: "Authentication failed, too many tries" },
      text: "Too many authentication failures",
    },
  },
};
