// Security type VeNCrypt 0.2: transcripts, those marked so recorded from Xtigervnc 1.12.0 (Debian 12).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientHandshake } from "#protocol/rfb/client-handshake.ts";
import { plainTextBytesMax, writePlain } from "#protocol/rfb/vencrypt.ts";
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
import { bytes, hex, oneByOne, toHex } from "./transcript.ts";

const v37 = "RFB 003.007\n";
const v38 = "RFB 003.008\n";
const password = "secret12";
const username = "anna";
const tls = { supports: { tls: true } };
// Recorded: challenge, the answer for "secret12", which the server accepted inside TLS.
const challenge = hex("21 f9 8c 61 a1 5e 5f 09 df 01 61 0e 28 71 4b ae");
const response = hex("77 d9 ce 33 a8 e6 b6 44 b1 0e 3a 4c b3 7c 12 13");
const version = hex("00 02");
const plainTls = bytes(hex("00 00 00 04 00 00 00 08"), "annasecret12");

const subtype = { none: 1, vnc: 2, plain: 256, tlsNone: 257, tlsVnc: 258, tlsPlain: 259, x509None: 260 } as const;
const x509 = { vnc: 261, plain: 262 } as const;

function u32(value: number): Uint8Array {
  return bytes(value >> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255);
}

/** Version agreed, status 0, the list. */
function offer(...subtypes: readonly number[]): Uint8Array {
  return bytes(v38, 1, 19, version, 0, subtypes.length, ...subtypes.map(u32));
}

/** What the client says up to its choice. */
function choice(chosen: number): Uint8Array {
  return bytes(v38, 19, version, u32(chosen));
}

const noCredentials = "The panel asks for a user name and a password and they are not known";
const noPassword = "The panel asks for a VNC password and there is none";

