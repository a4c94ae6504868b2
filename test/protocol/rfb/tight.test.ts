// Security type Tight: transcripts, most of them recorded from Xtightvnc 1.3.10 (Debian 12), and what it appends to ServerInit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  TightServerInitStripper,
  tightCapabilitiesMax,
  writeTightCapabilities,
  writeTightInteraction,
} from "#protocol/rfb/tight.ts";
import { authenticated, describeTranscripts, ok, reason, refused, run, type Transcript } from "./panel-transcript.ts";
import { anyPieces, bytes, hex, oneByOne, toHex } from "./transcript.ts";

const v33 = "RFB 003.003\n";
const v37 = "RFB 003.007\n";
const v38 = "RFB 003.008\n";
const none = hex("00 00 00 00");
// Recorded: one authentication, 2, "STDV", "VNCAUTH_".
const vncList = hex("00 00 00 01 00 00 00 02 53 54 44 56 56 4e 43 41 55 54 48 5f");
const vncChosen = hex("00 00 00 02");
// Recorded: challenge, the answer for "secret12", which the server accepted.
const password = "secret12";
const challenge = hex("11 52 08 b3 99 ef c5 19 97 11 53 4a 20 09 54 b3");
const response = hex("8c 01 81 23 52 05 e9 23 70 5b 11 68 9a e2 f1 03");
// The numbers and names of TightVNC's rfbproto.h: no tunnel, a made-up tunnel, no proof, Unix login.
const noTunnel = bytes(hex("00 00 00 00"), "TGHTNOTUNNEL");
const someTunnel = bytes(hex("00 00 00 01"), "TGHTSSLTUNL_");
const noProof = bytes(hex("00 00 00 01"), "STDVNOAUTH__");
const unixLogin = bytes(hex("00 00 00 81"), "TGHTULGNAUTH");
const count = (value: number) => hex(value.toString(16).padStart(8, "0"));

