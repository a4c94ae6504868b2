// A TLS panel that wants to begin its handshake anew in mid-session: each time would cost the whole cloud, and nobody needs it.
import { once } from "node:events";
import { createSecureContext, TLSSocket } from "node:tls";
import { expect, it } from "vitest";
import { openPanelTls } from "#cloud-stub/panel-tls/panel-tls.ts";
import { settle } from "./manual-clock.ts";
import { makeCertificate } from "./panel-certificate.ts";
import { makeWire } from "./wire.ts";

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
