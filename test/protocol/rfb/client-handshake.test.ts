// Transcripts of the handshake towards a panel, each fed whole, byte by byte and in any pieces.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientHandshake } from "#protocol/rfb/client-handshake.ts";
import {
  authenticated,
  describeTranscripts,
  failed,
  ok,
  reason,
  refused,
  run,
  type Transcript,
} from "./panel-transcript.ts";
import { bytes, hex } from "./transcript.ts";

const v33 = "RFB 003.003\n";
const v37 = "RFB 003.007\n";
const v38 = "RFB 003.008\n";
const challenge = hex("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f");
// openssl's answer to this challenge for the password "password", see vnc-authentication.test.ts.
const response = hex("b8 66 92 41 25 c8 ee bb 9d eb c1 db 61 c5 38 e2");
const password = "password";

// RFC 6143 sections 7.1.1 to 7.1.3 and 7.2; appendix A for 3.3 and 3.7.
const transcripts: readonly Transcript[] = [
  {
    what: "3.3, None: the server decides and there is no result",
    options: { password },
    panel: bytes(v33, hex("00 00 00 01")),
    client: bytes(v33),
    outcome: authenticated("3.3", 1),
  },
  {
    what: "3.3, VNC Authentication, accepted",
    options: { password },
    panel: bytes(v33, hex("00 00 00 02"), challenge, ok),
    client: bytes(v33, response),
    outcome: authenticated("3.3", 2),
  },
  {
    what: "3.3, VNC Authentication, refused without a reason",
    options: { password },
    panel: bytes(v33, hex("00 00 00 02"), challenge, failed),
    client: bytes(v33, response),
    outcome: refused("auth.failed", "The panel did not accept the password"),
  },
  {
    what: "3.3, refused outright with a reason",
    options: {},
    panel: bytes(v33, hex("00 00 00 00"), reason("Too many connections")),
    client: bytes(v33),
    outcome: refused("auth.failed", "The panel refused the connection: Too many connections"),
  },
  {
    what: "3.3, VNC Authentication without a password",
    options: {},
    panel: bytes(v33, hex("00 00 00 02")),
    client: bytes(v33),
    outcome: refused("auth.required", "The panel asks for a VNC password and there is none"),
  },
  {
    what: "3.3, a type that does not exist",
    options: {},
    panel: bytes(v33, hex("00 00 00 10")),
    client: bytes(v33),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers Tight; Postern signs in with None or VNC Authentication",
    ),
  },
  {
    what: "3.7, None: chosen and without a result",
    options: {},
    panel: bytes(v37, 2, 19, 1),
    client: bytes(v37, 1),
    outcome: authenticated("3.7", 1),
  },
  {
    what: "3.7, VNC Authentication, accepted",
    options: { password },
    panel: bytes(v37, 1, 2, challenge, ok),
    client: bytes(v37, 2, response),
    outcome: authenticated("3.7", 2),
  },
  {
    what: "3.7, VNC Authentication, refused without a reason, too many attempts",
    options: { password },
    panel: bytes(v37, 1, 2, challenge, hex("00 00 00 02")),
    client: bytes(v37, 2, response),
    outcome: refused("auth.failed", "The panel did not accept the password"),
  },
  {
    what: "3.7, refused outright with a reason",
    options: {},
    panel: bytes(v37, 0, reason("No password has been set")),
    client: bytes(v37),
    outcome: refused("auth.failed", "The panel refused the connection: No password has been set"),
  },
  {
    what: "3.8, None, accepted",
    options: {},
    panel: bytes(v38, 1, 1, ok),
    client: bytes(v38, 1),
    outcome: authenticated("3.8", 1),
  },
  {
    what: "3.8, None, refused with a reason",
    options: {},
    panel: bytes(v38, 1, 1, failed, reason("Not now")),
    client: bytes(v38, 1),
    outcome: refused("auth.failed", "The panel refused the connection: Not now"),
  },
  {
    what: "3.8, VNC Authentication, accepted",
    options: { password },
    panel: bytes(v38, 2, 19, 2, challenge, ok),
    client: bytes(v38, 2, response),
    outcome: authenticated("3.8", 2),
  },
  {
    what: "3.8, VNC Authentication, refused with a reason",
    options: { password },
    panel: bytes(v38, 1, 2, challenge, failed, reason("Authentication failed")),
    client: bytes(v38, 2, response),
    outcome: refused("auth.failed", "The panel did not accept the password: Authentication failed"),
  },
  {
    what: "3.8, refused with an empty reason",
    options: { password },
    panel: bytes(v38, 1, 2, challenge, failed, reason("")),
    client: bytes(v38, 2, response),
    outcome: refused("auth.failed", "The panel did not accept the password"),
  },
  {
    what: "3.8, refused outright",
    options: { password },
    panel: bytes(v38, 0, reason("Too many security failures")),
    client: bytes(v38),
    outcome: refused("auth.failed", "The panel refused the connection: Too many security failures"),
  },
  {
    what: "3.8, a reason in Latin-1 with control characters",
    options: {},
    panel: bytes(v38, 0, hex("00 00 00 09"), hex("1b 5b 33 31 6d 4e e4 6e 0a")),
    client: bytes(v38),
    outcome: refused("auth.failed", "The panel refused the connection: [31mNän"),
  },
  {
    what: "3.8, both types: a stored password is used",
    options: { password },
    panel: bytes(v38, 2, 1, 2, challenge, ok),
    client: bytes(v38, 2, response),
    outcome: authenticated("3.8", 2),
  },
  {
    what: "3.8, both types: without a password None is taken",
    options: {},
    panel: bytes(v38, 2, 2, 1, ok),
    client: bytes(v38, 1),
    outcome: authenticated("3.8", 1),
  },
  {
    what: "3.8, a password but only None",
    options: { password },
    panel: bytes(v38, 1, 1, ok),
    client: bytes(v38, 1),
    outcome: authenticated("3.8", 1),
  },
  {
    what: "3.8, an empty password is a password",
    options: { password: "" },
    panel: bytes(v38, 1, 2, challenge, ok),
    client: bytes(v38, 2, hex("49 1e 89 0d e9 ac e9 32 83 8a 49 79 2f 22 13 f3")),
    outcome: authenticated("3.8", 2),
  },
  {
    what: "3.8, VNC Authentication among others, without a password",
    options: {},
    panel: bytes(v38, 2, 19, 2),
    client: bytes(v38),
    outcome: refused("auth.required", "The panel asks for a VNC password and there is none"),
  },
  {
    what: "3.8, nothing that Postern speaks",
    options: { password },
    panel: bytes(v38, 3, 19, 18, 77),
    client: bytes(v38),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers VeNCrypt, TLS and type 77; Postern signs in with None, VNC Authentication or Tight",
    ),
  },
  {
    what: "3.8, a type 0 in the list is not a refusal",
    options: {},
    panel: bytes(v38, 1, 0),
    client: bytes(v38),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers type 0; Postern signs in with None, VNC Authentication or Tight",
    ),
  },
  {
    what: "3.8, a result that does not exist",
    options: {},
    panel: bytes(v38, 1, 1, hex("52 46 42 20")),
    client: bytes(v38, 1),
    outcome: refused("protocol.malformed", "The panel does not speak VNC: SecurityResult 1380336160 does not exist"),
  },
  {
    what: "3.889 of Apple: answered with 3.8",
    options: { password },
    panel: bytes("RFB 003.889\n", 4, 30, 33, 36, 2, challenge, ok),
    client: bytes(v38, 2, response),
    outcome: authenticated("3.8", 2),
  },
  {
    what: "3.005: answered with 3.3",
    options: {},
    panel: bytes("RFB 003.005\n", hex("00 00 00 01")),
    client: bytes(v33),
    outcome: authenticated("3.3", 1),
  },
  {
    what: "3.8 by a client that speaks at most 3.3",
    options: { maxVersion: "3.3" },
    panel: bytes(v38, hex("00 00 00 01")),
    client: bytes(v33),
    outcome: authenticated("3.3", 1),
  },
  {
    what: "3.8 by a client that speaks at most 3.7",
    options: { maxVersion: "3.7" },
    panel: bytes(v38, 1, 1),
    client: bytes(v37, 1),
    outcome: authenticated("3.7", 1),
  },
  {
    what: "an HTTP server",
    options: { password },
    deciding: 12,
    panel: bytes("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "x".repeat(20_000)),
    client: bytes(),
    outcome: refused(
      "protocol.malformed",
      "The panel does not speak VNC: the greeting is an HTTP answer, not an RFB version",
    ),
  },
  {
    what: "garbage",
    options: { password },
    deciding: 12,
    panel: hex("de ad be ef 00 01 02 03 04 05 06 07 08 09"),
    client: bytes(),
    outcome: refused(
      "protocol.malformed",
      "The panel does not speak VNC: the greeting is the bytes deadbeef0001020304050607, not an RFB version",
    ),
  },
  {
    what: "a version that is too old",
    options: {},
    panel: bytes("RFB 000.000\n"),
    client: bytes(),
    outcome: refused("protocol.unsupported", "The panel does not speak VNC: RFB version 0.0 is too old"),
  },
];

