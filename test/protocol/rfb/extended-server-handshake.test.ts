// The simulated panel's side of Tight and VeNCrypt: recorded bytes of real servers, and ClientHandshake as its client.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ClientHandshake,
  type ClientHandshakeOptions,
  type ClientHandshakeOutcome,
  type HandshakeStep,
} from "#protocol/rfb/client-handshake.ts";
import {
  type ExtendedSecurity,
  ExtendedServerHandshake,
  type ExtendedServerHandshakeOutcome,
  type ExtendedServerHandshakeStep,
} from "#protocol/rfb/extended-server-handshake.ts";
import { anyPieces, bytes, hex, toHex } from "./transcript.ts";

const v37 = "RFB 003.007\n";
const v38 = "RFB 003.008\n";
const challenge = hex("11 52 08 b3 99 ef c5 19 97 11 53 4a 20 09 54 b3");
// What Xtightvnc 1.3.10 accepted for "secret12".
const response = hex("8c 01 81 23 52 05 e9 23 70 5b 11 68 9a e2 f1 03");
const credentials = { username: "anna", password: "secret12", challenge };

function play(security: ExtendedSecurity, pieces: readonly Uint8Array[], version?: "3.7") {
  const server = new ExtendedServerHandshake(version === undefined ? { security } : { version, security });
  const sent = [server.start()];
  let outcome: ExtendedServerHandshakeOutcome | undefined;
  for (const piece of pieces) {
    const step = server.receive(piece);
    sent.push(...step.send);
    outcome ??= step.outcome;
  }
  return { sent: toHex(Buffer.concat(sent)), kind: outcome?.kind };
}

describe("recorded servers", () => {
  it.each<[string, ExtendedSecurity, Uint8Array, Uint8Array, string]>([
    [
      "Xtightvnc with a password",
      { type: "tight", ...credentials },
      bytes(v38, 16, hex("00 00 00 02"), response),
      bytes(v38, 1, 16, hex("00 00 00 00 00 00 00 01 00 00 00 02"), "STDVVNCAUTH_", challenge, hex("00 00 00 00")),
      "accepted",
    ],
    [
      "Xtightvnc without one",
      { type: "tight" },
      bytes(v38, 16),
      bytes(v38, 1, 16, hex("00 00 00 00 00 00 00 00 00 00 00 00")),
      "accepted",
    ],
    [
      "Xtightvnc without one, 3.7",
      { type: "tight" },
      bytes(v37, 16),
      bytes(v38, 1, 16, hex("00 00 00 00 00 00 00 00")),
      "accepted",
    ],
    [
      "Xtigervnc without a certificate",
      {
        type: "vencrypt",
        subtypes: [257, 259, 256, 261],
        cannotStartTls: "Authentication failure: Error loading X509 certificate or key",
      },
      bytes(v38, 19, hex("00 02 00 00 01 05")),
      bytes(
        v38,
        hex("01 13 00 02 00 04 00 00 01 01 00 00 01 03 00 00 01 00 00 00 01 05"),
        hex("00 00 00 00 01 00 00 00 3d"),
        "Authentication failure: Error loading X509 certificate or key",
      ),
      "refused",
    ],
    [
      "Xtigervnc and a version that does not exist, but for the words",
      { type: "vencrypt", subtypes: [258] },
      bytes(v38, 19, 0, 0),
      bytes(v38, hex("01 13 00 02 ff 00 00 00 01 00 00 00 1f"), "This server speaks VeNCrypt 0.2"),
      "refused",
    ],
  ])("%s", (_, security, client, panel, kind) => {
    const expected = toHex(panel);
    expect(play(security, [client])).toEqual({ sent: expected, kind });
    fc.assert(
      fc.property(anyPieces(client), (pieces) => {
        expect(play(security, pieces)).toEqual({ sent: expected, kind });
      }),
      { numRuns: 30 },
    );
  });

  it.each<[string, ExtendedSecurity, Uint8Array]>([
    ["a security type", { type: "tight" }, bytes(v38, 2)],
    ["a Tight authentication", { type: "tight", ...credentials }, bytes(v38, 16, hex("00 00 00 01"))],
    ["a subtype", { type: "vencrypt", subtypes: [258] }, bytes(v38, 19, hex("00 02 00 00 01 01"))],
  ])("refuse %s that was not offered", (_, security, client) => {
    const { sent, kind } = play(security, [client]);
    expect(kind).toBe("refused");
    expect(Buffer.from(sent, "hex").toString("latin1")).toContain("was not offered");
  });

  it.each([1, 20_000])("refuse %i bytes in clear where TLS is to begin", (many) => {
    const client = bytes(v38, 19, hex("00 02 00 00 01 01"), new Uint8Array(many));
    expect(play({ type: "vencrypt", subtypes: [257] }, [client]).kind).toBe("refused");
  });

  it("refuse clients of 3.3 and other protocols", () => {
    expect(play({ type: "tight" }, [bytes("RFB 003.003\n")]).kind).toBe("refused");
    expect(play({ type: "tight" }, [bytes("GET / HTTP/1.1")]).kind).toBe("refused");
  });
});

