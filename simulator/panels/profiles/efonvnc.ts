// EfonVNC 4.2, the server for Windows CE.
import { encodings } from "#protocol/rfb/messages.ts";
import { rgb888 } from "#protocol/rfb/pixel-format.ts";
import { pixelEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import type { VncProfile } from "./profile.ts";

export const efonVnc42: VncProfile = {
  name: "efonvnc-4.2",
  vendor: "EfonVNC project",
  product: "EfonVNC Server for Windows CE",
  version: "4.2",
  protocol: "VNC",
  summary: "RealVNC 4 on Windows CE: VNC Authentication, Hextile and ZRLE, no pointer shape, 16 bits a pixel.",
  source:
    "The published source (github.com/peica/efonvnc, SConnection.cxx, encodings.h, SMsgWriterV3.cxx, VNCServerST.cxx, " +
    "Changelog.txt), which is RealVNC 4's with the pointer's shape switched off: greeting, encodings, lock-out and words.",
  unknown:
    "The source bears no version number, so that it is 4.2 is not certain; no server was at hand to measure. The pixel " +
    "format is the device's: 16 bits are usual on Windows CE and are a guess here.",
  behaviour: {
    security: [{ type: "vnc" }],
    encodings: [encodings.raw, encodings.copyRectangle, pixelEncodings.hextile, encodings.zrle],
    pseudo: [encodings.desktopSize],
    format: {
      ...{ ...rgb888, bitsPerPixel: 16, depth: 16, redMax: 31, greenMax: 63, blueMax: 31 },
      ...{ redShift: 11, greenShift: 5, blueShift: 0 },
    },
    isResizable: false,
    wrongPassword: { result: 1, text: "Authentication failure" },
    lockout: { after: 5, forMs: 10_000, text: "Too many security failures", told: "at once" },
  },
};
