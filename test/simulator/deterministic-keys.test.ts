// Keys and signatures drawn from a seed: the same for the same seed, good to OpenSSL, and OpenSSL's own where no site runs.
import { generateKeyPair, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { drawFrom } from "#simulator/deterministic-random.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";

const data = Buffer.from("what is signed");

function drawn<T>(seed: number, make: () => T): T {
  const undraw = drawFrom(new SeededRandom(seed));
  try {
    return make();
  } finally {
    undraw();
  }
}

const pem = (key: KeyObject): string => String(key.export({ type: "pkcs8", format: "pem" }));
const p256 = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });

describe.each([
  ["P-256", p256],
  ["RSA", rsa],
] as const)("a drawn key pair of %s", (_, make) => {
  test("is the same for the same seed and another for another", () => {
    const first = pem(drawn(1, make).privateKey);
    expect(pem(drawn(1, make).privateKey)).toBe(first);
    expect(pem(drawn(2, make).privateKey)).not.toBe(first);
  });

  test("signs so that OpenSSL finds it good, and not for other data", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { pair, signature } = drawn(seed, () => {
        const made = make();
        return { pair: made, signature: sign("sha256", data, made.privateKey) };
      });
      expect(verify("sha256", data, pair.publicKey, signature), `seed ${seed}`).toBe(true);
      expect(verify("sha256", Buffer.from("other data"), pair.publicKey, signature)).toBe(false);
      if (make === rsa && seed === 3) break;
    }
  });

  test("is OpenSSL's own where no site runs", () => {
    expect(pem(make().privateKey)).not.toBe(pem(make().privateKey));
  });
});

test("an ECDSA signature is the same for the same seed, in each of its two forms", () => {
  const story = () => {
    const { privateKey, publicKey } = p256();
    const der = sign("sha256", data, privateKey);
    const plain = sign("sha512", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
    const text = sign("sha256", data, pem(privateKey));
    return { der, plain, text, publicKey };
  };
  const first = drawn(4, story);
  const second = drawn(4, story);
  expect(second.der.equals(first.der)).toBe(true);
  expect(second.plain.equals(first.plain)).toBe(true);
  expect(first.plain).toHaveLength(64);
  expect(verify("sha512", data, { key: first.publicKey, dsaEncoding: "ieee-p1363" }, first.plain)).toBe(true);
  expect(verify("sha256", data, first.publicKey, first.text)).toBe(true);
  // Each draws a number of its own, or the key could be found out from two signatures.
  expect(first.text.equals(first.der)).toBe(false);
});

test("the form with a callback draws too, without the thread pool", async () => {
  const make = (seed: number) =>
    drawn(seed, () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      generateKeyPair("ec", { namedCurve: "prime256v1" }, (_error, _publicKey, privateKey) => resolve(pem(privateKey)));
      return promise;
    });
  expect(await make(6)).toBe(await make(6));
});

test("signatures with other keys stay as they are", () => {
  const ed25519 = generateKeyPairSync("ed25519");
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  drawn(5, () => {
    expect(verify(null, data, ed25519.publicKey, sign(null, data, ed25519.privateKey))).toBe(true);
    expect(verify("sha384", data, p384.publicKey, sign("sha384", data, p384.privateKey))).toBe(true);
  });
});
