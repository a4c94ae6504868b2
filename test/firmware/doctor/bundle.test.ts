// The doctor's archive: a tar that others can read, and none of the secrets that the gateway and its log have.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { completeConfig } from "#firmware/config/defaults.ts";
import type { GatewayConfig } from "#firmware/config/gateway-config.ts";
import { makeBundle } from "#firmware/doctor/support-bundle.ts";
import { writeTar } from "#firmware/doctor/tar.ts";
import { credentialsFile } from "#firmware/registration/credentials.ts";
import { keyFile } from "#firmware/registration/enrolment-state.ts";
import type { Hardware } from "#hardware/ports.ts";
import { configOf, startDoctorSite } from "./doctor-site.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-tar-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a tar archive", () => {
  test("is read by the system's own tar: names, contents and mode", () => {
    const big = "x".repeat(1_500);
    const file = join(folder, "a.tar");
    writeFileSync(
      file,
      writeTar(
        [
          { name: "a/one.txt", contents: "one\n" },
          { name: "a/two", contents: big },
        ],
        86_400_000,
      ),
    );
    expect(
      execFileSync("tar", ["-tvf", file], { encoding: "utf8", env: { ...process.env, TZ: "UTC", LC_ALL: "C" } }),
    ).toMatch(/^-rw------- 0\/0 +4 1970-01-02 00:00 a\/one\.txt\n-rw------- 0\/0 +1500 1970-01-02 00:00 a\/two\n$/);
    execFileSync("tar", ["-xf", file, "-C", folder]);
    expect(readFileSync(join(folder, "a/one.txt"), "utf8")).toBe("one\n");
    expect(readFileSync(join(folder, "a/two"), "utf8")).toBe(big);
  });

  test("takes no name that would be cut", () => {
    expect(() => writeTar([{ name: "n".repeat(101), contents: "" }], 0)).toThrow(RangeError);
  });
});

/** Each where such a secret would stand; of letters that nothing else has. */
const canaries = {
  bootstrapPassword: "canary-01-bootstrap-Zq8",
  securityToken: "canary-02-token-Zq8",
  proxyPassword: "canary-03-proxy-Zq8",
  devicePassword: "canary-04-device-Zq8",
  oneTimePassword: "canary-05-once-Zq8",
  keyLine: "Y2FuYXJ5LTA2LWtleS1ReDhacThRLWNhbmFyeQ",
  tomlPassword: "canary-07-toml-Zq8",
  commentedPassword: "canary-08-comment-Zq8",
  connectionKey: "ca9a7709-1111-4222-8333-abcdefabcdef",
  connectionKeyOfLine: "ca9a7710-1111-4222-8333-abcdefabcdef",
  bearer: "canary11BearerZq8canary11BearerZq8",
  basic: "Y2FuYXJ5LTEyLWJhc2lj",
  jwt: "eyJjYW5hcnkxMyI6IlpxOCJ9.eyJzdWIiOiJjYW5hcnkxMyJ9.c2lnbmF0dXJlMTM",
  urlPassword: "canary-14-url-Zq8",
  queryToken: "canary-15-query-Zq8",
  issuedLine: "canary-16-issued-Zq8",
  tokenLine: "canary-17-tokenline-Zq8",
  cookie: "canary-18-cookie-Zq8",
  jsonPassword: "canary-19-json-Zq8",
  privateKeyInLog: "Y2FuYXJ5LTIwLXBlbS1RWjgtY2FuYXJ5LTIwLXBlbQ",
} as const;

const log = [
  `GET /service/remoteaccess/device/${canaries.connectionKey} 101`,
  `received 530,gw-0001,192.168.10.11,5900,${canaries.connectionKeyOfLine}`,
  `Authorization: Bearer ${canaries.bearer}`,
  `authorization: Basic ${canaries.basic}`,
  `token ${canaries.jwt} accepted`,
  `proxy http://gw:${canaries.urlPassword}@proxy.plant:3128`,
  `GET /x?token=${canaries.queryToken} 200`,
  `70,t1000,device_gw,${canaries.issuedLine}`,
  `71,${canaries.tokenLine}`,
  `cookie: ${canaries.cookie}`,
  `{"password":"${canaries.jsonPassword}"}`,
  // The log is a line of JSON for each event.
  JSON.stringify({ what: `-----BEGIN PRIVATE KEY-----\n${canaries.privateKeyInLog}\n-----END PRIVATE KEY-----` }),
  "connectivity.online",
  `mqtt refused ${canaries.devicePassword}`,
].join("\n");

