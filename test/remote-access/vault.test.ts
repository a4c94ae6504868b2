// The vault: what it seals opens only whole, in its own place and under its own master key.
import { createCipheriv, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createVault, VaultError } from "#cloud-stub/remote-access/vault.ts";
import type { Random } from "#hardware/ports.ts";

/** Counts up, so that each draw differs and the golden text below is the same in each run. */
function countingRandom(): Random {
  let next = 0;
  return {
    bytes: (length) => Uint8Array.from({ length }, () => next++ & 0xff),
    fraction: () => 0.5,
  };
}

const masterKey = new Uint8Array(32).fill(7);
const context = "t1000/1001/1/password";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof VaultError) return error.code;
    throw error;
  }
  return "no error";
}

describe("vault", () => {
  it.each(["", "secret", "pässwörd ☂"])("opens what it sealed: %j", (clear) => {
    const vault = createVault(masterKey, countingRandom());
    expect(Buffer.from(vault.open(vault.seal(clear, context), context)).toString()).toBe(clear);
  });

  it("writes the documented text form", () => {
    // Built from the parts that the file names, with Node's cipher only: HKDF-SHA256 for both derived keys.
    const derive = (purpose: string, length: number) =>
      Buffer.from(hkdfSync("sha256", masterKey, new Uint8Array(0), purpose, length));
    const encrypt = (key: Uint8Array, nonce: Uint8Array, clear: Uint8Array, aad: string) => {
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      cipher.setAAD(Buffer.from(aad));
      return Buffer.concat([nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
    };
    const draw = countingRandom();
    const dataKey = draw.bytes(32);
    const expected = Buffer.concat([
      derive("postern.vault.key-id", 8),
      encrypt(derive("postern.vault.wrap", 32), draw.bytes(12), dataKey, "postern.vault.data-key.v1"),
      encrypt(dataKey, draw.bytes(12), Buffer.from("secret"), context),
    ]);
    const sealed = createVault(masterKey, countingRandom()).seal("secret", context);
    expect(sealed).toBe(`v1.${expected.toString("base64url")}`);
  });

  it("keeps the text of earlier versions readable", () => {
    // Sealed on 2026-11-24 by the first version of this file with the key and context above.
    const golden =
      "v1.HXXM5ghRs8YgISIjJCUmJygpKis2kq9TrYN6DRZFt6cS6dma53AZhWy0vI4RyTCg4yBuDTV1Eb94YAmMNSlI-WXC_acsLS4vMDEyMzQ1NjchmEZkB-U3-9GIS4YKUQQ6sCjEUUDx";
    const vault = createVault(masterKey, countingRandom());
    expect(Buffer.from(vault.open(golden, context)).toString()).toBe("secret");
  });

  it("uses another data key and nonce each time, so equal secrets look different", () => {
    const vault = createVault(masterKey, countingRandom());
    expect(vault.seal("same", context)).not.toBe(vault.seal("same", context));
  });

  it("shows nothing of the secret in its text form", () => {
    const sealed = createVault(masterKey, countingRandom()).seal("hunter2-hunter2", context);
    expect(Buffer.from(sealed.slice(3), "base64url").includes("hunter2")).toBe(false);
  });

  it("says wrong key for another master key", () => {
    const sealed = createVault(masterKey, countingRandom()).seal("secret", context);
    const other = createVault(new Uint8Array(32).fill(8), countingRandom());
    expect(codeOf(() => other.open(sealed, context))).toBe("vault.wrong-key");
  });

  it("refuses a sealed text in another place", () => {
    const vault = createVault(masterKey, countingRandom());
    const sealed = vault.seal("secret", context);
    expect(codeOf(() => vault.open(sealed, "t1000/1001/2/password"))).toBe("vault.damaged");
  });

  it("says damaged for a flipped bit anywhere", () => {
    const vault = createVault(masterKey, countingRandom());
    const packed = Buffer.from(vault.seal("secret", context).slice(3), "base64url");
    for (let index = 0; index < packed.length; index++) {
      const bytes = Buffer.from(packed);
      bytes[index]! ^= 1;
      const code = codeOf(() => vault.open(`v1.${bytes.toString("base64url")}`, context));
      expect(code, `byte ${index}`).toBe("vault.damaged");
    }
  });

  it.each([
    ["nothing", ""],
    ["another version", "v2.AAAA"],
    ["no base64url", "v1.####"],
    ["too short", `v1.${Buffer.alloc(95).toString("base64url")}`],
    ["clear text", "secret"],
  ])("says damaged for %s", (_what, sealed) => {
    expect(codeOf(() => createVault(masterKey, countingRandom()).open(sealed, context))).toBe("vault.damaged");
  });

  it("says damaged for cut and for lengthened text", () => {
    const vault = createVault(masterKey, countingRandom());
    const sealed = vault.seal("secret", context);
    for (const text of [sealed.slice(0, -4), `${sealed}AAAA`, `${sealed} `, `${sealed}=`]) {
      expect(codeOf(() => vault.open(text, context))).toBe("vault.damaged");
    }
  });

  it("refuses a master key of another length", () => {
    expect(() => createVault(new Uint8Array(31), countingRandom())).toThrow(/32 bytes, it has 31/);
  });

  it("refuses a secret above the limit", () => {
    const vault = createVault(masterKey, countingRandom());
    expect(vault.seal(new Uint8Array(1024 * 1024), context)).toMatch(/^v1\./);
    expect(() => vault.seal(new Uint8Array(1024 * 1024 + 1), context)).toThrow(RangeError);
  });

  it("names no secret in its errors", () => {
    const vault = createVault(masterKey, countingRandom());
    try {
      vault.open("v1.c2VjcmV0", context);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).toContain(context);
      expect(String(error)).not.toContain("c2VjcmV0");
    }
  });
});
