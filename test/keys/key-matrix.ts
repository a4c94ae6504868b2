// Every private key that ssh-keygen, puttygen and openssl can write here, made by them in a folder of the test's own.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface KeyCase {
  /** Unique; it serves as the file's name too. */
  readonly name: string;
  readonly algorithm: "RSA" | "DSA" | "ECDSA" | "ED25519";
  readonly bits: number;
  readonly format: "OpenSSHv1" | "PEM" | "SSH2" | "PuTTY";
  readonly variant: string;
  readonly passphrase: string | undefined;
  /** Writes the key; gives its file and the tool's own public line, without the comment. */
  readonly make: (folder: string) => { readonly file: string; readonly publicLine: string };
}

/** Not ASCII only: the bytes of UTF-8 are what counts. */
export const testPassphrase = "Kühlwasser 4711";

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A line of a .pub file without its comment. */
export function withoutComment(line: string): string {
  return line.trim().split(" ").slice(0, 2).join(" ");
}

type Kind = Pick<KeyCase, "algorithm" | "bits">;

const opensshKinds: readonly Kind[] = [
  { algorithm: "RSA", bits: 2048 },
  { algorithm: "DSA", bits: 1024 },
  { algorithm: "ECDSA", bits: 256 },
  { algorithm: "ECDSA", bits: 384 },
  { algorithm: "ECDSA", bits: 521 },
  { algorithm: "ED25519", bits: 256 },
];

const opensshCiphers = [
  "3des-cbc",
  "aes128-cbc",
  "aes192-cbc",
  "aes256-cbc",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "chacha20-poly1305@openssh.com",
];

const traditionalVariants = { RSA: "PKCS#1", DSA: "DSA in OpenSSL's form", ECDSA: "SEC1", ED25519: "openssh-key-v1" };

interface KeygenWay {
  readonly format: string | undefined;
  readonly passphrase: string | undefined;
  readonly cipher?: string;
}

function keygenCase(kind: Kind, { format, passphrase, cipher }: KeygenWay): KeyCase {
  const { algorithm, bits } = kind;
  // ssh-keygen has no PEM form for ED25519: it writes its own in every case.
  const isPem = (format === "PEM" || format === "PKCS8") && algorithm !== "ED25519";
  const pemVariant = format === "PEM" ? traditionalVariants[algorithm] : "PKCS#8";
  const name = ["ssh-keygen", algorithm, bits, format ?? "new", cipher, passphrase && "passphrase"]
    .filter(Boolean)
    .join("-");
  return {
    ...kind,
    name,
    passphrase,
    format: isPem ? "PEM" : "OpenSSHv1",
    variant: !isPem ? "openssh-key-v1" : passphrase === undefined ? pemVariant : `${pemVariant}, encrypted`,
    make(folder) {
      const [base, file] = [sshKeygenBase(folder, kind), join(folder, name)];
      copyFileSync(base, file);
      const ways = [...(format ? ["-m", format] : []), ...(cipher ? ["-Z", cipher] : []), "-a", "4"];
      run("ssh-keygen", ["-q", "-p", ...ways, "-P", "", "-N", passphrase ?? "", "-f", file]);
      return { file, publicLine: withoutComment(readFileSync(`${base}.pub`, "utf8")) };
    },
  };
}

/** One key for each kind and folder: making it is what takes long, writing it in another format does not. */
function sshKeygenBase(folder: string, { algorithm, bits }: Kind): string {
  const base = join(folder, `ssh-keygen-${algorithm}-${bits}`);
  const type = ["-t", algorithm.toLowerCase(), "-b", String(bits)];
  if (!existsSync(base)) run("ssh-keygen", ["-q", ...type, "-N", "", "-C", "made for a test", "-f", base]);
  return base;
}

export const sshKeygenCases: readonly KeyCase[] = [
  ...opensshKinds.flatMap((kind) =>
    [undefined, "PEM", "PKCS8", "RFC4716"].flatMap((format) =>
      [undefined, testPassphrase].map((passphrase) => keygenCase(kind, { format, passphrase })),
    ),
  ),
  ...opensshCiphers.map((cipher) =>
    keygenCase({ algorithm: "ED25519", bits: 256 }, { format: undefined, passphrase: testPassphrase, cipher }),
  ),
];

