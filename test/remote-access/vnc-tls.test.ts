// VeNCrypt with a certificate: TLS between the relay and the panel, the certificate judged before anything is told inside.
import { X509Certificate } from "node:crypto";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCertificatePin } from "#cloud-stub/remote-access/certificate-pin.ts";
import { ClientHandshake } from "#protocol/rfb/client-handshake.ts";
import { respondToChallenge } from "#protocol/rfb/vnc-authentication.ts";
import { settle, until } from "./manual-clock.ts";
import { makeCertificate } from "./panel-certificate.ts";
import { PanelEnd } from "./panel-end.ts";
import { type Peer, World } from "./world.ts";

const password = "pass1234";
const challenge = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const certificate = makeCertificate();
const fingerprint = readCertificatePin(certificate.cert) ?? "";
const channel = ["postern.session.v1"];

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

async function opens(fields: Record<string, unknown> = {}, subprotocols = channel) {
  const endpoint = await world.addsEndpoint({ protocol: "VNC", credentialsType: "PASS_ONLY", password, ...fields });
  const client = world.client(endpoint, { subprotocols });
  await client.opened;
  const viewer = new ClientHandshake();
  let seen = 0;
  const state: { isIn: boolean } = { isIn: false };
  client.websocket.on("message", (_data, isBinary) => {
    if (!isBinary) return;
    const bytes = client.received.subarray(seen);
    seen += bytes.length;
    const step = viewer.receive(bytes);
    for (const part of step.send) client.send(part);
    if (step.outcome?.kind === "authenticated") state.isIn = true;
  });
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  return { client, gateway, endpoint, viewer: state };
}

/** Agrees on VeNCrypt's X509Vnc (261) in clear and begins TLS; gives the panel's end of it. */
async function beginsTls(gateway: Peer): Promise<TLSSocket> {
  gateway.send("RFB 003.008\n");
  await until("version", () => gateway.received.length === 12);
  gateway.send(Buffer.from([1, 19]));
  await until("choice", () => gateway.received.length === 13);
  gateway.send(Buffer.from([0, 2]));
  await until("VeNCrypt version", () => gateway.received.length === 15);
  gateway.send(Buffer.from([0, 1, 0, 0, 1, 5]));
  await until("subtype", () => gateway.received.subarray(15, 19).equals(Buffer.from([0, 0, 1, 5])));
  const stream = new PanelEnd(gateway, { skip: 19 });
  const tls = new TLSSocket(stream, { isServer: true, secureContext: createSecureContext(certificate) });
  tls.on("error", () => {});
  gateway.send(Buffer.from([1]));
  return tls;
}

/** Reads what comes inside TLS. */
function reads(tls: TLSSocket): () => Buffer {
  let all = Buffer.alloc(0);
  tls.on("data", (bytes: Buffer) => {
    all = Buffer.concat([all, bytes]);
  });
  return () => all;
}

async function signsIn(tls: TLSSocket): Promise<() => Buffer> {
  const inside = reads(tls);
  tls.write(challenge);
  await until("the response", () => inside().length >= 16);
  expect(inside().subarray(0, 16).equals(respondToChallenge(password, challenge))).toBe(true);
  tls.write(Buffer.alloc(4));
  return inside;
}

