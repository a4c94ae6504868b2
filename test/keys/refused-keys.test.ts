// Keys that are whole but of no use here, and files that ask for more work than a key is worth.
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bcryptPbkdf } from "#cloud-stub/remote-access/keys/bcrypt-pbkdf.ts";
import { derivationLimits } from "#cloud-stub/remote-access/keys/key-file-content.ts";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { readPublicKey } from "#cloud-stub/remote-access/keys/read-public-key.ts";
import { goldenKeys, goldenPassphrase } from "./golden-keys.ts";
import { codeOf } from "./key-error-code.ts";

const golden = (name: string) => goldenKeys.find((key) => key.name === name)!.text;

const made: Readonly<Record<string, () => KeyPairKeyObjectResult>> = {
  "RSA of 512 bits": () => generateKeyPairSync("rsa", { modulusLength: 512 }),
  "RSA-PSS": () => generateKeyPairSync("rsa-pss", { modulusLength: 1024 }),
  "DSA with a subgroup of 256 bits": () => generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 256 }),
  secp256k1: () => generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  "a curve spelt out": () => generateKeyPairSync("ec", { namedCurve: "prime256v1", paramEncoding: "explicit" }),
  X25519: () => generateKeyPairSync("x25519"),
  Ed448: () => generateKeyPairSync("ed448"),
};

describe("a key that SSH cannot use", () => {
  it.each(Object.entries(made))("is refused with its reason, in both halves: %s", (_, make) => {
    const { privateKey, publicKey } = make();
    expect(codeOf(() => readPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })))).toBe(
      "key.algorithm-unsupported",
    );
    expect(codeOf(() => readPublicKey(publicKey.export({ type: "spki", format: "pem" })))).toBe(
      "key.algorithm-unsupported",
    );
  });

  it("says where a key of a FIDO token can be used", () => {
    // The type's name and a point of zeros; made here, since no token is at hand.
    const field = (text: string | Buffer) => {
      const bytes = Buffer.from(text as string);
      return Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
    };
    const blob = Buffer.concat([field("sk-ssh-ed25519@openssh.com"), field(Buffer.alloc(32)), field("ssh:")]);
    const line = `sk-ssh-ed25519@openssh.com ${blob.toString("base64")} token`;
    expect(() => readPublicKey(line)).toThrow(/security key/);
    expect(codeOf(() => readPublicKey(line))).toBe("key.algorithm-unsupported");
  });
});

describe("a file that is encrypted with what nobody has any more", () => {
  it.each([
    ["Blowfish in PEM", golden("sec1Encrypted").replace("AES-128-CBC", "BF-CBC")],
    ["IDEA in PEM", golden("sec1Encrypted").replace("AES-128-CBC", "IDEA-CBC")],
    [
      "Blowfish in OpenSSH's file",
      swapInBase64(golden("opensshGcm"), "aes256-gcm@openssh.com", "blowfish-cbc@openssh.c"),
    ],
    // The last digit of the scheme's object identifier: PBE with MD5 and RC2, and a made-up one.
    ["PBES1 with RC2", asPbes1("06092a864886f70d010506")],
    ["RC4 of PKCS#12", asPbes1("060a2a864886f70d010c0101")],
  ])("is refused with the name of it: %s", (_, text) => {
    expect(codeOf(() => readPrivateKey(text, goldenPassphrase))).toBe("key.algorithm-unsupported");
    // Nobody is sent to look for a passphrase that would not help.
    expect(codeOf(() => readPrivateKey(text))).toBe("key.algorithm-unsupported");
  });
});

function swapInBase64(text: string, from: string, to: string): string {
  const lines = text.trim().split("\n");
  const bytes = Buffer.from(lines.slice(1, -1).join(""), "base64").toString("latin1");
  if (!bytes.includes(from) || from.length !== to.length) throw new Error("nothing to swap");
  return [lines[0], Buffer.from(bytes.replace(from, to), "latin1").toString("base64"), lines.at(-1)].join("\n");
}

