// Random damage: whatever a file holds, a reader gives a key that works or a KeyError, and soon.
import fc from "fast-check";
import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { KeyError } from "#cloud-stub/remote-access/keys/key-error.ts";
import { keyBytesMax } from "#cloud-stub/remote-access/keys/key-text.ts";
import { readCertificate } from "#cloud-stub/remote-access/keys/read-certificate.ts";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { readHostKeys, readPublicKey } from "#cloud-stub/remote-access/keys/read-public-key.ts";
import {
  goldenHostCertificate,
  goldenKeys,
  goldenPassphrase,
  goldenPublicPem,
  goldenRfc4716,
  goldenSsh1Public,
  goldenUserCertificate,
} from "./golden-keys.ts";

/** Far above what any damaged file may take: the limits on key derivation keep it under two seconds. */
const cpuMsMax = 5_000;

interface Damage {
  readonly at: number;
  readonly kind: "flip" | "set" | "remove" | "repeat" | "cut" | "grow";
  readonly value: number;
  readonly length: number;
}

const damages: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.record<Damage>({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    kind: fc.constantFrom("flip", "set", "remove", "repeat", "cut", "grow"),
    value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
    length: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 1, maxLength: 3 },
);

function damage(bytes: Buffer, list: readonly Damage[]): Buffer {
  let result = Buffer.from(bytes);
  for (const { at, kind, value, length } of list) {
    const index = Math.floor(at * result.length);
    const [before, behind] = [result.subarray(0, index), result.subarray(index)];
    const rest = behind.subarray(length);
    const damaged = {
      flip: () => [
        before,
        Buffer.from(behind.subarray(0, 1).map((byte) => byte ^ (1 << (value % 8)))),
        behind.subarray(1),
      ],
      set: () => [
        before,
        Buffer.alloc(Math.min(length, 8, behind.length), value),
        behind.subarray(Math.min(length, 8)),
      ],
      remove: () => [before, rest],
      repeat: () => [before, behind.subarray(0, length), behind],
      cut: () => [before],
      grow: () => [before, Buffer.alloc(length, value), behind],
    }[kind]();
    result = Buffer.concat(damaged);
  }
  return result;
}

/** Damage below the base64, where the structure is; the armour stays. */
function damageInside(text: string, list: readonly Damage[]): string {
  const lines = text.trimEnd().split("\n");
  const longest = runsOfBase64(lines).toSorted((one, other) => other.length - one.length);
  // Any run of base64 in turn: PuTTY's file has two.
  const run = longest[(list[0]?.length ?? 0) % longest.length];
  if (run === undefined) return text;
  const bytes = Buffer.from(lines.slice(run.from, run.from + run.length).join(""), "base64");
  const damaged =
    damage(bytes, list)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  const puttyCount = /^(Public|Private)-Lines: \d+$/;
  return lines
    .toSpliced(run.from, run.length, ...damaged)
    .map((line, index) =>
      index === run.from - 1 && puttyCount.test(line) ? line.replace(/\d+/, `${damaged.length}`) : line,
    )
    .join("\n");
}

function runsOfBase64(lines: readonly string[]): { from: number; length: number }[] {
  const runs: { from: number; length: number }[] = [];
  lines.forEach((line, index) => {
    if (!/^[A-Za-z0-9+/=]{16,}$/.test(line) && !(/^[A-Za-z0-9+/=]+$/.test(line) && runs.at(-1)?.length)) return;
    const last = runs.at(-1);
    if (last !== undefined && last.from + last.length === index) last.length += 1;
    else runs.push({ from: index, length: 1 });
  });
  return runs;
}

/** Whether a reader took the input; everything but a KeyError goes on and fails the property. */
function isRead(read: () => unknown): boolean {
  const before = process.cpuUsage();
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    expect(error.message.length).toBeLessThan(400);
    return false;
  } finally {
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(cpuMsMax);
  }
}

function readsAndWorks(input: string | Uint8Array): void {
  isRead(() => {
    const { forSsh, publicKey } = readPrivateKey(input, goldenPassphrase);
    expect(ssh2.utils.parseKey(forSsh)).not.toBeInstanceOf(Error);
    expect(ssh2.utils.parseKey(publicKey)).not.toBeInstanceOf(Error);
  });
  isRead(() => readPublicKey(input));
  isRead(() => readHostKeys(input));
  isRead(() => readCertificate(input));
}

