// The files that gateway.toml names: secrets that others can read, files that cannot be read, certificates that are not right.
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LoadedConfig, loadConfig } from "#firmware/config/load-config.ts";
import { ConfigError } from "#firmware/errors.ts";
import { configFiles } from "#firmware/local/config-files.ts";
import { TestAuthority } from "../hardware/test-authority.ts";

const dayMs = 86_400_000;
const nowMs = Date.now();
let authority: TestAuthority;
let folder = "";

beforeAll(() => {
  authority = new TestAuthority();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-config-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Modes are 0600 unless `modes` has another one. */
async function put(files: Readonly<Record<string, string>>, modes: Readonly<Record<string, number>> = {}) {
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), modes[name] ?? 0o600);
  }
}

function load(): Promise<LoadedConfig> {
  return loadConfig({ files: configFiles, path: join(folder, "gateway.toml"), nowMs });
}

async function refusal(): Promise<{ readonly code: string; readonly findings: readonly string[] }> {
  const error = await load().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no ConfigError: ${String(error)}`);
  return { code: error.code, findings: error.findings.map((each) => each.replaceAll(folder, "FOLDER")) };
}

const cloud = '[cloud]\nurl = "https://cloud.example"\n';
const withCertificate = `${cloud}[registration]\nmethod = "certificate"\ncertificate = "device.crt"\nkey = "device.key"\n`;

/** One file with a secret for each key that names one. */
const secretFiles = [
  { key: "password_file", toml: `${cloud}[registration]\npassword_file = "s"\n`, line: 4 },
  {
    key: "security_token_file",
    toml: `${cloud}[registration]\npassword = "p"\nsecurity_token_file = "s"\n`,
    line: 5,
  },
  {
    key: "one_time_password_file",
    toml: `${cloud}[registration]\nmethod = "enrolment"\none_time_password_file = "s"\n`,
    line: 5,
  },
  {
    key: "proxy_password_file",
    section: "cloud",
    toml: `${cloud}proxy = "http://p:1"\nproxy_user = "u"\nproxy_password_file = "s"\n[registration]\npassword = "p"\n`,
    line: 5,
  },
];

describe.each(secretFiles)("$key", ({ key, section = "registration", toml, line }) => {
  const place = `gateway.toml:${line}: [${section}] ${key}`;

  test("is read: its first line is the secret", async () => {
    await put({ "gateway.toml": toml, s: "the-secret\r\nmore\n" });
    const { config, warnings } = await load();
    expect(JSON.stringify(config)).toContain('"the-secret"');
    expect(warnings).toEqual([]);
  });

  test.each([0o644, 0o604, 0o602, 0o666, 0o601])("of mode %o is refused", async (mode) => {
    await put({ "gateway.toml": toml, s: "the-secret\n" }, { s: mode });
    expect(await refusal()).toEqual({
      code: "config.invalid",
      findings: [`${place}: FOLDER/s holds a secret but can be read by other users: chmod 600 FOLDER/s`],
    });
  });

  test.each([0o400, 0o600, 0o640])("of mode %o is good: owner and group only", async (mode) => {
    await put({ "gateway.toml": toml, s: "the-secret\n" }, { s: mode });
    expect((await load()).warnings).toEqual([]);
  });

  test("that is not there is told; of a one-time password as a warning, since it is used up by then", async () => {
    await put({ "gateway.toml": toml });
    if (key !== "one_time_password_file") {
      expect(await refusal()).toEqual({
        code: "config.unreadable",
        findings: [`${place}: FOLDER/s: there is no such file`],
      });
      return;
    }
    const { config, warnings } = await load();
    expect(config.registration).toEqual({ method: "enrolment", oneTimePassword: "", keyAlgorithm: "ec-p256" });
    expect(warnings.map((each) => each.replaceAll(folder, "FOLDER"))).toEqual([
      `${place}: FOLDER/s is not there: the first certificate needs it`,
    ]);
  });

  test("that is a folder is told", async () => {
    await put({ "gateway.toml": toml });
    await mkdir(join(folder, "s"));
    expect(await refusal()).toEqual({ code: "config.unreadable", findings: [`${place}: FOLDER/s: is a folder`] });
  });

  test("that is empty is told", async () => {
    await put({ "gateway.toml": toml, s: "\nthe-secret\n" });
    expect(await refusal()).toEqual({ code: "config.invalid", findings: [`${place}: FOLDER/s has no first line`] });
  });
});

describe("a file", () => {
  test("of more than 1 MiB is not read", async () => {
    await put({ "gateway.toml": `# ${"x".repeat(1024 * 1024)}\n${cloud}` });
    expect(await refusal()).toEqual({
      code: "config.unreadable",
      findings: ["the configuration: FOLDER/gateway.toml: has more than 1024 KiB"],
    });
  });

  test.runIf(process.getuid?.() === 0 && process.seteuid !== undefined)(
    "that this user may not read is told, with what to do",
    async () => {
      await put({ "gateway.toml": `${cloud}[registration]\npassword_file = "s"\n`, s: "the-secret" });
      await chmod(folder, 0o755);
      await chmod(join(folder, "gateway.toml"), 0o644);
      process.seteuid?.(65_534);
      try {
        expect(await refusal()).toEqual({
          code: "config.unreadable",
          findings: [
            "gateway.toml:4: [registration] password_file: FOLDER/s: this user may not read it: make it belong to the user that the gateway runs as",
          ],
        });
      } finally {
        process.seteuid?.(0);
      }
    },
  );

  test("gateway.toml itself with a secret, open to others, is a warning", async () => {
    await put({ "gateway.toml": `${cloud}[registration]\npassword = "never-shown"\n` }, { "gateway.toml": 0o644 });
    const { warnings } = await load();
    expect(warnings.map((each) => each.replaceAll(folder, "FOLDER"))).toEqual([
      "FOLDER/gateway.toml holds a secret and can be read by other users: chmod 600 FOLDER/gateway.toml",
    ]);
  });

  test("gateway.toml itself without a secret may be open to others", async () => {
    const toml = `${cloud}[registration]\npassword_file = "s"\n`;
    await put({ "gateway.toml": toml, s: "the-secret" }, { "gateway.toml": 0o644 });
    expect((await load()).warnings).toEqual([]);
  });

  test("and another one: all that is wrong is told", async () => {
    const toml = `${cloud}ca = "ca.pem"\nproxy = "http://p:1"\nproxy_user = "u"\nproxy_password_file = "s"\n[registration]\npassword_file = "b"\n`;
    await put({ "gateway.toml": toml, s: "x", "ca.pem": "no" }, { s: 0o644 });
    expect((await refusal()).findings).toEqual([
      "gateway.toml:3: [cloud] ca: FOLDER/ca.pem must hold certificates in PEM form",
      "gateway.toml:6: [cloud] proxy_password_file: FOLDER/s holds a secret but can be read by other users: chmod 600 FOLDER/s",
      "gateway.toml:8: [registration] password_file: FOLDER/b: there is no such file",
    ]);
  });
});

