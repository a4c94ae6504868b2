// Every key that ssh-keygen, puttygen and openssl can write is read, usable by ssh2, and the same key to ssh-keygen.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { readPublicKey } from "#cloud-stub/remote-access/keys/read-public-key.ts";
import { codeOf } from "../keys/key-error-code.ts";
import { type KeyCase, opensslCases, puttygenCases, sshKeygenCases, withoutComment } from "../keys/key-matrix.ts";
import { isAnyMissing, peers } from "../support/peers.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-keys-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Signs with what ssh2 makes of the text, and checks with what it makes of the tool's own public line. */
function signsFor(forSsh: string, publicLine: string): boolean {
  const [key, publicKey] = [ssh2.utils.parseKey(forSsh), ssh2.utils.parseKey(publicLine)];
  if (key instanceof Error) throw key;
  if (publicKey instanceof Error) throw publicKey;
  const message = Buffer.from("a message");
  const signature = key.sign(message);
  // The type says Buffer; a key that OpenSSL does not take comes out as an Error.
  if ((signature as unknown) instanceof Error) throw signature;
  return publicKey.verify(message, signature) === true;
}

function readsAsTheToolSays({ make, name, passphrase, ...expected }: KeyCase): void {
  const { file, publicLine } = make(folder);
  const bytes = readFileSync(file);
  const key = readPrivateKey(bytes, passphrase);
  expect(key).toMatchObject(expected);
  expect(withoutComment(key.publicKey)).toBe(publicLine);
  expect(signsFor(key.forSsh, publicLine)).toBe(true);
  const again = join(folder, `${name}.for-ssh`);
  writeFileSync(again, key.forSsh, { mode: 0o600 });
  expect(withoutComment(execFileSync("ssh-keygen", ["-y", "-f", again], { encoding: "utf8" }))).toBe(publicLine);
  if (passphrase === undefined) return;
  expect(codeOf(() => readPrivateKey(bytes))).toBe("key.passphrase-needed");
  expect(codeOf(() => readPrivateKey(bytes, ""))).toBe("key.passphrase-needed");
  expect(codeOf(() => readPrivateKey(bytes, `${passphrase}x`))).toBe("key.passphrase-wrong");
}

describe.skipIf(isAnyMissing(peers.sshKeygen))("what ssh-keygen writes", () => {
  it.each(sshKeygenCases.map((one) => [one.name, one] as const))("is read: %s", (_, one) => readsAsTheToolSays(one));
});

describe.skipIf(isAnyMissing(peers.puttygen, peers.sshKeygen))("what puttygen writes", () => {
  it.each(puttygenCases.map((one) => [one.name, one] as const))("is read: %s", (_, one) => readsAsTheToolSays(one));
});

describe.skipIf(isAnyMissing(peers.openssl, peers.sshKeygen))("what openssl writes", () => {
  it.each(opensslCases.map((one) => [one.name, one] as const))("is read: %s", (_, one) => readsAsTheToolSays(one));
});

describe.skipIf(isAnyMissing(peers.sshKeygen))("public keys that ssh-keygen converts", () => {
  const kinds = [
    ["RSA", 2048],
    ["DSA", 1024],
    ["ECDSA", 256],
    ["ECDSA", 384],
    ["ECDSA", 521],
    ["ED25519", 256],
  ] as const;
  const forms = [
    ["RFC4716", "SSH2"],
    ["PKCS8", "PEM"],
    ["PEM", "PEM"],
  ] as const;
  const rows = kinds.flatMap((kind) => forms.map((form) => [...kind, ...form] as const));
  // ssh-keygen writes no PEM for ED25519, and PKCS#1 for RSA alone.
  const possible = rows.filter(
    ([type, , form]) => form === "RFC4716" || (type !== "ED25519" && (form !== "PEM" || type === "RSA")),
  );
  it.each(possible)("are read: %s %i as %s", (type, bits, form, format) => {
    const file = join(folder, `public-${type}-${bits}-${form}`);
    execFileSync("ssh-keygen", [
      "-q",
      "-t",
      type.toLowerCase(),
      "-b",
      String(bits),
      "-N",
      "",
      "-C",
      "made for a test",
      "-f",
      file,
    ]);
    const line = readFileSync(`${file}.pub`, "utf8");
    const fingerprint = execFileSync("ssh-keygen", ["-l", "-f", `${file}.pub`], { encoding: "utf8" }).split(" ")[1];
    const converted = execFileSync("ssh-keygen", ["-e", "-m", form, "-f", `${file}.pub`], { encoding: "utf8" });
    for (const text of [line, converted, converted.replaceAll("\n", "\r\n"), `\n\n  ${converted.trimEnd()}`]) {
      const key = readPublicKey(text);
      expect(key).toMatchObject({ algorithm: type, bits, fingerprint });
      expect(withoutComment(key.openssh)).toBe(withoutComment(line));
    }
    expect(readPublicKey(converted).format).toBe(format);
    expect(readPublicKey(line).format).toBe("OpenSSHv2");
  });
});

describe.skipIf(isAnyMissing(peers.puttygen))("public keys that puttygen writes", () => {
  it.each([
    ["rsa", "public-openssh", "OpenSSHv2"],
    ["rsa", "public", "SSH2"],
    ["dsa", "public", "SSH2"],
    ["ecdsa", "public", "SSH2"],
    ["ed25519", "public", "SSH2"],
    ["rsa1", "public-openssh", "OpenSSHv1"],
  ])("are read: %s as %s", (type, form, format) => {
    const [file, passphrase] = [join(folder, `putty-public-${type}-${form}`), join(folder, "none.passphrase")];
    writeFileSync(passphrase, "");
    execFileSync("puttygen", ["-q", "-t", type, "-C", "made for a test", "-o", file, "--new-passphrase", passphrase]);
    const text = execFileSync("puttygen", ["-q", file, form === "public" ? "-p" : "-L"], { encoding: "utf8" });
    const key = readPublicKey(text);
    expect(key.format).toBe(format);
    expect(key.fingerprint).toBe(readPrivateKey(readFileSync(file)).fingerprint);
    expect(key.openssh).toMatch(/ made for a test$/);
  });
});