const transcripts: readonly Transcript[] = [
  {
    what: "3.8, VNC Authentication, accepted (recorded)",
    options: { password },
    panel: bytes(v38, 1, 16, none, vncList, challenge, ok),
    client: bytes(v38, 16, vncChosen, response),
    outcome: authenticated("3.8", 16, 2),
  },
  {
    what: "3.8, VNC Authentication, refused (recorded)",
    options: { password },
    panel: bytes(v38, 1, 16, none, vncList, challenge, hex("00 00 00 01"), reason("Authentication failed")),
    client: bytes(v38, 16, vncChosen, response),
    outcome: refused("auth.failed", "The panel did not accept the password: Authentication failed"),
  },
  {
    what: "3.7, VNC Authentication, refused without a reason (recorded)",
    options: { password },
    panel: bytes(v37, 1, 16, none, vncList, challenge, hex("00 00 00 01")),
    client: bytes(v37, 16, vncChosen, response),
    outcome: refused("auth.failed", "The panel did not accept the password"),
  },
  {
    what: "3.8, an empty list of authentications asks for nothing and has a result (recorded)",
    options: { password },
    panel: bytes(v38, 1, 16, none, none, ok),
    client: bytes(v38, 16),
    outcome: authenticated("3.8", 16),
  },
  {
    what: "3.7, an empty list of authentications has no result (recorded)",
    options: {},
    panel: bytes(v37, 1, 16, none, none),
    client: bytes(v37, 16),
    outcome: authenticated("3.7", 16),
  },
  {
    what: "3.8, VNC Authentication without a password",
    options: {},
    panel: bytes(v38, 1, 16, none, vncList),
    client: bytes(v38, 16),
    outcome: refused("auth.required", "The panel asks for a VNC password and there is none"),
  },
  {
    what: "3.8, no tunnel is chosen where tunnels are offered, and no proof",
    options: {},
    panel: bytes(v38, 1, 16, count(2), someTunnel, noTunnel, count(2), unixLogin, noProof, ok),
    client: bytes(v38, 16, none, hex("00 00 00 01")),
    outcome: authenticated("3.8", 16, 1),
  },
  {
    what: "3.8, a panel that insists on a tunnel",
    options: { password },
    panel: bytes(v38, 1, 16, count(1), someTunnel),
    client: bytes(v38, 16),
    outcome: refused("protocol.unsupported", "The panel asks for a Tight tunnel (SSLTUNL); Postern speaks without one"),
  },
  {
    what: "3.8, an authentication that Postern does not speak",
    options: { password },
    panel: bytes(v38, 1, 16, none, count(1), unixLogin),
    client: bytes(v38, 16),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers Tight with ULGNAUTH; Postern signs in there with None or VNC Authentication",
    ),
  },
  {
    what: "3.8, more tunnels than are read",
    options: { password },
    panel: bytes(v38, 1, 16, count(tightCapabilitiesMax + 1)),
    client: bytes(v38, 16),
    outcome: refused(
      "protocol.malformed",
      "The panel does not speak VNC: Tight lists 257 tunnels, at most 256 are read",
    ),
  },
  {
    what: "3.8, as many tunnels as are read",
    options: {},
    panel: bytes(v38, 1, 16, count(tightCapabilitiesMax), ...Array(255).fill(someTunnel), noTunnel, none, ok),
    client: bytes(v38, 16, none),
    outcome: authenticated("3.8", 16),
  },
  {
    what: "3.8, text instead of lists",
    options: {},
    panel: bytes(v38, 1, 16, "HTTP"),
    client: bytes(v38, 16),
    outcome: refused(
      "protocol.malformed",
      "The panel does not speak VNC: Tight lists 1213486160 tunnels, at most 256 are read",
    ),
  },
  {
    what: "3.8, VNC Authentication is taken before Tight (recorded)",
    options: { password },
    panel: bytes(v38, 2, 2, 16, challenge, ok),
    client: bytes(v38, 2, response),
    outcome: authenticated("3.8", 2),
  },
  {
    what: "3.8, None is taken before Tight (recorded)",
    options: {},
    panel: bytes(v38, 2, 1, 16, ok),
    client: bytes(v38, 1),
    outcome: authenticated("3.8", 1),
  },
  {
    what: "3.3 has no Tight",
    options: { password },
    panel: bytes(v33, hex("00 00 00 10")),
    client: bytes(v33),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers Tight; Postern signs in with None or VNC Authentication",
    ),
  },
];

describeTranscripts("Tight towards a panel", transcripts);

it("the names of capabilities are made fit for people, eight of them at most", () => {
  const nasty = bytes(hex("00 00 00 63"), "EVIL", hex("1b 5b 33 31 6d 0a 00 41"));
  const list = bytes(count(9), nasty, ...Array(8).fill(unixLogin));
  expect(run({ password }, [bytes(v38, 1, 16, none, list)]).outcome).toEqual(
    refused(
      "protocol.unsupported",
      `The panel offers Tight with [31m A${", ULGNAUTH".repeat(7)} and more; Postern signs in there with None or VNC Authentication`,
    ),
  );
});

// Recorded from Xtightvnc 1.3.10: ServerInit of 320x240 with its name, then 0, 0 and 12 entries.
const serverInit = bytes(
  hex("01 40 00 f0 20 18 00 01 00 ff 00 ff 00 ff 10 08 00 00 00 00 00 00 00 1a"),
  "root's x11 desktop (vm:74)",
);
const lists = bytes(
  hex("00 00 00 00 00 0c 00 00"),
  hex("00 00 00 01 53 54 44 56 43 4f 50 59 52 45 43 54 00 00 00 02 53 54 44 56 52 52 45 5f 5f 5f 5f 5f"),
  hex("00 00 00 04 53 54 44 56 43 4f 52 52 45 5f 5f 5f 00 00 00 05 53 54 44 56 48 45 58 54 49 4c 45 5f"),
  hex("00 00 00 06 54 52 44 56 5a 4c 49 42 5f 5f 5f 5f 00 00 00 07 54 47 48 54 54 49 47 48 54 5f 5f 5f"),
  hex("ff ff ff 00 54 47 48 54 43 4f 4d 50 52 4c 56 4c ff ff ff e0 54 47 48 54 4a 50 45 47 51 4c 56 4c"),
  hex("ff ff ff 10 54 47 48 54 58 31 31 43 55 52 53 52 ff ff ff 11 54 47 48 54 52 43 48 43 55 52 53 52"),
  hex("ff ff ff 18 54 47 48 54 50 4f 49 4e 54 50 4f 53 ff ff ff 20 54 47 48 54 4c 41 53 54 52 45 43 54"),
);
const update = hex("00 00 00 01 00 00");

