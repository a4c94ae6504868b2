// Pairs that are made here, and many random keys, so that numbers with leading zeros and high bits come up.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { checkPair } from "#cloud-stub/remote-access/keys/check-pair.ts";
import { generateKeyPair } from "#cloud-stub/remote-access/keys/generate-key-pair.ts";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { readPublicKey } from "#cloud-stub/remote-access/keys/read-public-key.ts";

describe("a generated pair", () => {
  it.each([
    [undefined, "ED25519", 256],
    ["ED25519", "ED25519", 256],
    ["ECDSA", "ECDSA", 256],
    ["RSA", "RSA", 3072],
  ] as const)("is read back, whole, and serves ssh2: %s", async (asked, algorithm, bits) => {
    const pair = await generateKeyPair({ ...(asked && { algorithm: asked }), comment: "postern\nplc" });
    const [privateKey, publicKey] = [readPrivateKey(pair.privateKey), readPublicKey(pair.publicKey)];
    expect(privateKey).toMatchObject({ algorithm, bits, publicKey: pair.publicKey, forSsh: pair.privateKey });
    expect(pair.publicKey).toMatch(/^\S+ \S+ postern plc$/);
    checkPair(privateKey, publicKey);
    const parsed = ssh2.utils.parseKey(pair.privateKey);
    if (parsed instanceof Error) throw parsed;
    expect(parsed.verify("a message", parsed.sign("a message"))).toBe(true);
  });

  it("is another one each time", async () => {
    const pairs = await Promise.all([1, 2, 3].map(() => generateKeyPair({ comment: "" })));
    expect(new Set(pairs.map(({ publicKey }) => publicKey)).size).toBe(3);
  });
});

describe("many random keys", () => {
  it.each([
    ["ECDSA on P-256", 400, () => generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey],
    ["ECDSA on P-521", 200, () => generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey],
    ["ED25519", 300, () => generateKeyPairSync("ed25519").privateKey],
    ["RSA of 1024 bits", 10, () => generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey],
  ] as const)("serve ssh2, whatever their numbers begin with: %s", (_, count, make: () => KeyObject) => {
    const message = Buffer.from("a message");
    for (let made = 0; made < count; made += 1) {
      const key = readPrivateKey(make().export({ type: "pkcs8", format: "pem" }));
      const [parsed, publicKey] = [ssh2.utils.parseKey(key.forSsh), ssh2.utils.parseKey(key.publicKey)];
      if (parsed instanceof Error) throw parsed;
      if (publicKey instanceof Error) throw publicKey;
      expect(publicKey.verify(message, parsed.sign(message))).toBe(true);
      expect(readPrivateKey(key.forSsh).fingerprint).toBe(key.fingerprint);
    }
  });
});
