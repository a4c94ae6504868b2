// The numbers that make a key, whatever file they came from, and the checks that they belong together.
import { createECDH, createPrivateKey, createPublicKey, ECDH } from "node:crypto";
import { damaged, unsupported } from "./key-error.ts";

export type KeyAlgorithm = "RSA" | "DSA" | "ECDSA" | "ED25519";

export const curves = {
  nistp256: { opensslName: "prime256v1", bits: 256, bytes: 32, objectId: "1.2.840.10045.3.1.7" },
  nistp384: { opensslName: "secp384r1", bits: 384, bytes: 48, objectId: "1.3.132.0.34" },
  nistp521: { opensslName: "secp521r1", bits: 521, bytes: 66, objectId: "1.3.132.0.35" },
} as const;
export type CurveName = keyof typeof curves;

export interface RsaPublic {
  readonly algorithm: "RSA";
  readonly e: bigint;
  readonly n: bigint;
}
export interface DsaPublic {
  readonly algorithm: "DSA";
  readonly p: bigint;
  readonly q: bigint;
  readonly g: bigint;
  readonly y: bigint;
}
export interface EcdsaPublic {
  readonly algorithm: "ECDSA";
  readonly curve: CurveName;
  /** Uncompressed (SEC 1 section 2.3.3). */
  readonly point: Buffer;
}
export interface Ed25519Public {
  readonly algorithm: "ED25519";
  readonly point: Buffer;
}
export type PublicNumbers = RsaPublic | DsaPublic | EcdsaPublic | Ed25519Public;

export type PrivateNumbers =
  | (RsaPublic & { readonly d: bigint; readonly p: bigint; readonly q: bigint; readonly inverseOfQ: bigint })
  | (DsaPublic & { readonly x: bigint })
  | (EcdsaPublic & { readonly scalar: Buffer })
  | (Ed25519Public & { readonly seed: Buffer });

/** What OpenSSH takes; it also bounds the time that checking a key takes. */
export const numberBitsMax = 16_384;
/** Below this OpenSSH refuses RSA, and a day's computing breaks it. */
export const rsaBitsMin = 1024;
const rsaExponentBitsMax = 64;
const dsaBitsMin = 1024;
const dsaBitsMax = 4096;
/** `ssh-dss` signs with two numbers of 160 bits (RFC 4253 section 6.6); a larger subgroup has no place in it. */
const dsaSubgroupBits = 160;

export function isCurveName(name: string): name is CurveName {
  return Object.hasOwn(curves, name);
}

/** The size by which people call the key: of the modulus, the prime or the curve. */
export function bitsOf(numbers: PublicNumbers): number {
  switch (numbers.algorithm) {
    case "RSA":
      return bitLength(numbers.n);
    case "DSA":
      return bitLength(numbers.p);
    case "ECDSA":
      return curves[numbers.curve].bits;
    case "ED25519":
      return 256;
  }
}

export function bitLength(number: bigint): number {
  return number === 0n ? 0 : number.toString(2).length;
}

export function bigintOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** Throws KeyError unless the public numbers can be a key that SSH knows. */
export function checkPublic<T extends PublicNumbers>(numbers: T): T {
  if (numbers.algorithm === "RSA") checkRsaPublic(numbers);
  if (numbers.algorithm === "DSA") checkDsaPublic(numbers);
  if (numbers.algorithm === "ED25519" && numbers.point.length !== 32) {
    throw damaged("an Ed25519 public key has 32 bytes");
  }
  return numbers;
}

function checkRsaPublic({ e, n }: RsaPublic): void {
  const bits = bitLength(n);
  if (bits > numberBitsMax) throw unsupported(`This RSA key has ${bits} bits; at most ${numberBitsMax} can be used.`);
  if (n % 2n === 0n || e % 2n === 0n || e < 3n) throw damaged("its RSA numbers cannot be a public key");
  if (bits < rsaBitsMin) throw unsupported(`This RSA key has ${bits} bits; SSH needs at least ${rsaBitsMin}.`);
  if (bitLength(e) > rsaExponentBitsMax) {
    throw unsupported(`This RSA key has a public exponent of more than ${rsaExponentBitsMax} bits.`);
  }
}

function checkDsaPublic({ p, q, g, y }: DsaPublic): void {
  const bits = bitLength(p);
  if (bits < dsaBitsMin || bits > dsaBitsMax) {
    throw unsupported(`This DSA key has ${bits} bits; ${dsaBitsMin} to ${dsaBitsMax} can be used.`);
  }
  if (bitLength(q) !== dsaSubgroupBits) {
    throw unsupported(
      `This DSA key has a subgroup of ${bitLength(q)} bits; SSH can only use ${dsaSubgroupBits}. Make an ED25519 key instead.`,
    );
  }
  const isInGroup = (number: bigint) => number > 1n && number < p;
  if (p % 2n === 0n || (p - 1n) % q !== 0n || !isInGroup(g) || !isInGroup(y)) {
    throw damaged("its DSA numbers do not fit together");
  }
}

