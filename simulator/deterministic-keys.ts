// Key pairs and signatures that OpenSSL would draw by itself, made from numbers of the site's seed instead.
import { checkPrimeSync, createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { Random } from "#hardware/ports.ts";

export interface DrawnPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The curve that certificates and SSH keys use most, by each of its names. */
const p256Names = ["prime256v1", "P-256", "secp256r1"];
/** Order of P-256's base point (FIPS 186-5). */
const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const p256Bytes = 32;

export function isP256(curve: unknown): boolean {
  return typeof curve === "string" && p256Names.includes(curve);
}

export function drawP256Pair(random: Random): DrawnPair {
  const d = drawScalar(random);
  const point = pointOf(d);
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: base64url(d, p256Bytes),
    x: point.subarray(1, 1 + p256Bytes).toString("base64url"),
    y: point.subarray(1 + p256Bytes).toString("base64url"),
  };
  return pairOf(createPrivateKey({ key: jwk, format: "jwk" }));
}

/** ECDSA as FIPS 186-5 has it, with the per-message number from `random`. `signature` is r, then s. */
export function signP256(random: Random, algorithm: string, data: Uint8Array, key: KeyObject): Buffer {
  const d = bigint(Buffer.from(String(key.export({ format: "jwk" }).d), "base64url"));
  // A longer digest would be cut to the order's 256 bits.
  const digest = bigint(createHash(algorithm).update(data).digest().subarray(0, p256Bytes));
  for (;;) {
    const k = drawScalar(random);
    const r = bigint(pointOf(k).subarray(1, 1 + p256Bytes)) % p256Order;
    const s = (inverse(k, p256Order) * (digest + r * d)) % p256Order;
    if (r !== 0n && s !== 0n) return Buffer.concat([bytesOf(r, p256Bytes), bytesOf(s, p256Bytes)]);
  }
}

/** RFC 3279 section 2.2.3: a sequence of two integers. */
export function derOfSignature(signature: Buffer): Buffer {
  const integers = [signature.subarray(0, p256Bytes), signature.subarray(p256Bytes)].map((number) => {
    const firstDigit = number.findIndex((byte) => byte !== 0);
    const digits = number.subarray(Math.max(0, firstDigit));
    const content = (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), digits]) : digits;
    return Buffer.concat([Uint8Array.of(0x02, content.length), content]);
  });
  const content = Buffer.concat(integers);
  return Buffer.concat([Uint8Array.of(0x30, content.length), content]);
}

/** `bits` of the modulus, a multiple of 16. */
export function drawRsaPair(random: Random, bits: number): DrawnPair {
  const e = 65_537n;
  const p = drawPrime(random, bits / 2, e);
  let q = drawPrime(random, bits / 2, e);
  while (q === p) q = drawPrime(random, bits / 2, e);
  const d = inverse(e, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const texts = Object.entries(numbers).map(([name, value]) => [name, base64url(value, undefined)]);
  return pairOf(createPrivateKey({ key: { kty: "RSA", ...Object.fromEntries(texts) }, format: "jwk" }));
}

/** The two highest bits are set, so that the product of two has all of its bits. */
function drawPrime(random: Random, bits: number, e: bigint): bigint {
  for (;;) {
    const bytes = Buffer.from(random.bytes(bits / 8));
    bytes[0] = (bytes[0] ?? 0) | 0xc0;
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x01;
    const candidate = bigint(bytes);
    if ((candidate - 1n) % e !== 0n && checkPrimeSync(candidate)) return candidate;
  }
}

function drawScalar(random: Random): bigint {
  for (;;) {
    const scalar = bigint(random.bytes(p256Bytes));
    if (scalar > 0n && scalar < p256Order) return scalar;
  }
}

/** Times the base point, as 0x04, x, y. */
function pointOf(scalar: bigint): Buffer {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(bytesOf(scalar, p256Bytes));
  return ecdh.getPublicKey();
}

function pairOf(privateKey: KeyObject): DrawnPair {
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** By Euclid's extended algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, nextR] = [modulus, value % modulus];
  let [t, nextT] = [0n, 1n];
  while (nextR !== 0n) {
    const quotient = r / nextR;
    [r, nextR] = [nextR, r - quotient * nextR];
    [t, nextT] = [nextT, t - quotient * nextT];
  }
  return t < 0n ? t + modulus : t;
}

function bigint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function bytesOf(value: bigint, length: number | undefined): Buffer {
  const hex = value.toString(16);
  const digits = length === undefined ? hex.length + (hex.length % 2) : length * 2;
  return Buffer.from(hex.padStart(digits, "0"), "hex");
}

function base64url(value: bigint, length: number | undefined): string {
  return bytesOf(value, length).toString("base64url");
}
