// Host keys that a seed decides: ED25519 of today's devices and RSA of old ones, as ssh2 takes them.
import { checkPrimeSync, createHash, createPrivateKey, createPublicKey } from "node:crypto";
import type { Random } from "#hardware/ports.ts";

export interface HostKey {
  /** Private, in a form that ssh2 reads. */
  readonly privateKey: string;
  /** One line in OpenSSH's form. */
  readonly publicLine: string;
  /** `SHA256:` and 43 characters of base64. */
  readonly fingerprint: string;
}

/** RFC 8410 section 7: the PKCS#8 frame of an ED25519 key, in front of its 32 bytes. */
const ed25519Frame = Buffer.from("302e020100300506032b657004220420", "hex");
const ed25519Name = "ssh-ed25519";

export function ed25519HostKey(random: Random): HostKey {
  const seed = random.bytes(32);
  const key = createPrivateKey({ key: Buffer.concat([ed25519Frame, seed]), format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  const point = Buffer.from(x, "base64url");
  const blob = Buffer.concat([field(ed25519Name), field(point)]);
  const check = Buffer.from(random.bytes(4));
  // OpenSSH's PROTOCOL.key: without a cipher, filled with 1, 2, 3 ... to a multiple of 8.
  const secret = [check, check, field(ed25519Name), field(point), field(Buffer.concat([seed, point])), field("")];
  const length = secret.reduce((sum, part) => sum + part.length, 0);
  const padding = Buffer.from(Array.from({ length: (8 - (length % 8)) % 8 }, (_, at) => at + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const frame = [Buffer.from("openssh-key-v1\0"), field("none"), field("none"), field(""), one, field(blob)];
  const whole = Buffer.concat([...frame, field(Buffer.concat([...secret, padding]))]);
  const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
  const privateKey = ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""];
  return { privateKey: privateKey.join("\n"), ...publicForms(ed25519Name, blob) };
}

/** Of 1024 to 4096 bits; more take seconds. */
export function rsaHostKey(random: Random, bits: number): HostKey {
  const exponent = 65_537n;
  for (;;) {
    const [one, other] = [prime(random, bits / 2), prime(random, bits / 2)];
    const [p, q] = one > other ? [one, other] : [other, one];
    const order = (p - 1n) * (q - 1n);
    const d = inverse(exponent, order);
    if (p === q || d === undefined) continue;
    const inverseOfQ = inverse(q, p) ?? 0n;
    const numbers = { n: p * q, e: exponent, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverseOfQ };
    const words = Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [name, numberBytes(value).toString("base64url")]),
    );
    const key = createPrivateKey({ key: { kty: "RSA", ...words }, format: "jwk" });
    const blob = Buffer.concat([field("ssh-rsa"), field(signed(exponent)), field(signed(p * q))]);
    const privateKey = key.export({ type: "pkcs1", format: "pem" }).toString();
    return { privateKey, ...publicForms("ssh-rsa", blob) };
  }
}

/** Of exactly so many bits, the upper two set, so that the product of two has all of theirs. */
function prime(random: Random, bits: number): bigint {
  for (;;) {
    const bytes = Buffer.from(random.bytes(bits / 8));
    bytes[0] = (bytes[0] ?? 0) | 0xc0;
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 1;
    if (checkPrimeSync(bytes)) return BigInt(`0x${bytes.toString("hex")}`);
  }
}

/** Euclid's algorithm; undefined where there is none. */
function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [a, b] = [value % modulus, modulus];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return a === 1n ? ((x % modulus) + modulus) % modulus : undefined;
}

function publicForms(name: string, blob: Buffer): Pick<HostKey, "publicLine" | "fingerprint"> {
  const digest = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
  return { publicLine: `${name} ${blob.toString("base64")}`, fingerprint: `SHA256:${digest}` };
}

/** RFC 4251 section 5: a length of four bytes, and the bytes. */
function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function numberBytes(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

/** RFC 4251 section 5, mpint: a number whose first bit is set gets a zero byte before it. */
function signed(value: bigint): Buffer {
  const bytes = numberBytes(value);
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}
