// TigerVNC 1.7.0, the server for X.
import { encodings } from "#protocol/rfb/messages.ts";
import { pixelEncodings, pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import { securityTypes, veNCryptSubtypes } from "#protocol/rfb/security.ts";
import type { VncProfile } from "./profile.ts";

const { desktopName, extendedDesktopSize, fence, continuousUpdates, lastRectangle } = pseudoEncodings;

export const tigerVnc170: VncProfile = {
  name: "tigervnc-1.7.0",
  vendor: "TigerVNC project",
  product: "TigerVNC Server (Xvnc)",
  version: "1.7.0",
  protocol: "VNC",
  summary: "Offers VeNCrypt (TLSVnc) before VNC Authentication, has fences and continuous updates, and can be resized.",
  source:
    "The published source at tag v1.7.0 (encodings.h, SConnection.cxx, VNCServerST.cxx, Blacklist.cxx): encodings, pseudo-" +
    "encodings, lock-out and its words. Security types 19 and 2 with subtypes TLSVnc and VncAuth, and the fence of one " +
    "byte: measured on Xtigervnc 1.12 of Debian 12.",
  unknown:
    "That 1.7.0 lists the subtypes in the order of 1.12. Without TLS in the panel's program VeNCrypt offers VncAuth only.",
  behaviour: {
    security: [
      { type: "vencrypt", subtypes: [veNCryptSubtypes.tlsVnc, securityTypes.vncAuthentication] },
      { type: "vnc" },
    ],
    encodings: [
      ...[encodings.raw, encodings.copyRectangle, pixelEncodings.hextile],
      ...[pixelEncodings.tight, encodings.zrle],
    ],
    pseudo: [
      ...[encodings.cursor, encodings.desktopSize, extendedDesktopSize],
      ...[desktopName, fence, continuousUpdates, lastRectangle],
    ],
    isResizable: true,
    wrongPassword: { result: 1, text: "Authentication failure" },
    lockout: { after: 5, forMs: 10_000, text: "Too many security failures", told: "at once" },
  },
};
