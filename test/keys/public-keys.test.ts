// Public keys, host keys and certificates, and whether a private key belongs to them.
import { describe, expect, it } from "vitest";
import { checkPair } from "#cloud-stub/remote-access/keys/check-pair.ts";
import { readCertificate } from "#cloud-stub/remote-access/keys/read-certificate.ts";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { hostKeysMax, readHostKeys, readPublicKey } from "#cloud-stub/remote-access/keys/read-public-key.ts";
import {
  goldenAuthorityFingerprint,
  goldenHostCertificate,
  goldenKeys,
  goldenPassphrase,
  goldenPublicPem,
  goldenRfc4716,
  goldenSsh1Public,
  goldenUserCertificate,
} from "./golden-keys.ts";
import { codeOf } from "./key-error-code.ts";

const golden = (name: string) => goldenKeys.find((key) => key.name === name)!;
const privateKey = (name: string) => readPrivateKey(golden(name).text, goldenPassphrase);
const lineOf = (name: string) => privateKey(name).publicKey;
const ed25519 = lineOf("opensshClear");
const ecdsa = lineOf("sec1");

describe("a public key", () => {
  it.each([
    ["RFC 4716", goldenRfc4716, "SSH2", "sshComRsa", "made for a test"],
    ["PEM", goldenPublicPem, "PEM", "pkcs8Clear", ""],
    ["SSH-1's line", goldenSsh1Public, "OpenSSHv1", "ssh1", "made for a test"],
    ["a .pub file", `${ed25519}\r\n`, "OpenSSHv2", "opensshClear", "made for a test"],
    [
      "an authorized_keys line",
      `from="10.0.0.1,plc",command="echo \\"x y\\"" ${ed25519}`,
      "OpenSSHv2",
      "opensshClear",
      "made for a test",
    ],
    ["a line with remarks around", `# mine\n\n${ed25519}\n# end`, "OpenSSHv2", "opensshClear", "made for a test"],
  ])("is read: %s", (_, text, format, name, comment) => {
    const key = readPublicKey(text);
    const { algorithm, bits, fingerprint } = golden(name);
    expect(key).toMatchObject({ algorithm, bits, fingerprint, format });
    expect(key.openssh.split(" ").slice(2).join(" ")).toBe(comment);
  });

  it("with a comment continued over lines is read (RFC 4716 section 3.3.2)", () => {
    const text = goldenRfc4716.replace(/Comment: .*/, 'Comment: "a long \\\nremark"\nx-more: nothing');
    expect(readPublicKey(text).openssh).toMatch(/ a long remark$/);
  });

  it("has no line end or control character in its comment", () => {
    expect(readPublicKey(`${ed25519}\u001b[31m\u0007\u2028x`).openssh).toMatch(/ made for a test \[31m x$/);
  });

  it.each([
    ["a private key", golden("sec1").text, "key.not-public"],
    ["a PuTTY file", golden("ppk3").text, "key.not-public"],
    ["SSH-1's private file", golden("ssh1").text, "key.not-public"],
    ["a certificate", goldenUserCertificate, "key.not-public"],
    ["two keys", `${ed25519}\n${ecdsa}`, "key.format-unknown"],
    ["words", "the green one", "key.format-unknown"],
    ["nothing", "", "key.format-unknown"],
    ["a key cut short", ed25519.split(" ").slice(0, 2).join(" ").slice(0, -8), "key.damaged"],
    ["a key that says another type", ed25519.replace("ssh-ed25519 ", "ssh-rsa "), "key.damaged"],
    ["a point off the curve", ecdsa.replace(/.{8}(?=.{8}$)/, "AAAAAAAA"), "key.damaged"],
    ["too much", "x".repeat(70_000), "key.too-large"],
  ])("is none: %s", (_, text, code) => {
    expect(codeOf(() => readPublicKey(text))).toBe(code);
  });
});

describe("host keys", () => {
  it.each([
    ["plain lines", `${ed25519}\n${ecdsa}\n`],
    ["known_hosts", `plc,10.0.0.7 ${ed25519}\n[plc]:2222 ${ecdsa}`],
    ["hashed known_hosts", `|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|BBBBBBBBBBBBBBBBBBBBBBBBBBB= ${ed25519}\nplc ${ecdsa}`],
    [
      "ssh-keyscan's answer",
      `# plc:22 SSH-2.0-OpenSSH_9.2\nplc ${ed25519}\n# plc:22 SSH-2.0-OpenSSH_9.2\nplc ${ecdsa}\n`,
    ],
    ["the same key twice", `${ed25519}\n${ecdsa}\nplc ${ed25519}`],
    [
      "marked lines, which are no keys of the host",
      `@revoked * ${lineOf("ppk3")}\n@cert-authority * ${lineOf("ppk2")}\n${ed25519}\n${ecdsa}`,
    ],
    ["a host certificate, which is about a key", `${ed25519}\n${goldenHostCertificate}`],
  ])("are read from %s", (_, text) => {
    expect(readHostKeys(text).map(({ fingerprint }) => fingerprint)).toEqual([
      golden("opensshClear").fingerprint,
      golden("sec1").fingerprint,
    ]);
  });

  it("are read from RFC 4716 and PEM, one behind the other", () => {
    const keys = readHostKeys(`${goldenRfc4716}\n${goldenPublicPem}`);
    expect(keys.map(({ format }) => format)).toEqual(["SSH2", "PEM"]);
  });

  it("leave out what cannot be used only if something is left", () => {
    const unusable = "plc ssh-ed448 AAAACXNzaC1lZDQ0OAAAAAA=";
    expect(readHostKeys(`${unusable}\n${ed25519}`)).toHaveLength(1);
    expect(codeOf(() => readHostKeys(unusable))).toBe("key.algorithm-unsupported");
  });

  it("never come from a line marked as revoked or as an authority's", () => {
    expect(codeOf(() => readHostKeys(`@revoked * ${ed25519}`))).toBe("key.format-unknown");
    expect(codeOf(() => readHostKeys(`@cert-authority *.plant ${ed25519}`))).toBe("key.format-unknown");
  });

  it("are at most so many", () => {
    expect(codeOf(() => readHostKeys(`${ed25519}\n`.repeat(hostKeysMax + 1)))).toBe("key.too-large");
  });

  it("say which entry is none", () => {
    expect(() => readHostKeys(`${ed25519}\nplc of hall 4`)).toThrow(/Entry 2/);
    expect(codeOf(() => readHostKeys(golden("ppk2").text))).toBe("key.not-public");
  });
});

describe("a certificate", () => {
  it("for a user tells for whom, how long and about which key", () => {
    expect(readCertificate(`${goldenUserCertificate}\r\n`)).toEqual({
      algorithm: "ED25519",
      kind: "user",
      keyFingerprint: golden("opensshClear").fingerprint,
      authorityFingerprint: goldenAuthorityFingerprint,
      keyId: "shift 3",
      serial: "42",
      principals: ["anna", "bert"],
      validAfter: Date.UTC(2026, 0, 1),
      validBefore: Date.UTC(2027, 0, 1),
      openssh: goldenUserCertificate,
    });
  });

  it("for a host that has no end says so", () => {
    expect(readCertificate(goldenHostCertificate)).toMatchObject({
      algorithm: "ECDSA",
      kind: "host",
      keyFingerprint: golden("sec1").fingerprint,
      principals: ["plc.example"],
      validAfter: undefined,
      validBefore: undefined,
    });
  });

  it("in which one letter of a name was changed is damaged", () => {
    const [type, base64 = ""] = goldenUserCertificate.split(" ");
    const changed = Buffer.from(base64, "base64").toString("latin1").replace("anna", "root");
    const forged = `${type} ${Buffer.from(changed, "latin1").toString("base64")}`;
    expect(codeOf(() => readCertificate(forged))).toBe("key.damaged");
  });

  it.each([
    ["a public key", ed25519, "key.format-unknown"],
    ["an X.509 certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "key.format-unknown"],
    ["two certificates", `${goldenUserCertificate}\n${goldenHostCertificate}`, "key.format-unknown"],
    ["words", "trust me", "key.format-unknown"],
    ["a certificate cut short", goldenUserCertificate.slice(0, 300), "key.damaged"],
  ])("is none: %s", (_, text, code) => {
    expect(codeOf(() => readCertificate(text))).toBe(code);
  });
});

describe("a pair", () => {
  it("is one where both halves are of the same key, in whatever formats they came", () => {
    checkPair(privateKey("sshComRsa"), readPublicKey(goldenRfc4716));
    checkPair(privateKey("pkcs8Clear"), readPublicKey(goldenPublicPem));
    checkPair(privateKey("opensshClear"), readCertificate(goldenUserCertificate));
  });

  it("is none where they are of two keys, and both fingerprints are named", () => {
    expect(codeOf(() => checkPair(privateKey("ppk2"), readPublicKey(ed25519)))).toBe("key.mismatch");
    expect(codeOf(() => checkPair(privateKey("sec1"), readCertificate(goldenUserCertificate)))).toBe("key.mismatch");
    const { fingerprint } = privateKey("ppk2");
    expect(() => checkPair(privateKey("ppk2"), readPublicKey(ed25519))).toThrow(fingerprint);
    expect(() => checkPair(privateKey("ppk2"), readPublicKey(ed25519))).toThrow(golden("opensshClear").fingerprint);
  });
});