/** Lets both ends talk until neither says anything; TLS is an agreement here, nothing is encrypted. */
function meet(security: ExtendedSecurity, options: ClientHandshakeOptions, version: "3.7" | "3.8") {
  const server = new ExtendedServerHandshake({ version, security });
  const client = new ClientHandshake(options);
  const outcomes: { panel?: ExtendedServerHandshakeOutcome; client?: ClientHandshakeOutcome } = {};
  const tls: string[] = [];
  let up: Uint8Array = bytes();
  let down = server.start();
  const takeServer = (step: ExtendedServerHandshakeStep) => {
    if (step.startTls !== undefined) tls.push(`panel ${step.startTls.kind}`);
    if (step.outcome !== undefined) outcomes.panel = step.outcome;
    down = bytes(down, ...step.send);
  };
  const takeClient = (step: HandshakeStep) => {
    if (step.startTls !== undefined) tls.push(`client ${step.startTls.kind}`);
    if (step.outcome !== undefined) outcomes.client = step.outcome;
    up = bytes(up, ...step.send);
  };
  for (let turn = 0; turn < 40; turn++) {
    const atClient = down;
    down = bytes();
    takeClient(client.receive(atClient));
    const atServer = up;
    up = bytes();
    takeServer(server.receive(atServer));
    if (tls.length === 2 && turn > 0 && up.length + down.length === 0) {
      takeServer(server.tlsStarted());
      takeClient(client.tlsStarted());
    }
  }
  return { ...outcomes, tls };
}

describe.each(["3.7", "3.8"] as const)("ClientHandshake at a simulated panel, RFB %s", (version) => {
  const tls = { supports: { tls: true } };
  const signIn = { username: "anna", password: "secret12", allowsPlainInClear: true, ...tls };

  it.each([1, 2, 256, 257, 258, 259, 260, 261, 262])("signs in with VeNCrypt subtype %i", (subtype) => {
    const met = meet({ type: "vencrypt", subtypes: [subtype], ...credentials }, signIn, version);
    expect(met.client).toMatchObject({ kind: "authenticated", version, securityType: 19, subtype });
    expect(met.panel).toMatchObject({ kind: "accepted", version });
    const kind = subtype > 259 ? "x509" : "anonymous";
    expect(met.tls.sort()).toEqual(subtype > 256 ? [`client ${kind}`, `panel ${kind}`] : []);
  });

  it.each([2, 256, 258, 259, 261, 262])("is refused with a wrong password by VeNCrypt subtype %i", (subtype) => {
    const wrong = { ...signIn, password: "wrong" };
    const met = meet({ type: "vencrypt", subtypes: [subtype], ...credentials }, wrong, version);
    expect(met.client).toMatchObject({ kind: "refused", code: "auth.failed" });
    expect(met.panel).toMatchObject({ kind: "refused" });
  });

  it("signs in with Tight, with and without a password", () => {
    expect(meet({ type: "tight" }, {}, version).client).toMatchObject({ kind: "authenticated", securityType: 16 });
    const withPassword = meet({ type: "tight", ...credentials }, { password: "secret12" }, version);
    expect(withPassword.client).toMatchObject({ kind: "authenticated", securityType: 16, subtype: 2 });
    const wrong = meet({ type: "tight", ...credentials }, { password: "wrong" }, version);
    expect(wrong.client).toMatchObject({ kind: "refused", code: "auth.failed" });
  });
});
