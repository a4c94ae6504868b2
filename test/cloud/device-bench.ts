// A whole cloud in memory with devices that have certificates: enrolment over HTTP and MQTT over streams with a shown chain.
import { X509Certificate } from "node:crypto";
import type { CloudOptions } from "#cloud-stub/cloud.ts";
import { type ConnectOptions, openMqttClient, type TestClient } from "./cloud-bench.ts";
import { ecKeys, type KeyPair, makeRequest } from "./device-authority.ts";
import { type Answer, basic, type HttpBench, httpPeer, startHttpBench } from "./http-bench.ts";

export const trustPath = "/tenant/tenants/t1000/trusted-certificates";
export const mqttPeer = { address: "127.0.0.1", port: 40_000, localPort: 8883, isEncrypted: true };

export interface DeviceBench extends HttpBench {
  /** MQTT; rejects with the CONNACK's refusal. */
  connects(options: ConnectOptions): Promise<TestClient>;
  /** Puts an authority on the list. */
  trusts(pem: string, facts?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Registers a device for the tenant's authority, by the bulk call that tools make. */
  offers(id: string, oneTimePassword: string): Promise<Answer>;
  enrols(id: string, oneTimePassword: string, request: string): Promise<Answer>;
  renews(headers: Readonly<Record<string, string>>, request: string): Promise<Answer>;
  /** Made, offered and enrolled: its key and certificate. */
  enrolled(id: string): Promise<KeyPair & { readonly pem: string }>;
}

export async function startDeviceBench(options: Partial<CloudOptions> = {}): Promise<DeviceBench> {
  const bench = await startHttpBench(options);
  const clients: TestClient[] = [];
  const est = (what: string, headers: Readonly<Record<string, string>>, request: string) =>
    bench.ask({
      method: "POST",
      path: `/.well-known/est/${what}`,
      headers: { "content-type": "application/pkcs10", ...headers },
      body: request,
    });
  const enrols: DeviceBench["enrols"] = (id, password, request) => est("simpleenroll", basic(id, password), request);
  const offers: DeviceBench["offers"] = (id, oneTimePassword) =>
    uploads(
      bench,
      [
        "ID,AUTH_TYPE,ENROLLMENT_OTP,NAME,TYPE,IDTYPE,com_cumulocity_model_Agent.active",
        `${id},CERTIFICATES,${oneTimePassword},${id},test,c8y_Serial,true`,
      ].join("\n"),
    );
  return {
    ...bench,
    async connects(wish) {
      const peer = { ...mqttPeer, clientCertificateChain: wish.certificateChain };
      const client = await openMqttClient((far) => bench.cloud.handleMqtt(far, peer), wish);
      clients.push(client);
      return client;
    },
    trusts: (pem, facts = {}) =>
      bench.admin("POST", trustPath, { name: "Factory", certInPemFormat: pem, status: "ENABLED", ...facts }),
    offers,
    enrols,
    renews: (headers, request) => est("simplereenroll", headers, request),
    async enrolled(id) {
      const keys = ecKeys();
      await offers(id, "password-1234");
      const answer = await enrols(id, "password-1234", makeRequest(id, { keys }));
      return { ...keys, pem: certificateIn(answer.text).toString() };
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.end();
      await bench[Symbol.asyncDispose]();
    },
  };
}

/** Sends a file of rows as tools do. */
export function uploads(
  bench: HttpBench,
  csv: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const boundary = "----rows-of-devices";
  const body = [
    `--${boundary}`,
    'Content-Disposition: form-data; name="file"; filename="devices.csv"',
    "Content-Type: text/csv",
    "",
    csv,
    `--${boundary}--`,
    "",
  ].join("\r\n");
  return bench.ask({
    method: "POST",
    path: "/devicecontrol/bulkNewDeviceRequests",
    headers: {
      ...basic("t1000/admin", "correct horse"),
      "content-type": `multipart/form-data; boundary=${boundary}`,
      ...headers,
    },
    body,
    peer: httpPeer,
  });
}

/** The one certificate in an answer of EST, read by hand: Node has no PKCS#7. */
export function certificateIn(text: string): X509Certificate {
  const bytes = Buffer.from(text, "base64");
  // Every certificate here is longer than 255 bytes: SEQUENCE with two bytes of length, behind the certificates' own mark.
  const at = bytes.indexOf(Buffer.from([0xa0, 0x80, 0x30, 0x82]), 20) + 2;
  return new X509Certificate(bytes.subarray(at, at + 4 + bytes.readUInt16BE(at + 2)));
}
