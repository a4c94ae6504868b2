// OpenSSL's own tools read what the gateway asks an authority with, and write what it must be able to read.
import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeCertificate } from "#firmware/registration/device-certificate.ts";
import { keyFingerprint, makePrivateKey, requestCertificate } from "#firmware/registration/device-key.ts";
import { certificationRequestBody } from "#protocol/x509/certification-request.ts";
import { certificatePem, readIssuedCertificates } from "#protocol/x509/issued-certificates.ts";
import { isAnyMissing, peers } from "../support/peers.ts";

const deviceId = "gw-Übung-7";

describe.skipIf(isAnyMissing(peers.openssl)).each(["ec-p256", "rsa-2048", "rsa-3072"] as const)("%s", (algorithm) => {
  let folder: string;
  let privateKey: string;
  let request: Uint8Array;
  const openssl = (...args: readonly string[]): string =>
    execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const write = (name: string, contents: string | Uint8Array): string => {
    writeFileSync(join(folder, name), contents);
    return name;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "postern-openssl-"));
    privateKey = await makePrivateKey(algorithm);
    request = requestCertificate(deviceId, privateKey);
    write("device.key", privateKey);
    write("request.der", request);
    const key =
      algorithm === "ec-p256" ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["-newkey", "rsa:2048"];
    openssl(
      "req",
      "-x509",
      ...key,
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "30",
      "-subj",
      "/CN=t1000/O=Cumulocity",
    );
    openssl(
      "x509",
      "-req",
      "-inform",
      "DER",
      "-in",
      "request.der",
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "10",
      "-out",
      "device.pem",
    );
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** OpenSSL's exit code says nothing of the signature, its words do. */
  const verify = (name: string): string => {
    const { stderr } = spawnSync("openssl", ["req", "-inform", "DER", "-in", name, "-verify", "-noout"], {
      cwd: folder,
      encoding: "utf8",
    });
    return stderr.trim();
  };

  test("its certification request is one to OpenSSL, whose signature is good", () => {
    expect(verify("request.der")).toMatch(/verify OK$/);
    const subject = ["-noout", "-subject", "-nameopt", "utf8,-esc_msb"];
    expect(openssl("req", "-inform", "DER", "-in", "request.der", ...subject)).toBe(`subject=CN=${deviceId}\n`);
  });

  test("one that was changed on the way is not", () => {
    const forged = Buffer.from(request);
    forged[forged.length - 5] = (forged[forged.length - 5] ?? 0) ^ 1;
    write("forged.der", forged);
    expect(verify("forged.der")).toMatch(/verify failure/);
  });

  test("the body of the request becomes PEM by a frame around it", () => {
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${certificationRequestBody(request)}-----END CERTIFICATE REQUEST-----\n`;
    write("request.pem", pem);
    expect(openssl("req", "-in", "request.pem", "-verify", "-noout", "-subject")).toContain("CN = ");
  });

  test("the request holds the public key of the key that was made", () => {
    const wanted = openssl("pkey", "-in", "device.key", "-pubout");
    expect(openssl("req", "-inform", "DER", "-in", "request.der", "-noout", "-pubkey")).toBe(wanted);
    write("public.pem", wanted);
    const der = execFileSync("openssl", ["pkey", "-pubin", "-in", "public.pem", "-outform", "DER"], { cwd: folder });
    write("public.der", der);
    expect(openssl("dgst", "-sha256", "-r", "public.der")).toContain(keyFingerprint(privateKey));
  });

  test.each([
    ["DER in base64, the certificate alone", ["-certfile", "device.pem", "-outform", "DER"]],
    ["DER in base64, with its authority", ["-certfile", "device.pem", "-certfile", "ca.pem", "-outform", "DER"]],
    ["PEM", ["-certfile", "device.pem", "-outform", "PEM"]],
  ])("the certificate is read from crl2pkcs7's message: %s", (_, args) => {
    const written = execFileSync("openssl", ["crl2pkcs7", "-nocrl", ...args], { cwd: folder });
    const answer = args.includes("DER") ? Buffer.from(written.toString("base64"), "latin1") : written;
    const read = readIssuedCertificates(answer);
    expect(read).toHaveLength(args.includes("ca.pem") ? 2 : 1);
    const own = read.find((each) => new X509Certificate(each).subject === `CN=${deviceId}`);
    const verdict = judgeCertificate({ chain: certificatePem(own ?? Buffer.of()), privateKey }, deviceId);
    expect(verdict).toMatchObject({ ok: true });
    write("read.pem", certificatePem(own ?? Buffer.of()));
    expect(openssl("verify", "-CAfile", "ca.pem", "read.pem")).toContain("OK");
  });
});