const facts = { names: ["gw-1"], notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + dayMs) };

describe("certificate and key", () => {
  test("that belong together are read, the key as PKCS#8", async () => {
    const { certPem, keyPem } = authority.issue(facts);
    await put({ "gateway.toml": withCertificate, "device.crt": certPem + authority.caPem, "device.key": keyPem });
    const { config, warnings } = await load();
    expect(warnings).toEqual([]);
    if (config.registration.method !== "certificate") throw new Error("must hold: the method is certificate");
    const { chain, privateKey } = config.registration.certificate;
    expect(chain.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(new X509Certificate(chain).subject).toBe("CN=gw-1");
    expect(privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  test("of an elliptic curve may be told as SEC1", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { certPem } = authority.issue(facts);
    const keyPem = privateKey.export({ type: "sec1", format: "pem" }).toString();
    await put({ "gateway.toml": withCertificate, "device.crt": certPem, "device.key": keyPem });
    // It can be read, and is then found to be another one's.
    expect((await refusal()).findings[0]).toContain("does not belong to the certificate");
  });

  test.each([
    {
      what: "a key that others can read",
      change: {},
      modes: { "device.key": 0o644 },
      told: "6: [registration] key: FOLDER/device.key holds a secret but can be read by other users: chmod 600 FOLDER/device.key",
    },
    {
      what: "another certificate's key",
      change: { "device.key": generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey },
      told: "6: [registration] key: FOLDER/device.key does not belong to the certificate: it is the key of another one",
    },
    {
      what: "a key that is none",
      change: { "device.key": "no key" },
      told: "6: [registration] key: FOLDER/device.key must hold a private key in PEM form",
    },
    {
      what: "a damaged key",
      change: { "device.key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" },
      told: "6: [registration] key: FOLDER/device.key holds a private key that is damaged",
    },
    {
      what: "an encrypted key",
      change: {
        "device.key": generateKeyPairSync("ec", {
          namedCurve: "P-256",
          publicKeyEncoding: { type: "spki", format: "pem" },
          privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
        }).privateKey,
      },
      told: "6: [registration] key: FOLDER/device.key is encrypted: the gateway cannot ask for its passphrase, so give the key without one",
    },
    {
      what: "no certificate",
      change: { "device.crt": "" },
      told: "5: [registration] certificate: FOLDER/device.crt must hold certificates in PEM form, the gateway's own first",
    },
    {
      what: "a damaged certificate",
      change: { "device.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
      told: "5: [registration] certificate: FOLDER/device.crt holds a certificate that is damaged: get it anew",
    },
    {
      what: "a certificate that was cut off",
      change: { "device.crt": "cut" },
      told: "5: [registration] certificate: FOLDER/device.crt holds a certificate that is damaged: get it anew",
    },
    {
      what: "the authority's certificate first",
      change: { "device.crt": "turned" },
      told: "5: [registration] certificate: FOLDER/device.crt must have the gateway's own certificate first: the key belongs to a later one",
    },
  ])("$what", async ({ change, modes, told }) => {
    const { certPem, keyPem } = authority.issue(facts);
    const text = (value: unknown): string => {
      if (value === "cut") return certPem.slice(0, certPem.length / 2);
      if (value === "turned") return authority.caPem + certPem;
      return typeof value === "string" ? value : (value as { export(o: object): string }).export(pkcs8);
    };
    const changed = Object.fromEntries(Object.entries(change).map(([name, value]) => [name, text(value)]));
    await put({ "gateway.toml": withCertificate, "device.crt": certPem, "device.key": keyPem, ...changed }, modes);
    expect((await refusal()).findings).toEqual([`gateway.toml:${told}`]);
  });

  test.each([
    {
      what: "expired",
      dates: { notBefore: new Date(nowMs - 9 * dayMs), notAfter: new Date("2026-01-02T03:04:05Z") },
      told: /device\.crt holds a certificate \(CN=gw-1\) that expired at 2026-01-02T03:04:05\.000Z: get a new one$/,
    },
    {
      what: "not valid yet",
      dates: { notBefore: new Date("2099-01-02T03:04:05Z"), notAfter: new Date("2099-02-02T03:04:05Z") },
      told: /that is valid from 2099-01-02T03:04:05\.000Z on only: is this machine's clock right\?$/,
    },
  ])("that is $what is a warning: the gateway stays up", async ({ dates, told }) => {
    const { certPem, keyPem } = authority.issue({ ...facts, ...dates });
    await put({ "gateway.toml": withCertificate, "device.crt": certPem, "device.key": keyPem });
    const { config, warnings } = await load();
    expect(config.registration.method).toBe("certificate");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(told);
    expect(warnings[0]).toMatch(/^gateway\.toml:5: \[registration\] certificate: /);
  });
});

const pkcs8 = { type: "pkcs8", format: "pem" } as const;

describe("authorities", () => {
  const withCa = `${cloud}ca = "ca.pem"\n[registration]\npassword_file = "s"\n`;

  test("may be several, and open to all", async () => {
    const text = authority.caPem + authority.caPem;
    await put({ "gateway.toml": withCa, s: "x", "ca.pem": text }, { "ca.pem": 0o644 });
    const { config, warnings } = await load();
    expect(config.cloud.authorities).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  test("one of which is damaged are refused as a whole", async () => {
    await put({ "gateway.toml": withCa, s: "x", "ca.pem": authority.caPem + authority.caPem.slice(0, 200) });
    expect((await refusal()).findings).toEqual([
      "gateway.toml:3: [cloud] ca: FOLDER/ca.pem must hold certificates in PEM form",
    ]);
  });
});