describeTranscripts("handshake towards a panel", transcripts);

describe("a panel's reason", () => {
  it("may have 4096 bytes, of which 300 characters are told", () => {
    const panel = bytes(v38, 1, 2, challenge, failed, reason("r".repeat(4096)));
    expect(run({ password }, [panel]).outcome).toEqual(
      refused("auth.failed", `The panel did not accept the password: ${"r".repeat(300)}`),
    );
    expect(run({}, [bytes(v38, 0, reason("r".repeat(4096)))]).outcome).toEqual(
      refused("auth.failed", `The panel refused the connection: ${"r".repeat(300)}`),
    );
  });

  it("goes unread when it is one byte longer, but the panel's no counts", () => {
    const panel = bytes(v38, 1, 2, challenge, failed, hex("00 00 10 01"));
    expect(run({ password }, [panel]).outcome).toEqual(refused("auth.failed", "The panel did not accept the password"));
  });

  it("that is one byte longer instead of security types is garbage", () => {
    expect(run({}, [bytes(v38, 0, hex("00 00 10 01"))]).outcome).toEqual(
      refused("protocol.malformed", "The panel does not speak VNC: a reason of 4097 bytes; at most 4096 are read"),
    );
  });
});

describe("a panel that ends its stream in the handshake", () => {
  it.each([
    [bytes(), "The panel closed the connection, before its RFB version"],
    [bytes("HTTP/1.1"), "The panel closed the connection after an HTTP answer, before its RFB version"],
    [bytes(v38), "The panel closed the connection, before its security types"],
    [bytes(v38, 1, 2), "The panel closed the connection, before its challenge"],
    [bytes(v38, 1, 2, challenge), "The panel closed the connection, before its SecurityResult"],
  ])("is told with what it owed: %o", (panel, text) => {
    const handshake = new ClientHandshake({ password });
    handshake.receive(panel);
    expect(handshake.end()).toEqual({ send: [], outcome: refused("protocol.malformed", text) });
    expect(handshake.end()).toEqual({ send: [] });
    expect(handshake.receive(bytes(v38))).toEqual({ send: [] });
  });

  it("after a refusal without its reason has still refused", () => {
    const handshake = new ClientHandshake({ password });
    handshake.receive(bytes(v38, 1, 2, challenge, failed));
    expect(handshake.waitingFor).toBe("its reason");
    expect(handshake.end().outcome).toEqual(refused("auth.failed", "The panel did not accept the password"));
  });

  it("after the outcome says nothing more", () => {
    const handshake = new ClientHandshake({});
    expect(handshake.receive(bytes(v38, 1, 1, ok)).outcome?.kind).toBe("authenticated");
    expect(handshake.end()).toEqual({ send: [] });
  });
});

it("a handshake never quotes the password", () => {
  const secret = "hunter22";
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom("", v33, v37, v38), (noise, greeting) => {
      const handshake = new ClientHandshake({ password: secret });
      const steps = [handshake.receive(bytes(greeting, noise)), handshake.end()];
      for (const { outcome } of steps) if (outcome?.kind === "refused") expect(outcome.text).not.toContain(secret);
    }),
    { numRuns: 200 },
  );
});