const configText = `
[cloud]
url = "https://cloud.example"
proxy = "http://proxy.plant:3128"
proxy_user = "gw"
proxy_password = "${canaries.tomlPassword}"
[registration]
password = "${canaries.bootstrapPassword}"   # was ${canaries.commentedPassword}: password = "${canaries.commentedPassword}"
security_token = "${canaries.securityToken}"
`;

/** A machine whose journal has the log, and whose state holds what a gateway keeps. */
async function plant(hardware: Hardware): Promise<Hardware> {
  const stored = { tenant: "t1000", user: "device_gw", password: canaries.devicePassword };
  await hardware.storage.write(credentialsFile, Buffer.from(JSON.stringify(stored)));
  const key = `-----BEGIN PRIVATE KEY-----\n${canaries.keyLine}\n-----END PRIVATE KEY-----\n`;
  await hardware.storage.write(keyFile, Buffer.from(key));
  const run = async () =>
    ({ kind: "exited", exitCode: 0, output: `${log}\n${canaries.keyLine}\n`, isCut: false }) as const;
  return { ...hardware, processes: { run } };
}

function secretConfig(config: GatewayConfig): GatewayConfig {
  const proxy = { host: "proxy.plant", port: 3128, isTls: false, user: "gw", password: canaries.proxyPassword };
  return completeConfig({
    ...config,
    cloud: { ...config.cloud, proxy },
    registration: {
      method: "bootstrap",
      user: "management/devicebootstrap",
      password: canaries.bootstrapPassword,
      securityToken: canaries.securityToken,
    },
  });
}

describe("the archive for support", () => {
  test("holds report, settings, status, log and machine, and none of twenty planted secrets", async () => {
    await using site = await startDoctorSite();
    const { hardware } = site.board;
    if (hardware === undefined) throw new Error("The board is off");
    const bundle = await site.until(
      (async () =>
        makeBundle({
          diagnosis: {
            results: [
              {
                hop: "proxy",
                subject: "proxy",
                outcome: "fail",
                code: "proxy.forbidden",
                detail: `said ${canaries.proxyPassword}`,
              },
            ],
          },
          config: secretConfig(configOf(site)),
          hardware: await plant(hardware),
          configText,
          status: JSON.stringify({ why: `one_time_password = ${canaries.oneTimePassword}` }),
          platform: { node: "v24" },
          nowMs: site.clock.nowMs(),
        }))(),
      { what: "the archive" },
    );
    const text = gunzipSync(bundle).toString("utf8");
    expect(Object.keys(canaries)).toHaveLength(20);
    for (const [name, canary] of Object.entries(canaries)) expect(text.includes(canary), name).toBe(false);
    for (const file of ["doctor.txt", "doctor.json", "gateway.toml", "status.json", "machine.json", "log.txt"]) {
      expect(text).toContain(`postern-doctor/${file}`);
    }
    // What is no secret is there.
    expect(text).toContain("proxy.forbidden");
    expect(text).toContain("connectivity.online");
    expect(text).toContain('url = "https://cloud.example"');
    expect(text).toContain('"eth1"');
    expect(text).toContain(`"${keyFile}"`);
  });

  test("is made although settings and board cannot be had", async () => {
    const bundle = await makeBundle({
      diagnosis: { results: [{ hop: "config", subject: "x.toml", outcome: "fail", code: "config.syntax" }] },
      configText: `password = "${canaries.tomlPassword}`,
      platform: {},
      nowMs: 0,
    });
    const text = gunzipSync(bundle).toString("utf8");
    expect(text).toContain("the settings are not valid TOML and so are left out");
    expect(text).not.toContain(canaries.tomlPassword);
  });
});
