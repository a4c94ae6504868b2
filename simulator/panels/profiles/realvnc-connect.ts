// RealVNC Connect 6.0.2.
import { encodings } from "#protocol/rfb/messages.ts";
import { pixelEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import type { VncProfile } from "./profile.ts";

const foreign = (code: number) => ({ type: "foreign", code }) as const;

export const realVncConnect602: VncProfile = {
  name: "realvnc-connect-6.0.2",
  vendor: "RealVNC",
  product: "RealVNC Connect (VNC Server)",
  version: "6.0.2",
  protocol: "VNC",
  summary: "Greets with 005.000 and lists its own security types before VNC Authentication.",
  source:
    "Greeting 005.000 and that it goes on in 003.008: noVNC issues 639 and 1788, vncdotool pull request 248. " +
    "Security types 13, 133, 5, 129, 192: noVNC issues 940, 1041 (6.4.1) and 1651 (6.9.1). Lock-out after five wrong " +
    "passwords for ten seconds: the BlacklistThreshold and BlacklistTimeout parameters of RealVNC's older open source.",
  unknown:
    "No capture of 6.0.2 itself is at hand. Where VNC Authentication stands in the list once it is switched on, the exact " +
    "words of its refusals and the encodings of 6.0.2 are guesses after RealVNC 4 and neighbouring versions.",
  behaviour: {
    greeting: "RFB 005.000\n",
    security: [foreign(13), foreign(133), foreign(5), foreign(129), foreign(192), { type: "vnc" }],
    encodings: [encodings.raw, encodings.copyRectangle, pixelEncodings.hextile, encodings.zrle],
    pseudo: [encodings.cursor, encodings.desktopSize],
    isResizable: false,
    wrongPassword: { result: 1, text: "Authentication failure" },
    lockout: { after: 5, forMs: 10_000, text: "Too many security failures", told: "at once" },
  },
};
