// Keys of which one byte was changed where the file still looks whole: none of them is taken for a key.
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { goldenKeys, goldenPassphrase } from "./golden-keys.ts";
import { codeOf } from "./key-error-code.ts";

const golden = (name: string) => goldenKeys.find((key) => key.name === name)!.text;

function changed(text: string, change: (bytes: Buffer) => void): string {
  const lines = text.trim().split("\n");
  const bytes = Buffer.from(lines.slice(1, -1).join(""), "base64");
  change(bytes);
  return [lines[0], bytes.toString("base64"), lines.at(-1)].join("\n");
}

const flip = (bytes: Buffer, at: number) => bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);

describe("a key with one byte changed", () => {
  it("in its authentication tag is not opened", () => {
    for (const name of ["opensshChacha", "opensshGcm"]) {
      const text = changed(golden(name), (bytes) => flip(bytes, bytes.length - 1));
      expect(codeOf(() => readPrivateKey(text, goldenPassphrase))).toBe("key.passphrase-wrong");
    }
  });

  it("in the exponent, a prime or the modulus of RSA is damaged", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const { d = "", p = "", n = "" } = privateKey.export({ format: "jwk" });
    const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    for (const number of [d, p, n]) {
      const text = changed(pem, (bytes) => flip(bytes, bytes.indexOf(Buffer.from(number, "base64url")) + 20));
      expect(codeOf(() => readPrivateKey(text))).toBe("key.damaged");
    }
  });

  it("in the scalar of ECDSA is damaged", () => {
    // SEC1 on P-521: the scalar's 66 bytes begin behind two headers and the version, 3 + 3 + 2 bytes.
    expect(codeOf(() => readPrivateKey(changed(golden("sec1"), (bytes) => flip(bytes, 40))))).toBe("key.damaged");
  });

  it("in the public half before or inside the private part of OpenSSH's file is damaged", () => {
    const text = golden("opensshClear");
    const outer = changed(text, (bytes) => flip(bytes, bytes.indexOf("ssh-ed25519") + 11 + 4));
    expect(codeOf(() => readPrivateKey(outer))).toBe("key.damaged");
    const inner = changed(text, (bytes) => flip(bytes, bytes.lastIndexOf("ssh-ed25519") + 11 + 4 + 32 + 4));
    expect(codeOf(() => readPrivateKey(inner))).toBe("key.damaged");
  });

  it("into a sign that is no base64 is damaged, even if the rest is whole", () => {
    const [first = "", ...rest] = golden("sec1").split("\n");
    const text = [first, `${rest[0]?.slice(0, 10)}!${rest[0]?.slice(10)}`, ...rest.slice(1)].join("\n");
    expect(codeOf(() => readPrivateKey(text))).toBe("key.damaged");
  });
});