/** An RSA private key from the numbers that every format has; the rest is computed, so that no file's order of primes matters. */
export function rsaPrivate(
  numbers: Omit<RsaPublic, "algorithm"> & { d: bigint; p: bigint; q: bigint },
): PrivateNumbers {
  const { n, e, d, p, q } = numbers;
  checkPublic({ algorithm: "RSA", n, e });
  const doNotFit = () => damaged("its RSA numbers do not fit together");
  if (p <= 2n || q <= 2n || p * q !== n || d <= 1n || bitLength(d) > numberBitsMax) throw doNotFit();
  const product = d * e;
  if (product % (p - 1n) !== 1n || product % (q - 1n) !== 1n) throw doNotFit();
  const inverseOfQ = inverse(q, p);
  if (inverseOfQ === undefined) throw doNotFit();
  return { algorithm: "RSA", n, e, d, p, q, inverseOfQ };
}

/** A DSA private key; a file may leave out y, which is g to the x. */
export function dsaPrivate(numbers: Omit<DsaPublic, "algorithm" | "y"> & { y?: bigint; x: bigint }): PrivateNumbers {
  const { p, q, g, x } = numbers;
  // Any member of the group stands for a y that is not known yet, so that no power is taken of numbers out of bounds.
  checkPublic({ algorithm: "DSA", p, q, g, y: numbers.y ?? g });
  const doNotFit = () => damaged("its DSA numbers do not fit together");
  if (x < 1n || x >= q) throw doNotFit();
  const y = power(g, x, p);
  if (numbers.y !== undefined && numbers.y !== y) throw doNotFit();
  return { algorithm: "DSA", p, q, g, y, x };
}

/** An ECDSA private key; a file may leave out the point, since the scalar gives it. */
export function ecdsaPrivate(curve: CurveName, scalar: bigint, point: Uint8Array | undefined): PrivateNumbers {
  const { opensslName, bytes } = curves[curve];
  const doNotFit = () => damaged("its elliptic-curve numbers do not fit together");
  const hex = scalar.toString(16).padStart(bytes * 2, "0");
  if (scalar <= 0n || hex.length !== bytes * 2) throw doNotFit();
  const fixed = Buffer.from(hex, "hex");
  const pair = createECDH(opensslName);
  try {
    pair.setPrivateKey(fixed);
  } catch {
    // Not below the order of the curve.
    throw doNotFit();
  }
  const computed = pair.getPublicKey();
  if (point !== undefined && !uncompressed(curve, point).equals(computed)) throw doNotFit();
  return { algorithm: "ECDSA", curve, point: computed, scalar: fixed };
}

/** A point in its uncompressed form; throws KeyError unless it lies on the curve. */
export function uncompressed(curve: CurveName, point: Uint8Array): Buffer {
  const { opensslName, bytes } = curves[curve];
  if (point.length !== 2 * bytes + 1 && point.length !== bytes + 1) throw damaged("its point is not on the curve");
  try {
    const converted = ECDH.convertKey(point, opensslName, undefined, undefined, "uncompressed");
    return Buffer.isBuffer(converted) ? converted : Buffer.from(converted, "latin1");
  } catch {
    throw damaged("its point is not on the curve");
  }
}

/** PKCS#8 around an Ed25519 seed (RFC 8410 section 7), as far as the seed. */
const ed25519Opening = Buffer.from("302e020100300506032b657004220420", "hex");

/** An Ed25519 private key; a file may leave out the public half, since the seed gives it. */
export function ed25519Private(seed: Uint8Array, point: Uint8Array | undefined): PrivateNumbers {
  if (seed.length !== 32) throw damaged("an Ed25519 private key has 32 bytes");
  const key = createPrivateKey({ key: Buffer.concat([ed25519Opening, seed]), format: "der", type: "pkcs8" });
  const computed = Buffer.from(createPublicKey(key).export({ format: "jwk" }).x ?? "", "base64url");
  if (point !== undefined && !computed.equals(point)) throw damaged("its Ed25519 numbers do not fit together");
  return { algorithm: "ED25519", point: computed, seed: Buffer.from(seed) };
}

/** The multiplicative inverse by Euclid's algorithm, or undefined where there is none. */
function inverse(number: bigint, modulus: bigint): bigint | undefined {
  let [dividend, divisor] = [modulus, number % modulus];
  let [before, now] = [0n, 1n];
  while (divisor !== 0n) {
    const quotient = dividend / divisor;
    [dividend, divisor] = [divisor, dividend - quotient * divisor];
    [before, now] = [now, before - quotient * now];
  }
  if (dividend !== 1n) return undefined;
  return before < 0n ? before + modulus : before;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