const transcripts: readonly Transcript[] = [
  {
    what: "TLSVnc, accepted (recorded)",
    options: { password, ...tls },
    panel: bytes(v38, 2, 19, 2, version, 0, 2, hex("00 00 01 02 00 00 00 02"), 1),
    client: choice(subtype.tlsVnc),
    insideTls: { kind: "anonymous", panel: bytes(challenge, ok), client: response },
    outcome: authenticated("3.8", 19, 258),
  },
  {
    what: "TLSVnc, refused (recorded)",
    options: { password, ...tls },
    panel: bytes(offer(subtype.tlsVnc, subtype.vnc), 1),
    client: choice(subtype.tlsVnc),
    insideTls: {
      kind: "anonymous",
      panel: bytes(challenge, failed, reason("Authentication failure")),
      client: response,
    },
    outcome: refused("auth.failed", "The panel did not accept the password: Authentication failure"),
  },
  {
    what: "X509Vnc before TLSVnc, accepted (recorded)",
    options: { password, ...tls },
    panel: bytes(offer(x509.vnc, subtype.tlsVnc, subtype.vnc), 1),
    client: choice(x509.vnc),
    insideTls: { kind: "x509", panel: bytes(challenge, ok), client: response },
    outcome: authenticated("3.8", 19, 261),
  },
  {
    what: "TLSNone, accepted (recorded)",
    options: tls,
    panel: bytes(offer(subtype.tlsNone, subtype.tlsPlain, subtype.plain), 1),
    client: choice(subtype.tlsNone),
    insideTls: { kind: "anonymous", panel: ok, client: bytes() },
    outcome: authenticated("3.8", 19, 257),
  },
  {
    what: "X509Plain, refused (recorded): the client speaks first inside TLS",
    options: { username, password, ...tls },
    panel: bytes(offer(x509.plain, subtype.tlsPlain, subtype.plain), 1),
    client: choice(x509.plain),
    insideTls: {
      kind: "x509",
      panel: bytes(failed, reason("Authentication failure: invalid password or username")),
      client: plainTls,
    },
    outcome: refused(
      "auth.failed",
      "The panel did not accept the user name and the password: Authentication failure: invalid password or username",
    ),
  },
  {
    what: "TLSPlain, accepted: a user name makes the password its own",
    options: { username, password, ...tls },
    panel: bytes(offer(subtype.tlsVnc, subtype.tlsPlain, subtype.tlsNone), 1),
    client: choice(subtype.tlsPlain),
    insideTls: { kind: "anonymous", panel: ok, client: plainTls },
    outcome: authenticated("3.8", 19, 259),
  },
  {
    what: "X509None before anonymous TLS",
    options: { password, ...tls },
    panel: bytes(offer(subtype.tlsVnc, subtype.x509None), 1),
    client: choice(subtype.x509None),
    insideTls: { kind: "x509", panel: ok, client: bytes() },
    outcome: authenticated("3.8", 19, 260),
  },
  {
    what: "3.7 has a result behind a subtype without a proof too, but no reason",
    options: tls,
    panel: bytes(v37, 1, 19, version, 0, 1, u32(subtype.tlsNone), 1),
    client: bytes(v37, 19, version, u32(subtype.tlsNone)),
    insideTls: { kind: "anonymous", panel: failed, client: bytes() },
    outcome: refused("auth.failed", "The panel refused the connection"),
  },
  {
    what: "the panel has no certificate after all (recorded)",
    options: { password, ...tls },
    panel: bytes(
      offer(subtype.tlsNone, subtype.tlsPlain, subtype.plain, x509.vnc),
      0,
      failed,
      reason("Authentication failure: Error loading X509 certificate or key"),
    ),
    client: choice(x509.vnc),
    outcome: refused(
      "protocol.unsupported",
      "The panel could not begin TLS: Authentication failure: Error loading X509 certificate or key",
    ),
  },
  {
    what: "the panel does not take the version (recorded text, another status)",
    options: { password, ...tls },
    panel: bytes(v38, 1, 19, version, 255, failed, reason("The client cannot support the server's VeNCrypt version")),
    client: bytes(v38, 19, version),
    outcome: refused(
      "protocol.unsupported",
      "The panel did not agree to VeNCrypt 0.2: The client cannot support the server's VeNCrypt version",
    ),
  },
  {
    what: "a newer version is answered with 0.2",
    options: tls,
    panel: bytes(v38, 1, 19, 1, 0, 0, 1, u32(subtype.tlsNone), 1),
    client: choice(subtype.tlsNone),
    insideTls: { kind: "anonymous", panel: ok, client: bytes() },
    outcome: authenticated("3.8", 19, 257),
  },
  {
    what: "version 0.1",
    options: { password, ...tls },
    panel: bytes(v38, 1, 19, 0, 1),
    client: bytes(v38, 19, 0, 0),
    outcome: refused("protocol.unsupported", "The panel offers VeNCrypt 0.1; Postern speaks 0.2"),
  },
  {
    what: "no subtype at all",
    options: { password, ...tls },
    panel: bytes(v38, 1, 19, version, 0, 0),
    client: bytes(v38, 19, version),
    outcome: refused("protocol.malformed", "The panel does not speak VNC: VeNCrypt without a subtype"),
  },
  {
    what: "subtypes that Postern does not speak",
    options: { password, ...tls },
    panel: offer(263, 264, 4711),
    client: bytes(v38, 19, version),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers VeNCrypt with TLSSASL, X509SASL and type 4711; Postern signs in there with None, VNC Authentication and Plain, with and without TLS",
    ),
  },
  {
    what: "VNC Authentication without TLS among the subtypes",
    options: { password, ...tls },
    panel: bytes(offer(263, subtype.vnc), challenge, ok),
    client: bytes(choice(subtype.vnc), response),
    outcome: authenticated("3.8", 19, 2),
  },
  {
    what: "None without TLS among the subtypes",
    options: tls,
    panel: bytes(offer(subtype.none), ok),
    client: choice(subtype.none),
    outcome: authenticated("3.8", 19, 1),
  },
  {
    what: "TLSVnc without a password",
    options: tls,
    panel: offer(subtype.tlsVnc, subtype.vnc),
    client: bytes(v38, 19, version),
    outcome: refused("auth.required", noPassword),
  },
  {
    what: "X509Plain without a user name",
    options: { password, ...tls },
    panel: offer(x509.plain, subtype.tlsPlain),
    client: bytes(v38, 19, version),
    outcome: refused("auth.required", noCredentials),
  },
  {
    what: "Plain without TLS is not spoken by default",
    options: { username, password, ...tls },
    panel: offer(subtype.plain),
    client: bytes(v38, 19, version),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers VeNCrypt with Plain; Plain would send the password without TLS, which the endpoint does not allow",
    ),
  },
  {
    what: "Plain without TLS where the endpoint allows it (recorded)",
    options: { username, password, allowsPlainInClear: true },
    panel: bytes(offer(subtype.plain), failed, reason("Authentication failure: invalid password or username")),
    client: bytes(choice(subtype.plain), plainTls),
    outcome: refused(
      "auth.failed",
      "The panel did not accept the user name and the password: Authentication failure: invalid password or username",
    ),
  },
  {
    what: "Plain without TLS where the endpoint allows it and TLS cannot be run",
    options: { username, password, allowsPlainInClear: true },
    panel: bytes(offer(x509.plain, subtype.tlsPlain, subtype.plain), ok),
    client: bytes(choice(subtype.plain), plainTls),
    outcome: authenticated("3.8", 19, 256),
  },
  {
    what: "3.3 has no VeNCrypt",
    options: { password, ...tls },
    panel: bytes("RFB 003.003\n", u32(19)),
    client: bytes("RFB 003.003\n"),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers VeNCrypt; Postern signs in with None or VNC Authentication",
    ),
  },
  {
    what: "Plain without TLS, allowed, but TLS is there",
    options: { username, password, allowsPlainInClear: true, ...tls },
    panel: bytes(offer(subtype.plain, subtype.tlsPlain), 1),
    client: choice(subtype.tlsPlain),
    insideTls: { kind: "anonymous", panel: ok, client: plainTls },
    outcome: authenticated("3.8", 19, 259),
  },
  {
    what: "without TLS VNC Authentication is taken instead (recorded)",
    options: { password },
    panel: bytes(v38, 2, 19, 2, challenge, ok),
    client: bytes(v38, 2, response),
    outcome: authenticated("3.8", 2),
  },
  {
    what: "without TLS and without anything else",
    options: { username, password },
    panel: bytes(v38, 1, 19),
    client: bytes(v38),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers VeNCrypt; Postern signs in with None, VNC Authentication or Tight",
    ),
  },
  {
    what: "types of other makers, by name",
    options: { username, password, ...tls },
    panel: bytes(v38, 6, 30, 5, 6, 17, 112, 113),
    client: bytes(v38),
    outcome: refused(
      "protocol.unsupported",
      "The panel offers Apple Diffie-Hellman, RA2, RA2ne, UltraVNC, Microsoft Logon I and Microsoft Logon II; " +
        "Postern signs in with None, VNC Authentication, Tight or VeNCrypt",
    ),
  },
  {
    what: "a consent that does not exist",
    options: { password, ...tls },
    panel: bytes(offer(subtype.tlsVnc), 22),
    client: choice(subtype.tlsVnc),
    outcome: refused("protocol.malformed", "The panel does not speak VNC: VeNCrypt consent 22 does not exist"),
  },
  {
    what: "garbage inside TLS",
    options: tls,
    panel: bytes(offer(subtype.tlsNone), 1),
    client: choice(subtype.tlsNone),
    insideTls: { kind: "anonymous", panel: bytes("HTTP"), client: bytes() },
    outcome: refused("protocol.malformed", "The panel does not speak VNC: SecurityResult 1213486160 does not exist"),
  },
];