const puttyKinds: readonly (Kind & { readonly type: string })[] = [
  { algorithm: "RSA", bits: 2048, type: "rsa" },
  { algorithm: "DSA", bits: 2048, type: "dsa" },
  { algorithm: "ECDSA", bits: 256, type: "ecdsa" },
  { algorithm: "ECDSA", bits: 384, type: "ecdsa" },
  { algorithm: "ECDSA", bits: 521, type: "ecdsa" },
  { algorithm: "ED25519", bits: 256, type: "ed25519" },
];

/** puttygen takes passphrases from files only. */
function passphraseFile(folder: string, name: string, passphrase: string | undefined): string {
  const file = join(folder, `${name}.passphrase`);
  writeFileSync(file, passphrase ?? "");
  return file;
}

function puttyCase(
  kind: (typeof puttyKinds)[number],
  way: string,
  passphrase: string | undefined,
  result: Pick<KeyCase, "format" | "variant">,
  parameters: readonly string[],
  form = "private",
): KeyCase {
  const { algorithm, bits } = kind;
  const name = ["puttygen", algorithm, bits, way, passphrase && "passphrase"].filter(Boolean).join("-");
  return {
    algorithm,
    bits,
    name,
    passphrase,
    ...result,
    make(folder) {
      const [base, file] = [puttygenBase(folder, kind), join(folder, name)];
      const secret = passphraseFile(folder, name, passphrase);
      run("puttygen", ["-q", base, "-P", "--new-passphrase", secret, "-O", form, ...parameters, "-o", file]);
      return { file, publicLine: publicLineOf(run("puttygen", ["-q", base, "-L"])) };
    },
  };
}

function puttygenBase(folder: string, { algorithm, bits, type }: (typeof puttyKinds)[number]): string {
  const base = join(folder, `puttygen-${type}-${algorithm}-${bits}`);
  if (existsSync(base)) return base;
  const size = type === "ed25519" ? [] : ["-b", String(bits)];
  const secret = passphraseFile(folder, "none", undefined);
  // The blank at the end of the comment counts in PuTTY's check sum.
  run("puttygen", ["-q", "-t", type, ...size, "-C", "made for a test ", "-o", base, "--new-passphrase", secret]);
  return base;
}

/** SSH-1's public line has its numbers in decimal; the same key in SSH-2's form is put together here, apart from the product. */
function publicLineOf(line: string): string {
  const [first = "", exponent = "", modulus = ""] = line.split(" ");
  if (!/^[0-9]+$/.test(first)) return withoutComment(line);
  const number = (decimal: string) => {
    const hex = BigInt(decimal).toString(16);
    return Buffer.from(`00${hex.length % 2 === 0 ? hex : `0${hex}`}`, "hex");
  };
  // The modulus has all its bits and so needs the zero before it; 65537 does not.
  const fields = [Buffer.from("ssh-rsa"), number(exponent).subarray(1), number(modulus)];
  const blob = fields.flatMap((field) => [Buffer.from([0, 0, field.length >> 8, field.length & 0xff]), field]);
  return `ssh-rsa ${Buffer.concat(blob).toString("base64")}`;
}

function puttyWays(kind: (typeof puttyKinds)[number], passphrase: string | undefined): readonly KeyCase[] {
  const { algorithm } = kind;
  const ppk = (version: 2 | 3, extra = "") => {
    const parameters = ["--ppk-param", `version=${version}${extra}`];
    const result = { format: "PuTTY", variant: `PPK version ${version}` } as const;
    return puttyCase(kind, `ppk${version}${extra.replace(/[^a-z0-9]+/g, "-")}`, passphrase, result, parameters);
  };
  const encrypted = passphrase === undefined || algorithm === "ED25519" ? "" : ", encrypted";
  const old = {
    format: algorithm === "ED25519" ? "OpenSSHv1" : "PEM",
    variant: traditionalVariants[algorithm] + encrypted,
  } as const;
  const fast = ["--ppk-param", "version=3,memory=64,passes=1"];
  const cases = [
    ppk(2),
    ppk(3, ",memory=1024,passes=3"),
    puttyCase(kind, "openssh", passphrase, old, fast, "private-openssh"),
    puttyCase(
      kind,
      "openssh-new",
      passphrase,
      { format: "OpenSSHv1", variant: "openssh-key-v1" },
      fast,
      "private-openssh-new",
    ),
  ];
  const sshCom = { format: "SSH2", variant: "ssh.com private key" } as const;
  if (algorithm === "RSA" || algorithm === "DSA")
    cases.push(puttyCase(kind, "sshcom", passphrase, sshCom, fast, "private-sshcom"));
  return cases;
}

