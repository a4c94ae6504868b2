// What one VNC server does differently from another, as data: everything that a viewer can tell by the bytes.
import { encodings } from "#protocol/rfb/messages.ts";
import { type PixelFormat, rgb888 } from "#protocol/rfb/pixel-format.ts";
import { pixelEncodings, pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import type { TightCapability } from "#protocol/rfb/tight.ts";
import type { RfbVersion } from "#protocol/rfb/version.ts";

/** One security type of a server's list. */
export type SecurityOffer =
  | { readonly type: "none" }
  | { readonly type: "vnc" }
  /** The lists behind ServerInit; Tight's own proof is VNC Authentication where there is a password. */
  | { readonly type: "tight"; readonly encodings: readonly TightCapability[] }
  /** Where the panel's program has no TLS, what needs it is left out. */
  | { readonly type: "vencrypt"; readonly subtypes: readonly number[] }
  /** One that the simulator names but cannot speak: whoever takes it is told no. */
  | { readonly type: "foreign"; readonly code: number };

/** A SecurityResult, and its text. */
export interface Refusal {
  readonly result: 1 | 2;
  readonly text: string | undefined;
}

/** So many wrong passwords in a row shut everybody out. */
export interface Lockout {
  readonly after: number;
  readonly forMs: number;
  /** What the last of them is answered with, if it is not as the others. */
  readonly last?: Refusal;
  /** What everybody is told from then on. */
  readonly text: string;
  /** "list": in place of the security types; "at once": with a greeting of 3.3, without waiting for the viewer's. */
  readonly told: "list" | "at once";
}

export interface RfbBehaviour {
  /** The first twelve bytes. */
  readonly greeting: string;
  /** The newest handshake that it speaks. */
  readonly version: RfbVersion;
  /** In its order. */
  readonly security: readonly SecurityOffer[];
  /** Encodings that it can send, Raw among them. */
  readonly encodings: readonly number[];
  /** Pseudo-encodings that it takes up. */
  readonly pseudo: readonly number[];
  readonly format: PixelFormat;
  readonly nameEncoding: "utf8" | "latin1";
  /** "one": a second viewer is refused while a first one is there. */
  readonly viewers: "many" | "one";
  /** Whether SetDesktopSize is obeyed; otherwise it is answered with "prohibited", where it is known at all. */
  readonly isResizable: boolean;
  /** What a wrong password is answered with; 3.8 hears the text, unless the server says none. */
  readonly wrongPassword: Refusal;
  readonly lockout?: Lockout;
  /** Everything up to ServerInit goes out a byte at a time, with this pause between two. */
  readonly bytePauseMs?: number;
  /** Time from the first request to the first picture. */
  readonly firstFrameMs?: number;
  /** Red and blue of every pixel stand in each other's place, whatever format was agreed on. */
  readonly swapsRedAndBlue?: boolean;
  /** Each update begins with a rectangle of no size. */
  readonly sendsEmptyRectangles?: boolean;
  /** Hangs up when a viewer lists an encoding that it does not know. */
  readonly dropsUnknownEncodings?: boolean;
}

const { raw, copyRectangle, zrle, cursor, desktopSize } = encodings;
const { hextile, tight } = pixelEncodings;
const { extendedDesktopSize, fence, continuousUpdates, qemuExtendedKey, extendedClipboard } = pseudoEncodings;

/** The panel as it is without a profile: everything that the simulator can, and nothing odd. */
export const ownBehaviour: RfbBehaviour = {
  greeting: "RFB 003.008\n",
  version: "3.8",
  security: [{ type: "vnc" }],
  encodings: [raw, copyRectangle, hextile, zrle, tight],
  pseudo: [
    ...[cursor, desktopSize, extendedDesktopSize, fence, continuousUpdates],
    ...[qemuExtendedKey, extendedClipboard],
  ],
  format: rgb888,
  nameEncoding: "utf8",
  viewers: "many",
  isResizable: true,
  wrongPassword: { result: 1, text: "The password is wrong" },
};
