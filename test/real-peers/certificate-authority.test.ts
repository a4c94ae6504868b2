// The tenant's authority and OpenSSL: requests that it made, answers that it reads, and what the ports show to it.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CloudProcess, runCloud } from "#cloud-stub/main.ts";
import { isAnyMissing, peers } from "../support/peers.ts";

const adminPassword = "correct horse battery";

describe.skipIf(isAnyMissing(peers.openssl))("OpenSSL", () => {
  let folder: string;
  let cloud: CloudProcess;
  let authority: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "postern-certificate-authority-"));
    cloud = await runCloud({
      dataDir: join(folder, "cloud"),
      accounts: { adminPassword, bootstrapPassword: "bootstrap battery" },
      httpPort: 0,
      httpsPort: 0,
      mqttsPort: 0,
      demoMasterKeyFile: join(folder, "key"),
      write: () => {},
    });
    const { certInPemFormat } = (await asks("POST", "/certificate-authority", "{}")) as { certInPemFormat: string };
    authority = join(folder, "authority.pem");
    writeFileSync(
      authority,
      `-----BEGIN CERTIFICATE-----\n${certInPemFormat.replace(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`,
    );
  });
  afterAll(async () => {
    await cloud.stop();
    rmSync(folder, { recursive: true });
  });

  /** As a program on the loopback: its JSON, or its text. */
  async function asks(method: string, path: string, body: string | FormData, headers: Record<string, string> = {}) {
    const authorization = `Basic ${Buffer.from(`t1000/admin:${adminPassword}`).toString("base64")}`;
    const type: Record<string, string> = typeof body === "string" ? { "content-type": "application/json" } : {};
    const response = await fetch(`http://localhost:${cloud.ports.http}${path}`, {
      method,
      body,
      headers: { authorization, ...type, ...headers },
    });
    expect(response.ok, `${response.status} on ${path}`).toBe(true);
    return response.headers.get("content-type")?.includes("json") === true ? response.json() : response.text();
  }

  async function registers(id: string): Promise<void> {
    const form = new FormData();
    const rows = `ID,AUTH_TYPE,ENROLLMENT_OTP,NAME,TYPE\n${id},CERTIFICATES,one-time-1234,${id},test\n`;
    form.append("file", new Blob([rows], { type: "text/csv" }), "devices.csv");
    expect(await asks("POST", "/devicecontrol/bulkNewDeviceRequests", form)).toMatchObject({ numberOfCreated: 1 });
  }

  function openssl(args: readonly string[], input = ""): Promise<string> {
    const child = spawn("openssl", [...args], { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => {}); // one that has what it wants does not read on
    child.stdin.end(input);
    let output = "";
    let problem = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      problem += chunk;
    });
    return new Promise((resolve, reject) => {
      child.once("close", (code) => (code === 0 ? resolve(output) : reject(new Error(problem || `openssl: ${code}`))));
    });
  }

  test.each([
    ["EC", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
    ["RSA", ["rsa:2048"]],
    ["RSA with SHA-512", ["rsa:3072", "-sha512"]],
  ])("a request for an %s key is taken, and the certificate stands under the authority", async (what, algorithm) => {
    const id = `gw-${what.replaceAll(" ", "-")}`;
    await registers(id);
    const files = { key: `${id}.key`, request: `${id}.csr`, answer: `${id}.p7`, certificate: `${id}.pem` };
    const subject = ["-subj", `/O=Plant 4/CN=${id}`, "-addext", "subjectAltName=DNS:elsewhere.example"];
    await openssl([
      "req",
      "-new",
      "-nodes",
      "-newkey",
      ...algorithm,
      "-keyout",
      files.key,
      "-out",
      files.request,
      ...subject,
    ]);
    const body = readFileSync(join(folder, files.request), "utf8").replaceAll(/-----.*-----\n/g, "");
    const authorization = `Basic ${Buffer.from(`${id}:one-time-1234`).toString("base64")}`;
    const headers = { authorization, "content-type": "application/pkcs10" };
    const answer = String(await asks("POST", "/.well-known/est/simpleenroll", body, headers));
    writeFileSync(join(folder, files.answer), `-----BEGIN PKCS7-----\n${answer}-----END PKCS7-----\n`);
    await openssl(["pkcs7", "-in", files.answer, "-print_certs", "-out", files.certificate]);
    const verified = await openssl([
      "verify",
      "-x509_strict",
      "-purpose",
      "sslclient",
      "-CAfile",
      authority,
      files.certificate,
    ]);
    expect(verified).toBe(`${files.certificate}: OK\n`);
    const shown = await openssl([
      "x509",
      "-in",
      files.certificate,
      "-noout",
      "-subject",
      "-issuer",
      "-ext",
      "extendedKeyUsage",
    ]);
    expect(shown.replaceAll(/ ?= ?/g, "=")).toMatch(new RegExp(`O=Plant 4, CN=${id}\\n.*CN=t1000`));
    // What it asked for beyond its name is not granted.
    await expect(openssl(["x509", "-in", files.certificate, "-noout", "-text"])).resolves.not.toMatch(/elsewhere/);
  });

  test("the HTTPS port names the devices' authorities, so that no browser asks its user for any other certificate", async () => {
    const names = async (port: number) => {
      const output = await openssl(["s_client", "-connect", `localhost:${port}`, "-tls1_2"]);
      const list = /Acceptable client certificate CA names\n((?:.+\n)*?)(?:Client Certificate Types|Requested)/.exec(
        output,
      );
      return list?.[1]?.trim().replaceAll(/ ?= ?/g, "=");
    };
    expect(await names(cloud.ports.https)).toBe("C=United States, O=Cumulocity, CN=t1000");
    // Devices may come with whatever they have: none is named, so each client shows what it has.
    expect(await names(cloud.ports.mqtts)).toBeUndefined();
  });
});
