// Oddities that panels have, each alone, so that a test shows which of them something does not stand.
import { encodings } from "#protocol/rfb/messages.ts";
import { pixelEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import type { RfbBehaviour } from "../rfb/rfb-behaviour.ts";
import type { SshProfile, VncProfile } from "./profile.ts";

interface Quirk {
  readonly name: string;
  readonly summary: string;
  readonly source: VncProfile["source"];
  readonly behaviour: Partial<RfbBehaviour>;
  readonly passwordLengthMax?: number;
  readonly title?: string;
}

function quirk({ name, ...rest }: Quirk): VncProfile {
  return { name, ...rest, vendor: "any", product: name, version: "1", protocol: "VNC" };
}

/** What an old embedded server has: no pointer shape and no changes of size. */
const plain = { encodings: [encodings.raw, encodings.copyRectangle, pixelEncodings.hextile], pseudo: [] };

export const quirks: readonly VncProfile[] = [
  quirk({
    name: "one-client-only",
    summary: "Refuses a second viewer while a first one is there, with a reason in place of the security types.",
    source: "RFC 6143 section 7.1.2 (no security types, then a reason). The words are RealVNC 4's for NeverShared.",
    behaviour: { viewers: "one" },
  }),
  quirk({
    name: "red-and-blue-swapped",
    summary: "Sends blue where the agreed pixel format has red, and red where it has blue.",
    source:
      "vncdotool issue 42 and noVNC issue 70, where servers do; Guacamole has a setting (swap-red-blue) for such servers.",
    behaviour: { swapsRedAndBlue: true },
  }),
  quirk({
    name: "eight-character-password",
    summary: "Keeps only the first eight letters of its password, as DES has room for no more.",
    source: "RFC 6143 section 7.2.2: the key is the password cut to eight characters.",
    behaviour: plain,
    passwordLengthMax: 8,
  }),
  quirk({
    name: "version-005-000",
    summary: "Greets with 005.000 and then speaks 3.8.",
    source: "noVNC issue 639 and pull request 616, vncdotool pull request 248.",
    behaviour: { greeting: "RFB 005.000\n" },
  }),
  quirk({
    name: "version-003-889",
    summary: "Greets with 003.889, as Apple's servers do, and lists Apple's security types before VNC Authentication.",
    source:
      "TigerVNC issues 51 and 1058 (003.889 goes on in 3.8); types 30, 33 and 36 to a viewer of 3.8: vm0 issue 35867.",
    behaviour: {
      greeting: "RFB 003.889\n",
      security: [...[30, 33, 36].map((code) => ({ type: "foreign", code }) as const), { type: "vnc" }],
    },
  }),
  quirk({
    name: "no-resize",
    summary: "Tells its size, and prohibits every wish for another one.",
    source: 'rfbproto, ExtendedDesktopSize: status 1 is "resize is administratively prohibited".',
    behaviour: { isResizable: false },
  }),
  quirk({
    name: "byte-at-a-time",
    summary: "Sends everything up to ServerInit a byte at a time, 20 ms apart.",
    source: {
      unknown: "No product is known to do this on purpose; TCP allows it, and slow serial bridges come near it.",
    },
    behaviour: { bytePauseMs: 20 },
  }),
  quirk({
    name: "slow-first-frame",
    summary: "Takes 25 seconds to its first picture.",
    source: {
      unknown: "No product is named; panels that read a large picture over a slow bus are said to take this long.",
    },
    behaviour: { firstFrameMs: 25_000 },
  }),
  quirk({
    name: "rfb-3.3-only",
    summary: "Speaks 3.3 only: the server decides on the security type, and no reason follows a wrong password.",
    source: "RFC 6143 appendix A; test-peers: no server of Debian 12 does, so it is simulated.",
    behaviour: { ...plain, greeting: "RFB 003.003\n", version: "3.3" },
  }),
  quirk({
    name: "empty-rectangles",
    summary: "Begins each update with a rectangle of no width and no height.",
    source: "Measured on Xtigervnc 1.12: a Cursor rectangle of no size; vncsnapshot does not stand it.",
    behaviour: { sendsEmptyRectangles: true },
  }),
  quirk({
    name: "latin-1-name",
    summary: "Writes the desktop's name in Latin-1, which is no UTF-8.",
    source: "noVNC issue 1326 (x11vnc with a window name in Latin-1).",
    behaviour: { nameEncoding: "latin1" },
    title: "Förderband 3 \u00b7 Öl",
  }),
  quirk({
    name: "drops-unknown-encodings",
    summary: "Hangs up when a viewer lists an encoding that it does not know.",
    source: { unknown: "No product is named; RFC 6143 section 7.5.2 says that unknown encodings are ignored." },
    behaviour: { ...plain, dropsUnknownEncodings: true },
  }),
  quirk({
    name: "mute-refusal",
    summary: "Closes behind the result of a wrong password without the reason that 3.8 owes.",
    source: { unknown: "No product is named; RFC 6143 section 7.1.3 wants a reason in 3.8." },
    behaviour: { ...plain, wrongPassword: { result: 1, text: undefined } },
  }),
  quirk({
    name: "too-many-attempts",
    summary: "Answers a wrong password with result 2, which RFC 6143 does not have.",
    source:
      'rfbproto, SecurityResult 2 ("failed, too many attempts"); measured on Xtightvnc 1.3.10 at the fifth attempt.',
    behaviour: { ...plain, wrongPassword: { result: 2, text: "Authentication failed, too many tries" } },
  }),
  quirk({
    name: "tight-only",
    summary: "Offers the security type Tight alone, whose lists come behind ServerInit.",
    source: "rfbproto, Tight Security Type: tunnels, authentications, and the lists behind ServerInit.",
    behaviour: { ...plain, security: [{ type: "tight", encodings: [{ code: 5, vendor: "STDV", name: "HEXTILE_" }] }] },
  }),
];

/** For the SSH panel: what is left on devices of about 2008. */
export const legacyKeyExchange: SshProfile = {
  name: "legacy-key-exchange",
  vendor: "any",
  product: "legacy-key-exchange",
  version: "1",
  protocol: "SSH",
  summary: "Knows only key exchanges with SHA-1, CBC ciphers, and host keys that today's clients refuse by default.",
  source:
    "RFC 4253 sections 6.3, 6.4 and 8: the algorithms that were required then. test-peers, section 2: OpenSSH's names.",
  greeting: "SSH-2.0-dropbear_0.52",
  keyExchanges: ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1"],
  hostKeys: ["ssh-rsa"],
  ciphers: ["3des-cbc", "aes128-cbc"],
  macs: ["hmac-sha1", "hmac-md5"],
};
