// Hashes passwords so that a stolen database does not give them away: scrypt with 128 MiB, one after the other.
import { scrypt, timingSafeEqual } from "node:crypto";
import type { Random } from "#hardware/ports.ts";

export interface PasswordHasher {
  /** A text form that holds all that `verify` needs. Rejects with HasherBusyError at the queue's limit. */
  hash(password: string): Promise<string>;
  /** False also for a stored form it cannot read. Rejects with HasherBusyError at the queue's limit. */
  verify(password: string, stored: string): Promise<boolean>;
}

/** Too many passwords wait to be hashed. */
export class HasherBusyError extends Error {
  constructor() {
    super(`More than ${waitingMax} logins wait to be checked`);
    this.name = "HasherBusyError";
  }
}

/** 128 * N * r = 128 MiB for each hash. */
const costN = 131_072;
const blockSizeR = 8;
const parallelP = 1;
const memoryBytesMax = 256 * 1024 * 1024;
const saltBytes = 16;
const hashBytes = 32;
/** Longest password that is looked at, in UTF-16 units. */
const passwordLengthMax = 1024;
/** Hashes that run at a time, 128 MiB each. */
const runningMax = 2;
/** Hashes that may wait for their turn. */
const waitingMax = 32;

/** The hasher of the product. Runs in Node's thread pool, so a site on virtual time injects another one. */
export function scryptHasher(random: Random): PasswordHasher {
  const turns = createTurns();
  async function derive(password: string, salt: Uint8Array, N: number, r: number, p: number): Promise<Buffer> {
    return turns(
      () =>
        new Promise<Buffer>((resolve, reject) => {
          scrypt(password.normalize("NFC"), salt, hashBytes, { N, r, p, maxmem: memoryBytesMax }, (error, key) =>
            error === null ? resolve(key) : reject(error),
          );
        }),
    );
  }
  return {
    async hash(password) {
      if (password.length > passwordLengthMax)
        throw new RangeError(`A password may have ${passwordLengthMax} characters`);
      const salt = random.bytes(saltBytes);
      const key = await derive(password, salt, costN, blockSizeR, parallelP);
      const parts = ["scrypt", costN, blockSizeR, parallelP, Buffer.from(salt).toString("base64url")];
      return [...parts, key.toString("base64url")].join("$");
    },
    async verify(password, stored) {
      const [name, N, r, p, salt, expected] = stored.split("$");
      if (name !== "scrypt" || salt === undefined || expected === undefined) return false;
      const isTooLong = password.length > passwordLengthMax;
      // Hashed all the same: an answer without the wait would tell that the account exists.
      const hashed = isTooLong ? "" : password;
      const key = await derive(hashed, Buffer.from(salt, "base64url"), Number(N), Number(r), Number(p));
      const expectedKey = Buffer.from(expected, "base64url");
      return !isTooLong && key.length === expectedKey.length && timingSafeEqual(key, expectedKey);
    },
  };
}

/** Runs what it is given, `runningMax` at a time, in the order of asking. */
function createTurns(): <T>(run: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (running < runningMax) running += 1;
    else if (waiting.length >= waitingMax) throw new HasherBusyError();
    // Who ends hands its place to the next one, so `running` stays as it is.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
