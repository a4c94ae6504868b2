// While a site runs, the randomness that libraries take from the process comes from the site's seed; otherwise nothing is changed.
import crypto, { type ECDH, type KeyObject } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { Random } from "#hardware/ports.ts";
import { derOfSignature, drawP256Pair, drawRsaPair, isP256, signP256 } from "./deterministic-keys.ts";
import { evenOutCiphers } from "./deterministic-ssh.ts";

/**
 * Import this before any library that draws randomness: some take the functions out of node:crypto once, when they are
 * loaded. Programs in which no site runs get the operating system's generator, through one call more.
 */
interface ProcessRandom {
  source: Random | undefined;
}

/** Of the process and not of this module: a test runner may load the module more than once. */
const state = shared();

/** Draws from `random` whatever the process draws, until the returned function is called. One source at a time. */
export function drawFrom(random: Random): () => void {
  if (state.source !== undefined) throw new Error("The randomness of this process comes from another seed already");
  state.source = random;
  return () => {
    if (state.source === random) state.source = undefined;
  };
}

function shared(): ProcessRandom {
  const key = Symbol.for("postern.process-random");
  const known: unknown = Reflect.get(globalThis, key);
  if (known !== undefined) return known as ProcessRandom;
  const made: ProcessRandom = { source: undefined };
  Reflect.set(globalThis, key, made);
  install(made);
  return made;
}

type Callback<T> = (error: Error | null, value: T) => void;
/** `seeded` answers while a site runs; the original at all other times. */
type Wrap = <F extends (...args: never[]) => unknown>(owner: object, name: string, seeded: Seeded<F>) => void;
type Seeded<F> = (random: Random, original: F, self: unknown, args: unknown[]) => unknown;

function install(process: ProcessRandom): void {
  const wrap: Wrap = (owner, name, seeded) => {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== "function") throw new Error(`node:crypto has no ${name}`);
    const wrapped = function (this: unknown, ...args: unknown[]): unknown {
      const { source } = process;
      if (source === undefined) return Reflect.apply(original, this, args);
      return seeded(source, original as never, this, args);
    };
    // Promisified forms and the like stay.
    Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(owner, name, { value: wrapped, configurable: true, enumerable: true, writable: true });
  };
  wrap(Math, "random", (random) => random.fraction());
  wrapBytes(wrap);
  wrapNumbers(wrap);
  wrapKeys(wrap);
  wrapSignatures(wrap);
  syncBuiltinESMExports();
  evenOutCiphers(() => process.source !== undefined);
}

function wrapBytes(wrap: Wrap): void {
  wrap(crypto, "randomBytes", (random, _original, _self, [size, callback]) =>
    answer(many(random, Number(size)), callback as Callback<Buffer> | undefined),
  );
  const fill = (random: Random, [buffer, ...rest]: unknown[]): unknown => {
    const places = rest.filter((each) => typeof each === "number");
    const bytes = bytesOf(buffer);
    // Places count elements, which are bytes for all that is ever filled in part.
    const [from = 0, length = bytes.length - from] = places;
    bytes.set(many(random, length), from);
    return buffer;
  };
  wrap(crypto, "randomFillSync", (random, _original, _self, args) => fill(random, args));
  wrap(crypto, "randomFill", (random, _original, _self, args) =>
    answer(fill(random, args), args.at(-1) as Callback<unknown>),
  );
  const web = Object.getPrototypeOf(crypto.webcrypto) as object;
  wrap(web, "getRandomValues", (random, _original, _self, args) => fill(random, args));
  wrap(web, "randomUUID", (random) => uuid(random));
}

function wrapNumbers(wrap: Wrap): void {
  wrap(crypto, "randomUUID", (random) => uuid(random));
  wrap(crypto, "randomInt", (random, _original, _self, args) => {
    const numbers = args.filter((each) => typeof each === "number");
    const [min, max] = numbers.length === 1 ? [0, numbers[0] ?? 0] : [numbers[0] ?? 0, numbers[1] ?? 0];
    const drawn = min + Math.floor(random.fraction() * (max - min));
    return answer(drawn, args.find((each) => typeof each === "function") as Callback<number> | undefined);
  });
}