describeTranscripts("VeNCrypt towards a panel", transcripts);

describe("where TLS begins", () => {
  const untilTls = bytes(offer(subtype.tlsPlain), 1);
  const injected = refused(
    "protocol.malformed",
    "The panel broke the VNC handshake: it went on in clear where TLS was to begin",
  );

  it("asks for it once and keeps the password until it runs", () => {
    const handshake = new ClientHandshake({ username, password, ...tls });
    const steps = oneByOne(untilTls).map((piece) => handshake.receive(piece));
    expect(steps.filter((step) => step.startTls !== undefined)).toEqual([
      { send: [], startTls: { kind: "anonymous" } },
    ]);
    expect(toHex(Buffer.concat(steps.flatMap((step) => step.send)))).not.toContain(toHex(bytes(password)));
    expect(handshake.waitingFor).toBe("its TLS handshake");
    expect(toHex(Buffer.concat(handshake.tlsStarted().send))).toBe(toHex(plainTls));
    expect(handshake.tlsStarted()).toEqual({ send: [] });
    expect(handshake.waitingFor).toBe("its SecurityResult");
  });

  it("refuses bytes that come in clear behind it, in the same piece or a later one", () => {
    // A man in the middle could put a SecurityResult there.
    for (const inClear of [ok, bytes(0), new Uint8Array(20_000)]) {
      expect(run({ username, password, ...tls }, [bytes(untilTls, inClear)])).toMatchObject({
        clientInside: "",
        tls: undefined,
        outcome: injected,
      });
    }
    const handshake = new ClientHandshake({ username, password, ...tls });
    handshake.receive(untilTls);
    expect(handshake.receive(ok)).toEqual({ send: [], outcome: injected });
    expect(handshake.tlsStarted()).toEqual({ send: [] });
  });

  it("says nothing when TLS is told too early", () => {
    const handshake = new ClientHandshake({ username, password, ...tls });
    expect(handshake.tlsStarted()).toEqual({ send: [] });
    handshake.receive(offer(subtype.tlsPlain));
    expect(handshake.tlsStarted()).toEqual({ send: [] });
    expect(handshake.receive(bytes(1)).startTls).toEqual({ kind: "anonymous" });
  });

  it.each([
    [bytes(v38, 1, 19), "protocol.malformed", "The panel closed the connection, before its VeNCrypt version"],
    [bytes(v38, 1, 19, version), "protocol.malformed", "The panel closed the connection, before its VeNCrypt subtypes"],
    [offer(subtype.tlsPlain), "protocol.malformed", "The panel closed the connection, before its consent to TLS"],
    [untilTls, "protocol.malformed", "The panel closed the connection, before its TLS handshake"],
    [bytes(v38, 1, 19, version, 1), "protocol.unsupported", "The panel did not agree to VeNCrypt 0.2"],
    [bytes(offer(subtype.tlsPlain), 0), "protocol.unsupported", "The panel could not begin TLS"],
    [bytes(offer(subtype.tlsPlain), 0, failed), "protocol.unsupported", "The panel could not begin TLS"],
  ])("tells what a panel owed that closes: %o", (panel, code, text) => {
    const handshake = new ClientHandshake({ username, password, ...tls });
    for (const piece of oneByOne(panel)) handshake.receive(piece);
    expect(handshake.end().outcome).toEqual(refused(code, text));
  });
});