const puttyDerivations = [
  ",kdf=argon2i,memory=256,passes=2",
  ",kdf=argon2d,memory=256,passes=2",
  ",kdf=argon2id,memory=8192,passes=13,parallelism=2",
];

export const puttygenCases: readonly KeyCase[] = [
  ...puttyKinds.flatMap((kind) => [undefined, testPassphrase].flatMap((passphrase) => puttyWays(kind, passphrase))),
  ...puttyDerivations.map((extra) =>
    puttyCase(
      { algorithm: "ED25519", bits: 256, type: "ed25519" },
      `ppk3${extra.replace(/[^a-z0-9]+/g, "-")}`,
      testPassphrase,
      { format: "PuTTY", variant: "PPK version 3" },
      ["--ppk-param", `version=3${extra}`],
    ),
  ),
  ...[undefined, testPassphrase].map((passphrase) =>
    puttyCase(
      { algorithm: "RSA", bits: 2048, type: "rsa1" },
      "ssh1",
      passphrase,
      { format: "OpenSSHv1", variant: "SSH-1 RSA private key file" },
      [],
    ),
  ),
];

/** What `openssl pkcs8 -topk8` and its older commands encrypt with. Node's own OpenSSL has left some of these out. */
const opensslWays: readonly { readonly name: string; readonly variant: string; readonly args: readonly string[] }[] = [
  ...["aes128", "aes192", "aes256", "des3"].map((cipher) => way(`v2-${cipher}`, ["-v2", cipher])),
  ...["hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA384", "hmacWithSHA512"].map((prf) =>
    way(`prf-${prf}`, ["-v2", "aes256", "-v2prf", prf]),
  ),
  way("scrypt", ["-scrypt"]),
  way("v1-3des", ["-v1", "PBE-SHA1-3DES"]),
  way("v1-2des", ["-v1", "PBE-SHA1-2DES"]),
  way("v1-md5-des", ["-v1", "PBE-MD5-DES", "-provider", "legacy", "-provider", "default"]),
  way("v1-sha1-des", ["-v1", "PBE-SHA1-DES", "-provider", "legacy", "-provider", "default"]),
];

function way(name: string, args: readonly string[]): (typeof opensslWays)[number] {
  return { name, args: ["pkcs8", "-topk8", ...args], variant: "PKCS#8, encrypted" };
}

const traditionalWays = [
  ...["aes128", "aes192", "aes256", "des3"].map((cipher) => ({ name: `traditional-${cipher}`, args: [`-${cipher}`] })),
  { name: "traditional-des", args: ["-des", "-provider", "legacy", "-provider", "default"] },
].map(({ name, args }) => ({ name, args: ["rsa", "-traditional", ...args], variant: "PKCS#1, encrypted" }));

/** Made by openssl from one RSA key; the public line is ssh-keygen's. */
export const opensslCases: readonly KeyCase[] = [...opensslWays, ...traditionalWays].map(({ name, args, variant }) => ({
  name: `openssl-${name}`,
  algorithm: "RSA",
  bits: 2048,
  format: "PEM",
  variant,
  passphrase: testPassphrase,
  make(folder) {
    const [clear, file] = [join(folder, "openssl-clear"), join(folder, `openssl-${name}`)];
    if (!existsSync(clear)) run("openssl", ["genrsa", "-out", clear, "2048"]);
    chmodSync(clear, 0o600);
    run("openssl", [...args, "-in", clear, "-out", file, "-passout", `pass:${testPassphrase}`]);
    return { file, publicLine: withoutComment(run("ssh-keygen", ["-y", "-f", clear])) };
  },
}));