describe("a panel with a certificate", () => {
  it("whose certificate is known is signed in at, and bytes pass both ways through TLS", async () => {
    const { client, gateway, viewer } = await opens({ hostKey: certificate.cert });
    const tls = await beginsTls(gateway);
    const inside = await signsIn(tls);
    await until("the viewer is in", () => viewer.isIn);
    const before = client.receivedBytes;
    client.send("from the client");
    await until("the panel hears it", () => inside().subarray(16).toString() === "from the client");
    const picture = Buffer.alloc(300_000, "picture ");
    tls.write(picture);
    await until("the picture", () => client.received.subarray(before).equals(picture));
    expect(gateway.received.includes("from the client")).toBe(false);
    client.websocket.close(1000);
    await world.nothingIsLeft();
  });

  it("is asked about when it is new, kept after a yes, and told nothing before", async () => {
    const { client, gateway, endpoint, viewer } = await opens();
    const tls = await beginsTls(gateway);
    const inside = reads(tls);
    const asked = await until("the question", () => client.texts.find((text) => text.includes("host-key")));
    expect(JSON.parse(asked)).toEqual({ type: "host-key", fingerprint, algorithm: "x509" });
    tls.write(challenge);
    await settle();
    expect(inside()).toHaveLength(0);
    client.websocket.send(JSON.stringify({ type: "accept-host-key", fingerprint }));
    await until("the response", () => inside().length === 16);
    tls.write(Buffer.alloc(4));
    await until("the viewer is in", () => viewer.isIn);
    const stored = await world.remoteAccess.endpoints.get(endpoint.deviceId, endpoint.id);
    expect(stored?.hostKey).toBe(fingerprint);
  });

  it("whose certificate is another one is refused with both fingerprints, before the sign-in", async () => {
    const other = `SHA256:${"A".repeat(43)}`;
    const { client, gateway } = await opens({ hostKey: other });
    const inside = reads(await beginsTls(gateway));
    expect(await client.closed).toEqual({ code: 4063, reason: "hostkey.mismatch" });
    expect(client.texts.at(-1)).toContain(fingerprint);
    expect(client.texts.at(-1)).toContain(other);
    expect(inside()).toHaveLength(0);
    await world.nothingIsLeft();
  });

  it("is not signed in at when nobody says yes", async () => {
    const { client, gateway } = await opens();
    await beginsTls(gateway);
    await until("the question", () => client.texts.some((text) => text.includes("host-key")));
    await world.clock.advance(111_000);
    expect(await client.closed).toEqual({ code: 4062, reason: "hostkey.unknown" });
  });

  it("that breaks TLS before the sign-in is malformed", async () => {
    const { client, gateway } = await opens({ hostKey: certificate.cert });
    gateway.send("RFB 003.008\n");
    await until("version", () => gateway.received.length === 12);
    gateway.send(Buffer.from([1, 19]));
    await until("choice", () => gateway.received.length === 13);
    gateway.send(Buffer.from([0, 2]));
    await until("VeNCrypt version", () => gateway.received.length === 15);
    gateway.send(Buffer.from([0, 1, 0, 0, 1, 5]));
    await until("subtype", () => gateway.received.length === 19);
    gateway.send(Buffer.from([1]));
    await until("a ClientHello", () => gateway.received.length > 19);
    gateway.send("this is no TLS, whatever else it may be");
    expect((await client.closed).reason).toBe("protocol.malformed");
    expect(client.texts.at(-1)).toContain("TLS with the panel failed");
    await world.nothingIsLeft();
  });

  it("that breaks TLS in mid-session is malformed", async () => {
    const { client, gateway, viewer } = await opens({ hostKey: certificate.cert });
    await signsIn(await beginsTls(gateway));
    await until("the viewer is in", () => viewer.isIn);
    // A record of TLS that nobody encrypted.
    gateway.send(Buffer.from([0x17, 3, 3, 0, 32, ...Buffer.alloc(32, 7)]));
    expect((await client.closed).reason).toBe("protocol.malformed");
    await world.nothingIsLeft();
  });

  it("that ends TLS in order has closed", async () => {
    const { client, gateway, viewer } = await opens({ hostKey: certificate.cert });
    const tls = await beginsTls(gateway);
    await signsIn(tls);
    await until("the viewer is in", () => viewer.isIn);
    tls.end("the last words");
    expect(await client.closed).toEqual({ code: 1000, reason: "panel.closed" });
    expect(client.received.subarray(-14).toString()).toBe("the last words");
    await world.nothingIsLeft();
  });
});

describe("the fingerprint of a certificate", () => {
  const hex = new X509Certificate(certificate.cert).fingerprint256;

  it.each([
    ["with colons, as openssl shows it", hex],
    ["with its name", `SHA256 Fingerprint=${hex}`.replace("SHA256 Fingerprint=", "sha256:")],
    ["without colons", hex.replaceAll(":", "").toLowerCase()],
    ["as a PEM certificate with Windows line ends", certificate.cert.replaceAll("\n", "\r\n")],
    ["in our own form", fingerprint],
  ])("is read %s", (_what, text) => {
    expect(readCertificatePin(text)).toBe(fingerprint);
  });

  it.each(["", "SHA256:short", "00", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"])(
    "is not %j",
    (text) => {
      expect(readCertificatePin(text)).toBeUndefined();
    },
  );
});
