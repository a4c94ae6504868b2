// A handshake towards a panel whose certificate is known: what shows none is told nothing, whatever it offers.
import { describe, expect, it } from "vitest";
import { ClientHandshake, type HandshakeStep } from "#protocol/rfb/client-handshake.ts";

const refusal = {
  kind: "refused",
  code: "hostkey.mismatch",
  text: "The panel showed no certificate, though the endpoint knows one; it is not signed in at without",
};
const signIn = { username: "root", password: "pass1234", needsCertificate: true, allowsPlainInClear: true };

/** Plays what a panel says and gives all that it was told, and how it ended. */
function plays(pieces: readonly (string | readonly number[])[], options: { tls?: boolean } = {}) {
  const handshake = new ClientHandshake({ ...signIn, supports: { tls: options.tls !== false } });
  const steps: HandshakeStep[] = pieces.map((piece) =>
    handshake.receive(typeof piece === "string" ? Buffer.from(piece, "latin1") : Uint8Array.from(piece)),
  );
  const told = Buffer.concat(steps.flatMap(({ send }) => send)).toString("latin1");
  const startTls = steps.find((step) => step.startTls !== undefined)?.startTls;
  return { told, startTls, outcome: steps.find(({ outcome }) => outcome !== undefined)?.outcome };
}

const u32 = (value: number) => [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];

describe("security types", () => {
  it.each([
    ["RFB 003.008\n", [1, 1]],
    ["RFB 003.008\n", [1, 2]],
    ["RFB 003.008\n", [3, 1, 2, 16]],
    ["RFB 003.007\n", [2, 2, 1]],
    ["RFB 003.003\n", u32(2)],
    ["RFB 003.003\n", u32(1)],
  ])("%j offering %j", (version, types) => {
    const { told, outcome } = plays([version, types]);
    expect(told).toBe(version);
    expect(outcome).toEqual(refusal);
  });

  it("VeNCrypt too, where no TLS can be spoken", () => {
    const { told, outcome } = plays(["RFB 003.008\n", [2, 19, 2]], { tls: false });
    expect(told).toBe("RFB 003.008\n");
    expect(outcome).toEqual(refusal);
  });
});

describe("VeNCrypt's subtypes", () => {
  const offers = (...subtypes: number[]) =>
    plays(["RFB 003.008\n", [1, 19], [0, 2], [0, subtypes.length, ...subtypes.flatMap(u32)], [1]]);

  // None 1, VNC Authentication 2, Plain 256, TLSNone 257, TLSVnc 258, TLSPlain 259.
  it.each([[[1]], [[2]], [[256]], [[257]], [[258]], [[259]], [[1, 2, 256, 257, 258, 259]]])("%j", (subtypes) => {
    const { told, startTls, outcome } = offers(...subtypes);
    expect(told).toBe("RFB 003.008\n\x13\x00\x02");
    expect(startTls).toBeUndefined();
    expect(outcome).toEqual(refusal);
  });

  // X509None 260, X509Vnc 261, X509Plain 262.
  it.each([260, 261, 262])("%i is taken before all others, and begins TLS with a certificate", (subtype) => {
    const { told, startTls, outcome } = offers(257, 258, 259, 2, subtype);
    expect(told).toBe(`RFB 003.008\n\x13\x00\x02${Buffer.from(u32(subtype)).toString("latin1")}`);
    expect(startTls).toEqual({ kind: "x509" });
    expect(outcome).toBeUndefined();
  });
});
