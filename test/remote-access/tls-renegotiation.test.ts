// A TLS panel that wants to begin its handshake anew in mid-session: each time would cost the whole cloud, and nobody needs it.
import { once } from "node:events";
import { createSecureContext, TLSSocket } from "node:tls";
import forge from "node-forge";
import { expect, it } from "vitest";
import { openPanelTls } from "#cloud-stub/panel-tls/panel-tls.ts";
import { settle } from "./manual-clock.ts";
import { makeWire } from "./wire.ts";

function makeCertificate(): { readonly key: string; readonly cert: string } {
  const keys = forge.pki.rsa.generateKeyPair(2048);
  const cert = forge.pki.createCertificate();
  cert.publicKey = keys.publicKey;
  cert.serialNumber = "01";
  cert.validity.notBefore = new Date(Date.UTC(2020, 0, 1));
  cert.validity.notAfter = new Date(Date.UTC(2040, 0, 1));
  const name = [{ name: "commonName", value: "panel" }];
  cert.setSubject(name);
  cert.setIssuer(name);
  cert.sign(keys.privateKey, forge.md.sha256.create());
  return { key: forge.pki.privateKeyToPem(keys.privateKey), cert: forge.pki.certificateToPem(cert) };
}

it("gets no second handshake", async () => {
  const { near, far } = makeWire();
  const secureContext = createSecureContext({ ...makeCertificate(), maxVersion: "TLSv1.2" });
  const panel = new TLSSocket(far, { isServer: true, secureContext });
  panel.on("error", () => {});
  let handshakes = 0;
  panel.on("secure", () => handshakes++);
  const opened = Promise.withResolvers<void>();
  const tls = openPanelTls(near, "x509", {
    secured: () => opened.resolve(),
    received: () => {},
    ended: () => {},
    failed: () => {},
  });
  const secure = once(panel, "secure");
  await Promise.all([opened.promise, secure]);
  tls.start();
  panel.on("data", () => {});
  panel.renegotiate({}, () => {});
  await settle(200);
  expect(handshakes).toBe(1);
  tls.destroy();
  panel.destroy();
});