/** Keys that OpenSSL would draw itself: those of key exchanges and of signatures. */
function wrapKeys(wrap: Wrap): void {
  type MakePair = (type: string, options?: PairOptions) => unknown;
  wrap<MakePair>(crypto, "generateKeyPairSync", (random, original, self, args) => {
    const [type, options] = args as [string, PairOptions | undefined];
    return drawnPair(random, type, options) ?? Reflect.apply(original, self, args);
  });
  wrap(crypto, "generateKeyPair", (random, original, self, args) => {
    const callback = args.at(-1) as (error: Error | null, publicKey: unknown, privateKey: unknown) => void;
    const pair = drawnPair(random, String(args[0]), args.length > 2 ? (args[1] as PairOptions) : undefined);
    if (pair === undefined) return Reflect.apply(original, self, args);
    queueMicrotask(() => callback(null, pair.publicKey, pair.privateKey));
    return undefined;
  });
  wrap<ECDH["generateKeys"]>(crypto.ECDH.prototype, "generateKeys", (random, _original, self, args) => {
    const ecdh = self as ECDH;
    drawScalar(random, (scalar) => ecdh.setPrivateKey(scalar));
    return Reflect.apply(ecdh.getPublicKey, ecdh, args);
  });
  wrap<() => unknown>(crypto.DiffieHellman.prototype, "generateKeys", (random, original, self, args) => {
    drawScalar(random, (scalar) => (self as crypto.DiffieHellman).setPrivateKey(scalar));
    return Reflect.apply(original, self, args as []);
  });
  wrap<(name: string) => crypto.DiffieHellmanGroup>(
    crypto,
    "createDiffieHellmanGroup",
    (_random, original, self, args) => {
      // A named group's private key cannot be set; the same group by its numbers takes one.
      const group = Reflect.apply(original, self, args as [string]);
      return crypto.createDiffieHellman(group.getPrime(), group.getGenerator());
    },
  );
}

/** ECDSA draws a number for each signature; RSA with PKCS #1 v1.5 and curve 25519 draw nothing. */
function wrapSignatures(wrap: Wrap): void {
  wrap(crypto, "sign", (random, original, self, args) => {
    const [algorithm, data, given, callback] = args as [unknown, unknown, SigningKey, Callback<Buffer> | undefined];
    const key = privateKeyOf(given);
    if (typeof algorithm !== "string" || !isP256(key?.asymmetricKeyDetails?.namedCurve)) {
      return Reflect.apply(original, self, args as never[]);
    }
    const signature = signP256(random, algorithm, bytesOf(data), key as KeyObject);
    return answer(encodingOf(given) === "ieee-p1363" ? signature : derOfSignature(signature), callback);
  });
}

type SigningKey = KeyObject | string | Buffer | { readonly key: KeyObject | string | Buffer };

function privateKeyOf(given: SigningKey): KeyObject | undefined {
  const key = typeof given === "object" && "key" in given ? given.key : given;
  return key instanceof crypto.KeyObject ? key : crypto.createPrivateKey(given as never);
}

function encodingOf(given: SigningKey): unknown {
  return typeof given === "object" ? Reflect.get(given, "dsaEncoding") : undefined;
}

interface PairOptions {
  readonly namedCurve?: string;
  readonly modulusLength?: number;
  readonly publicKeyEncoding?: Parameters<KeyObject["export"]>[0];
  readonly privateKeyEncoding?: Parameters<KeyObject["export"]>[0];
}

/** RFC 8410: what stands before the 32 bytes of a private key in PKCS#8. */
const curveHeaders: Readonly<Record<string, string>> = {
  x25519: "302e020100300506032b656e04220420",
  ed25519: "302e020100300506032b657004220420",
};

function drawnPair(random: Random, type: string, options: PairOptions = {}) {
  const pair = drawPair(random, type, options);
  if (pair === undefined) return undefined;
  const { privateKey, publicKey } = pair;
  const { publicKeyEncoding, privateKeyEncoding } = options;
  return {
    publicKey: publicKeyEncoding === undefined ? publicKey : publicKey.export(publicKeyEncoding),
    privateKey: privateKeyEncoding === undefined ? privateKey : privateKey.export(privateKeyEncoding),
  };
}

function drawPair(random: Random, type: string, { namedCurve, modulusLength = 2048 }: PairOptions) {
  if (type === "ec" && isP256(namedCurve)) return drawP256Pair(random);
  if (type === "rsa") return drawRsaPair(random, modulusLength);
  const header = curveHeaders[type];
  if (header === undefined) return undefined;
  const der = Buffer.concat([Buffer.from(header, "hex"), random.bytes(32)]);
  const privateKey = crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { privateKey, publicKey: crypto.createPublicKey(privateKey) };
}

/** 256 bits fit every group in use; one number in 2^32 is above the order of the smallest. */
function drawScalar(random: Random, use: (scalar: Uint8Array) => void): void {
  const triesMax = 8;
  for (let tried = 1; ; tried += 1) {
    try {
      use(random.bytes(32));
      return;
    } catch (error) {
      if (tried === triesMax) throw error;
    }
  }
}

function many(random: Random, length: number): Buffer {
  const piece = 65_536;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < length; at += piece) pieces.push(random.bytes(Math.min(piece, length - at)));
  return Buffer.concat(pieces);
}

function bytesOf(buffer: unknown): Uint8Array {
  if (ArrayBuffer.isView(buffer)) return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return new Uint8Array(buffer as ArrayBuffer);
}

function uuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** As the thread pool would: on a later turn, if there is somebody to call. */
function answer<T>(value: T, callback: Callback<T> | undefined): T | undefined {
  if (typeof callback !== "function") return value;
  queueMicrotask(() => callback(null, value));
  return undefined;
}
