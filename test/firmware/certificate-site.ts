// For tests of the registration by certificate: a small site whose cloud has an authority, enrols devices and hands out tokens.
import { createPublicKey, X509Certificate } from "node:crypto";
import type { ConfigChanges } from "#firmware/gateway.ts";
import { certificatePem } from "#protocol/x509/issued-certificates.ts";
import { drawFrom } from "#simulator/deterministic-random.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { base64Lines, certsOnly, DeviceAuthority, readRequest } from "./device-authority.ts";
import type { HttpAnswer, ReceivedRequest } from "./scripted-cloud.ts";
import { SmallSite } from "./small-site.ts";

export const oneTimePassword = "otp-7h3GqUc2xkfQ";
export const dayMs = 24 * 60 * 60_000;
export const yearMs = 365 * dayMs;

export const enrolment: ConfigChanges = {
  registration: { method: "enrolment", oneTimePassword, keyAlgorithm: "ec-p256" },
};

const notFound = { error: "security/Unauthorized", message: "No newDeviceRequest found for this ID gw-1" };

/** What the platform does with devices and their certificates, as far as protocol.md 2.8 and 3.1 tell it. */
export class CertificateCloud {
  readonly authority = new DeviceAuthority();
  readonly site: SmallSite;
  /** By device id; used up by the first certificate. */
  readonly oneTimePasswords = new Map<string, string>();
  hasAuthority = true;
  lifeMs = yearMs;
  /** PEM of the certificates that were issued, in order. */
  readonly issued: string[] = [];
  /** Certificates (PEM) that MQTT refuses with CONNACK 5. */
  readonly refused = new Set<string>();
  /** Tokens handed out, in order; those in `spoilt` get 401. */
  readonly tokens: string[] = [];
  readonly spoilt = new Set<string>();
  tokenLifeS = 3_600;
  answersTokens = true;
  /** In place of the answer with a certificate. */
  instead: ((answer: HttpAnswer) => HttpAnswer | "silence") | undefined;

  constructor(site: SmallSite) {
    this.site = site;
    site.cloud.judgeCertificate = (chain) => this.#judge(chain);
    site.cloud.answerHttp = (request) => this.#answer(request);
    site.cloud.answer = ({ topic }) => (topic === "s/uat" && this.answersTokens ? [this.#token()] : []);
  }

  expects(deviceId = "gw-1", password = oneTimePassword): void {
    this.oneTimePasswords.set(deviceId, password);
  }

  /** Names of the estimated endpoints that were asked, in order. */
  get asked(): readonly string[] {
    return this.site.cloud.requests.map(({ path }) => path.split("/").at(-1) ?? "");
  }

  #judge(chain: string): number {
    const certificate = new X509Certificate(chain);
    const nowMs = this.site.clock.nowMs();
    const isOurs = certificate.verify(
      createPublicKey(
        new X509Certificate(this.authority.certificate).publicKey.export({ type: "spki", format: "pem" }),
      ),
    );
    const isInTime = certificate.validFromDate.getTime() <= nowMs && nowMs < certificate.validToDate.getTime();
    return isOurs && isInTime && !this.refused.has(chain) ? 0 : 5;
  }

  #token(): { topic: string; text: string } {
    const iat = Math.floor(this.site.clock.nowMs() / 1000);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({ alg: "RS256" })}.${part({ iat, exp: iat + this.tokenLifeS, jti: this.tokens.length })}.c2ln`;
    this.tokens.push(token);
    return { topic: "s/dat", text: `71,${token}` };
  }

  isGoodToken(authorization: string | undefined): boolean {
    const [scheme, token = ""] = (authorization ?? "").split(" ");
    return scheme === "Bearer" && this.tokens.includes(token) && !this.spoilt.has(token);
  }

  #answer({ method, path, headers, body }: ReceivedRequest): HttpAnswer | "silence" {
    if (method !== "POST" || !path.startsWith("/.well-known/est/")) return { status: 404 };
    if (!this.hasAuthority) return json(404, { error: "general/notFound", message: "no authority" });
    if (headers["content-type"] !== "application/pkcs10") return { status: 415 };
    const request = readRequest(body);
    if (!request.isSignatureGood) return { status: 400 };
    if (path.endsWith("/simpleenroll")) {
      const [id = "", password] = Buffer.from(String(headers.authorization).replace(/^Basic /, ""), "base64")
        .toString()
        .split(":");
      const expected = this.oneTimePasswords.get(id);
      if (expected === undefined || id !== request.commonName) return json(401, notFound);
      if (expected !== password)
        return json(401, { error: "security/Unauthorized", message: `Invalid password ${password}` });
      this.oneTimePasswords.delete(id);
    } else if (!this.isGoodToken(headers.authorization as string | undefined)) {
      return json(401, { error: "security/Unauthorized", message: "Invalid credentials" });
    }
    const nowMs = Math.floor(this.site.clock.nowMs() / 1000) * 1000;
    const { commonName, publicKey } = request;
    const certificate = this.authority.issue({
      commonName,
      publicKey,
      notBeforeMs: nowMs - 60_000,
      notAfterMs: nowMs + this.lifeMs,
    });
    this.issued.push(certificatePem(certificate));
    const headersOut = {
      "Content-Type": "application/pkcs7-mime;smime-type=certs-only",
      "Content-Transfer-Encoding": "base64",
    };
    const answer = { status: 200, headers: headersOut, body: base64Lines(certsOnly([certificate])) };
    return this.instead === undefined ? answer : this.instead(answer);
  }
}

function json(status: number, body: object): HttpAnswer {
  return { status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** The site, not booted yet, and its cloud. Keys are drawn from a seed, so nothing waits for the thread pool. */
export async function startCertificateSite(gateway: ConfigChanges = enrolment) {
  const undraw = drawFrom(new SeededRandom(11));
  try {
    const site = await SmallSite.start({ isRegistered: false, gateway });
    const cloud = new CertificateCloud(site);
    return {
      site,
      cloud,
      /** Text of a file of the gateway's state. */
      file: (name: string): string | undefined => {
        const contents = site.board.disk.files.get(name);
        return contents === undefined ? undefined : Buffer.from(contents).toString("utf8");
      },
      [Symbol.asyncDispose]: async (): Promise<void> => {
        try {
          await site[Symbol.asyncDispose]();
        } finally {
          undraw();
        }
      },
    };
  } catch (error) {
    undraw();
    throw error;
  }
}
