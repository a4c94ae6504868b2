// Each function of node:crypto that draws randomness: the same from one seed, of the right form, and untouched without one.
import crypto from "node:crypto";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { drawFrom } from "#simulator/deterministic-random.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";

async function seeded<T>(draw: () => T | Promise<T>): Promise<T> {
  const release = drawFrom(new SeededRandom(11));
  try {
    return await draw();
  } finally {
    release();
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const agreed = (): string => {
  const [one, other] = [crypto.generateKeyPairSync("x25519"), crypto.generateKeyPairSync("x25519")];
  const secret = crypto.diffieHellman({ privateKey: one.privateKey, publicKey: other.publicKey });
  const same = crypto.diffieHellman({ privateKey: other.privateKey, publicKey: one.publicKey });
  if (!secret.equals(same)) throw new Error("the two ends do not agree");
  return hex(secret);
};

const draws: readonly (readonly [name: string, draw: () => string | Promise<string>])[] = [
  ["randomBytes", () => hex(crypto.randomBytes(70_000))],
  ["randomBytes with a callback", async () => hex(await promisify(crypto.randomBytes)(16))],
  ["randomFillSync", () => hex(crypto.randomFillSync(Buffer.alloc(16)))],
  ["randomFillSync in part", () => hex(crypto.randomFillSync(Buffer.alloc(16), 4, 8))],
  ["randomFill", async () => hex((await promisify(crypto.randomFill)(Buffer.alloc(16))) as Buffer)],
  ["getRandomValues", () => hex(globalThis.crypto.getRandomValues(new Uint8Array(16)))],
  ["randomUUID", () => crypto.randomUUID()],
  ["randomUUID of the web's crypto", () => globalThis.crypto.randomUUID()],
  ["randomInt", () => String(crypto.randomInt(100_000_000, 1_000_000_000))],
  ["x25519 keys", agreed],
  [
    "ed25519 keys",
    () => String(crypto.generateKeyPairSync("ed25519").publicKey.export({ format: "pem", type: "spki" })),
  ],
  [
    "ed25519 keys with a callback",
    async () => {
      const { privateKey } = await promisify(crypto.generateKeyPair)("ed25519");
      return String(privateKey.export({ format: "pem", type: "pkcs8" }));
    },
  ],
  ...["prime256v1", "secp384r1", "secp521r1"].map(
    (curve) => [`ECDH on ${curve}`, () => crypto.createECDH(curve).generateKeys("hex")] as const,
  ),
  ["Diffie-Hellman in a named group", () => crypto.createDiffieHellmanGroup("modp14").generateKeys("hex")],
];

describe("randomness of the process", () => {
  it.each(draws)("%s is the same from one seed and another one without", async (_name, draw) => {
    const first = await seeded(draw);
    expect(await seeded(draw)).toBe(first);
    const real = await draw();
    expect(real).not.toBe(first);
    expect(real).toHaveLength(first.length);
  });

  it("fills only the part that is asked for", async () => {
    const bytes = await seeded(() => crypto.randomFillSync(Buffer.alloc(16), 4, 8));
    expect(hex(bytes.subarray(0, 4))).toBe("00000000");
    expect(hex(bytes.subarray(12))).toBe("00000000");
    expect(hex(bytes.subarray(4, 12))).not.toBe("0000000000000000");
  });

  it("makes UUIDs of version 4 and numbers within their limits", async () => {
    const uuid = await seeded(() => crypto.randomUUID());
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const numbers = await seeded(() => Array.from({ length: 200 }, () => crypto.randomInt(3, 6)));
    expect([...new Set(numbers)].sort()).toEqual([3, 4, 5]);
  });
});