function stripped(pieces: readonly Uint8Array[]): string {
  const stripper = new TightServerInitStripper();
  return toHex(Buffer.concat(pieces.map((piece) => stripper.receive(piece))));
}

describe("Tight's lists behind ServerInit", () => {
  const clean = toHex(bytes(serverInit, update));

  it("are taken out of a recorded stream", () => {
    expect(stripped([bytes(serverInit, lists, update)])).toBe(clean);
    expect(stripped(oneByOne(bytes(serverInit, lists, update)))).toBe(clean);
  });

  it("are taken out in whatever pieces they come", () => {
    fc.assert(
      fc.property(anyPieces(bytes(serverInit, lists, update)), (pieces) => {
        expect(stripped(pieces)).toBe(clean);
      }),
    );
  });

  it("may be empty, as may the name", () => {
    const nameless = bytes(serverInit.subarray(0, 20), none);
    expect(stripped(oneByOne(bytes(nameless, hex("00 00 00 00 00 00 00 00"), update)))).toBe(
      toHex(bytes(nameless, update)),
    );
  });

  it("keep nothing back of ServerInit, and say when they are through", () => {
    const stripper = new TightServerInitStripper();
    expect(toHex(stripper.receive(serverInit.subarray(0, 10)))).toBe(toHex(serverInit.subarray(0, 10)));
    expect(toHex(stripper.receive(serverInit.subarray(10)))).toBe(toHex(serverInit.subarray(10)));
    expect(stripper.isThrough).toBe(false);
    expect(stripper.receive(lists.subarray(0, -1))).toHaveLength(0);
    expect(stripper.isThrough).toBe(false);
    expect(stripper.receive(lists.subarray(-1))).toHaveLength(0);
    expect(stripper.isThrough).toBe(true);
    expect(toHex(stripper.receive(lists))).toBe(toHex(lists));
  });

  it("are written as they are read", () => {
    const one = { code: 0xffffff10, vendor: "TGHT", name: "X11CURSR" };
    const written = writeTightInteraction({ serverMessages: [one], clientMessages: [one, one], encodings: [] });
    expect(toHex(written.subarray(0, 24))).toBe(
      `0001000200000000ffffff10${Buffer.from("TGHTX11CURSR").toString("hex")}`,
    );
    expect(stripped([bytes(serverInit, written, update)])).toBe(clean);
    expect(toHex(writeTightCapabilities([{ code: 2, vendor: "STDV", name: "VNCAUTH" }]))).toBe(toHex(vncList));
  });

  it("have at most 256 entries each", () => {
    const entries = (many: number) => bytes(0, 0, many >> 8, many & 255, 0, 0, 0, 0, new Uint8Array(16 * many));
    expect(stripped([bytes(serverInit, entries(tightCapabilitiesMax), update)])).toBe(clean);
    expect(() => stripped([bytes(serverInit, entries(tightCapabilitiesMax + 1))])).toThrow(
      expect.objectContaining({ code: "rfb.too-large" }),
    );
  });

  it("come behind a name of at most 4096 bytes", () => {
    const named = (length: number) => bytes(serverInit.subarray(0, 20), count(length), "n".repeat(length));
    expect(stripped([bytes(named(4096), lists, update)])).toBe(toHex(bytes(named(4096), update)));
    expect(() => stripped([named(4097)])).toThrow(expect.objectContaining({ code: "rfb.too-large" }));
  });
});