const publicTexts = [
  goldenRfc4716,
  goldenPublicPem,
  goldenSsh1Public,
  goldenUserCertificate,
  goldenHostCertificate,
  ...goldenKeys.filter(({ isEncrypted }) => !isEncrypted).map(({ text }) => readPrivateKey(text).publicKey),
];

describe("damage of any kind ends in a key that works or in a KeyError", () => {
  it.each(goldenKeys.map(({ name, text }) => [name, text] as const))("to the text of a private key: %s", (_, text) => {
    fc.assert(
      fc.property(damages, (list) => readsAndWorks(damage(Buffer.from(text), list))),
      { numRuns: 60 },
    );
  });

  it.each(goldenKeys.map(({ name, text }) => [name, text] as const))("to the bytes of a private key: %s", (_, text) => {
    fc.assert(
      fc.property(damages, (list) => {
        const isSsh1 = !text.includes("\n");
        readsAndWorks(isSsh1 ? damage(Buffer.from(text, "base64"), list) : damageInside(text, list));
      }),
      { numRuns: 120 },
    );
  });

  it("to public keys and certificates, in their text and in their bytes", () => {
    fc.assert(
      fc.property(fc.constantFrom(...publicTexts), damages, fc.boolean(), (text, list, isInside) => {
        const [type = "", base64 = "", comment] = text.split(" ");
        if (!isInside) return readsAndWorks(damage(Buffer.from(text), list));
        if (/^[a-z]/.test(type)) {
          readsAndWorks(`${type} ${damage(Buffer.from(base64, "base64"), list).toString("base64")} ${comment}`);
        } else readsAndWorks(damageInside(text, list));
      }),
      { numRuns: 1500 },
    );
  });

  it("to nothing at all: any text and any bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.uint8Array({ maxLength: 300 })), (input) =>
        readsAndWorks(input),
      ),
      { numRuns: 1000 },
    );
  });

  const armours = [
    "OPENSSH PRIVATE KEY",
    "RSA PRIVATE KEY",
    "DSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "SSH2 ENCRYPTED PRIVATE KEY",
    "SSH2 PUBLIC KEY",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
  ];
  const openings = [
    "",
    "openssh-key-v1\0",
    "\x30\x82\x01\x00\x02\x01\x00",
    "\x3f\x6f\xf9\xeb\0\0\0\x10",
    "\0\0\0\x07ssh-rsa",
  ];
  it("to what stands in an armour: any bytes behind a proper beginning", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...armours),
        fc.constantFrom(...openings),
        fc.uint8Array({ maxLength: 200 }),
        (label, opening, rest) => {
          const base64 = Buffer.concat([Buffer.from(opening, "latin1"), rest]).toString("base64");
          const dashes = label.startsWith("SSH2") ? ["---- ", " ----"] : ["-----", "-----"];
          readsAndWorks(`${dashes[0]}BEGIN ${label}${dashes[1]}\n${base64}\n${dashes[0]}END ${label}${dashes[1]}\n`);
        },
      ),
      { numRuns: 2000 },
    );
  });

  /** Texts that make a careless pattern or loop take the square of their length. */
  const long = (unit: string) => unit.repeat(Math.floor(keyBytesMax / unit.length));
  it.each([
    ["blanks", long(" ")],
    ["tabs in a line", `ssh-rsa ${long("\t").slice(20)}x`],
    ["types of keys", long("ssh-rsa ")],
    ["types and beginnings", long("ssh-rsa AAAA ")],
    ["one long key", `ssh-rsa AAAA${long("B").slice(20)}!`],
    ["dashes", long("-")],
    ["BEGIN lines", long("-----BEGIN RSA PRIVATE KEY-----\n")],
    ["pairs of BEGIN and END", long("-----BEGIN X-----\n-----END X-----\n")],
    ["headers", `-----BEGIN RSA PRIVATE KEY-----\n${long("a: b\n").slice(100)}\n-----END RSA PRIVATE KEY-----`],
    [
      "continued headers",
      `-----BEGIN RSA PRIVATE KEY-----\na:${long("\\\n").slice(100)}\n-----END RSA PRIVATE KEY-----`,
    ],
    ["PuTTY's lines", `PuTTY-User-Key-File-3: ssh-rsa\n${long("Public-Lines: 1\nAAAA\n").slice(100)}`],
    ["commas and quotes", `${long(',"').slice(20)} ssh-rsa`],
    ["digits", `2048 65537 ${long("9").slice(20)}`],
    ["zeros", long("\0")],
  ])("to 64 KiB of %s, in half a second", (_, text) => {
    const before = process.cpuUsage();
    readsAndWorks(text);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(500);
  });
});
