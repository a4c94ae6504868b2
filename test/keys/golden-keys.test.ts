// Keys as real tools wrote them are read without any tool, in whatever state people paste them.
import { Buffer } from "node:buffer";
import ssh2 from "ssh2";
import sshpk from "sshpk";
import { describe, expect, it } from "vitest";
import { keyBytesMax } from "#cloud-stub/remote-access/keys/key-text.ts";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { goldenKeys, goldenPassphrase } from "./golden-keys.ts";
import { codeOf } from "./key-error-code.ts";

const rows = goldenKeys.map((golden) => [golden.name, golden] as const);
const golden = (name: string) => goldenKeys.find((key) => key.name === name)!.text;

describe("a private key from a file", () => {
  it.each(rows)(
    "is read and turned into what ssh2 takes: %s",
    (_, { text, comment, isEncrypted, name, ...expected }) => {
      const key = readPrivateKey(text, isEncrypted ? goldenPassphrase : undefined);
      expect(key).toMatchObject(expected);
      const parsed = ssh2.utils.parseKey(key.forSsh);
      if (parsed instanceof Error) throw parsed;
      expect(parsed.isPrivateKey()).toBe(true);
      expect(parsed.comment).toBe(comment);
      expect(key.publicKey.split(" ")[1]).toBe(parsed.getPublicSSH().toString("base64"));
      expect(parsed.verify("a message", parsed.sign("a message"))).toBe(true);
      expect(sshpk.parsePrivateKey(key.forSsh, "ssh").fingerprint("sha256").toString()).toBe(expected.fingerprint);
    },
  );

  it.each(rows.filter(([, { isEncrypted }]) => isEncrypted))(
    "says that it needs its passphrase, and that another is wrong: %s",
    (_, { text }) => {
      expect(codeOf(() => readPrivateKey(text))).toBe("key.passphrase-needed");
      expect(codeOf(() => readPrivateKey(text, "another"))).toBe("key.passphrase-wrong");
    },
  );

  it.each(rows.filter(([, { isEncrypted }]) => !isEncrypted))(
    "is read with a passphrase that it does not need: %s",
    (_, { text, fingerprint }) => {
      expect(readPrivateKey(text, "another").fingerprint).toBe(fingerprint);
    },
  );

  const states: readonly [string, (text: string) => string | Uint8Array][] = [
    ["Windows line ends", (text) => text.replaceAll("\n", "\r\n")],
    ["old Mac line ends", (text) => text.replaceAll("\n", "\r")],
    ["no final newline", (text) => text.trimEnd()],
    ["blanks before and behind", (text) => `\n \t\n${text}\n\n   \n`],
    ["an indentation", (text) => text.replaceAll("\n", "\n    ")],
    ["a byte-order mark", (text) => `\ufeff${text}`],
    ["bytes of UTF-8", (text) => Buffer.from(text)],
    ["bytes of UTF-8 with a byte-order mark", (text) => Buffer.from(`\ufeff${text}`)],
    ["bytes of UTF-16, as an old Windows editor saves", (text) => Buffer.from(`\ufeff${text}`, "utf16le")],
  ];
  const textual = goldenKeys.filter(({ format }) => format !== "SSH2").filter(({ name }) => !name.startsWith("ssh1"));
  it.each(states)("is read with %s", (_, change) => {
    for (const { text, isEncrypted, fingerprint } of textual) {
      expect(readPrivateKey(change(text), isEncrypted ? goldenPassphrase : "").fingerprint).toBe(fingerprint);
    }
  });

  it("is read from one line, where a field swallowed the line ends", () => {
    for (const name of ["opensshClear", "opensshChacha", "sec1", "pkcs8Encrypted", "pkcs8Clear"]) {
      expect(readPrivateKey(golden(name).replaceAll("\n", " "), goldenPassphrase).algorithm).toMatch(/^E/);
    }
  });

  it("is read among other blocks and words, as `openssl ecparam -genkey` and mail bodies have it", () => {
    const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    const text = `Hello Bert, here it is:\n${parameters}${golden("sec1")}Regards`;
    expect(readPrivateKey(text).bits).toBe(521);
  });

  it("is read as SSH-1's file in bytes, in a string of its bytes and in base64", () => {
    const bytes = Buffer.from(golden("ssh1"), "base64");
    for (const input of [
      bytes,
      bytes.toString("latin1"),
      golden("ssh1"),
      `  ${golden("ssh1")}\r\n`,
      Buffer.from(golden("ssh1")),
    ]) {
      expect(readPrivateKey(input).variant).toBe("SSH-1 RSA private key file");
    }
  });

  it("says that SSH-1's file must be uploaded when it was pasted as text", () => {
    const pasted = Buffer.from(golden("ssh1"), "base64").toString("utf8");
    expect(() => readPrivateKey(pasted)).toThrow(/upload the file instead of pasting/);
  });
});

describe("a text that is no usable private key", () => {
  const publicLine = readPrivateKey(golden("opensshClear")).publicKey;
  const body = "MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEA";
  const armour = (label: string, content = body) => `-----BEGIN ${label}-----\n${content}\n-----END ${label}-----\n`;
  it.each([
    ["nothing", "", "key.format-unknown"],
    ["blanks", " \r\n ", "key.format-unknown"],
    ["words", "please let me in", "key.format-unknown"],
    ["a public line", publicLine, "key.not-private"],
    ["a public key in PEM", armour("PUBLIC KEY"), "key.not-private"],
    [
      "an RFC 4716 public key",
      "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----",
      "key.not-private",
    ],
    ["an X.509 certificate", armour("CERTIFICATE"), "key.not-private"],
    ["an OpenPGP key", armour("PGP PRIVATE KEY BLOCK"), "key.format-unknown"],
    ["a key without its END line", golden("opensshClear").split("-----END")[0]!, "key.damaged"],
    ["a key without its BEGIN line", golden("opensshClear").split("KEY-----\n")[1]!, "key.damaged"],
    ["a key with its middle left out", golden("opensshClear").replace(/\n.{70}\n/, "\n"), "key.damaged"],
    ["a key with an ellipsis in it", golden("opensshClear").replace("b3BlbnNz", "b3Bl..."), "key.damaged"],
    ["PuTTY's first version", "PuTTY-User-Key-File-1: ssh-rsa\nEncryption: none\n", "key.format-unknown"],
    ["more than 64 KiB", "x".repeat(keyBytesMax + 1), "key.too-large"],
    ["10 MB", new Uint8Array(10_000_000), "key.too-large"],
    ["zeros", new Uint8Array(1000), "key.format-unknown"],
  ])("is refused with a code of its own: %s", (_, text, code) => {
    expect(codeOf(() => readPrivateKey(text))).toBe(code);
  });

  it("never quotes the key", () => {
    const secret = golden("opensshClear").split("\n")[2]!;
    const broken = golden("opensshClear").replace(secret, `${secret.slice(0, -4)}!!!!`);
    try {
      readPrivateKey(broken);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain(secret.slice(0, 8));
      expect(JSON.stringify(error)).not.toContain(secret.slice(0, 8));
    }
  });

  it("is refused where its passphrase is longer than any", () => {
    expect(codeOf(() => readPrivateKey(golden("ppk3"), "x".repeat(1025)))).toBe("key.too-large");
  });
});