describe("Plain", () => {
  it("counts bytes of UTF-8", () => {
    expect(toHex(writePlain("ä", "€"))).toBe("0000000200000003c3a4e282ac");
  });

  it("has at most 1024 bytes for each, and more is refused before anything is chosen", () => {
    const longest = "ä".repeat(plainTextBytesMax / 2);
    const sent = (name: string, secret: string) =>
      run({ username: name, password: secret, allowsPlainInClear: true }, [offer(subtype.plain)]);
    expect(sent(longest, longest).client).toBe(toHex(bytes(choice(subtype.plain), writePlain(longest, longest))));
    expect(writePlain(longest, longest)).toHaveLength(8 + 2 * plainTextBytesMax);
    const refusal = refused(
      "auth.failed",
      "The user name or the password is longer than Plain takes, which is 1024 bytes",
    );
    for (const tooLong of [sent(`${longest}x`, ""), sent("", `${longest}x`)]) {
      expect(tooLong).toMatchObject({ client: toHex(bytes(v38, 19, version)), outcome: refusal });
    }
  });
});

it("no garbage makes a handshake throw, hold much or tell the password", () => {
  const beginnings = [bytes(v38, 1, 19), bytes(v38, 1, 16), offer(subtype.tlsPlain), bytes(v38, 1, 19, version, 0)];
  const secrets = { username: "hunter", password: "hunter22" };
  fc.assert(
    fc.property(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 200 }), (beginning, noise) => {
      const handshake = new ClientHandshake({ ...secrets, ...tls });
      const steps = oneByOne(bytes(beginning, noise)).map((piece) => handshake.receive(piece));
      const sent = toHex(Buffer.concat([...steps, handshake.end()].flatMap((step) => step.send)));
      expect(sent.length / 2).toBeLessThan(100);
      expect(sent).not.toContain(toHex(bytes(secrets.password)));
      const outcomes = [...steps, handshake.end()].flatMap(({ outcome }) => outcome ?? []);
      for (const outcome of outcomes) {
        expect(outcome.kind === "refused" ? outcome.text : "").not.toContain(secrets.username);
      }
    }),
    { numRuns: 300 },
  );
});