/** EncryptedPrivateKeyInfo with a scheme, a salt of 8 bytes, 2048 iterations unless said otherwise, and 16 bytes of nothing. */
function asPbes1(objectIdHex: string, iterationsHex = "0800"): string {
  const element = (tag: number, ...parts: Buffer[]) => {
    const content = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag, content.length]), content]);
  };
  const parameters = element(0x30, element(0x04, Buffer.alloc(8, 1)), element(0x02, Buffer.from(iterationsHex, "hex")));
  const scheme = element(0x30, Buffer.from(objectIdHex, "hex"), parameters);
  const file = element(0x30, scheme, element(0x04, Buffer.alloc(16)));
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${file.toString("base64")}\n-----END ENCRYPTED PRIVATE KEY-----`;
}

describe("a file that asks for too much work", () => {
  // Numbers that would take seconds, not hours: without its limit a row turns red instead of never ending.
  const ppk = (field: string, value: number) =>
    golden("ppk3").replace(new RegExp(`${field}: \\d+`), `${field}: ${value}`);
  it.each([
    ["Argon2's memory", ppk("Argon2-Memory", 4_000_000)],
    ["Argon2's passes", ppk("Argon2-Passes", 100_000)],
    ["Argon2's lanes", ppk("Argon2-Parallelism", 255)],
    ["bcrypt's rounds", withRounds(4_000)],
    ["bcrypt's rounds, one above the limit", withRounds(derivationLimits.bcryptRounds + 1)],
    ["PBKDF2's iterations", withIterations("01000000")],
    ["PBES1's iterations", asPbes1("06092a864886f70d010503", "030d41")],
    ["the iterations of PKCS#12", asPbes1("060a2a864886f70d010c0103", "00989680")],
  ])("is refused at once: %s", (_, text) => {
    const before = process.cpuUsage();
    expect(codeOf(() => readPrivateKey(text, goldenPassphrase))).toBe("key.too-large");
    expect(process.cpuUsage(before).user).toBeLessThan(200_000);
  });

  /** The rounds stand behind the salt of 16 bytes. */
  function withRounds(rounds: number): string {
    const lines = golden("opensshChacha").trim().split("\n");
    const bytes = Buffer.from(lines.slice(1, -1).join(""), "base64");
    const at = bytes.indexOf("bcrypt") + 6 + 4 + 4 + 16;
    expect(bytes.readUInt32BE(at)).toBe(2);
    bytes.writeUInt32BE(rounds, at);
    return [lines[0], bytes.toString("base64"), lines.at(-1)].join("\n");
  }

  /** 2048 becomes a number of four bytes; the lengths around it grow by two. */
  function withIterations(hex: string): string {
    const lines = golden("pkcs8Encrypted").trim().split("\n");
    const before = Buffer.from(lines.slice(1, -1).join(""), "base64").toString("hex");
    const after = before
      .replace("02020800", `0204${hex}`)
      .replace(/^3082(....)/, (_, length: string) => `3082${grown(length, 4)}`)
      .replace(/3057(?=06092a864886f70d01050d)/, "3059")
      .replace(/304a(?=3029)/, "304c")
      .replace("3029", "302b")
      .replace("301c", "301e");
    return [lines[0], Buffer.from(after, "hex").toString("base64"), lines.at(-1)].join("\n");
  }

  function grown(length: string, digits: number): string {
    return (Number.parseInt(length, 16) + 2).toString(16).padStart(digits, "0");
  }
});

describe("OpenSSH's bcrypt", () => {
  it("gives what bcrypt-pbkdf, which ssh2 uses, gives", () => {
    // bcrypt-pbkdf 1.0.2: pbkdf("secret", "0123456789abcdef", 3 rounds, 48 bytes).
    const golden = "121c272fc3e412b0dcc2124c97e069e7f1a7fc6077ac9507d4aa625051bc8873792fbaef100adee9994975beaf2f23ae";
    expect(bcryptPbkdf(Buffer.from("secret"), Buffer.from("0123456789abcdef"), 3, 48).toString("hex")).toBe(golden);
  });
});
