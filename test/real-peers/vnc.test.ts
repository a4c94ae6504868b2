// VNC endpoints through cloud and gateway as processes, against servers that nobody here wrote, with every security type they have.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VncSession } from "#simulator/operator/vnc-session.ts";
import { makeUser, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { type RealSite, startRealSite } from "../support/real-site.ts";
import { passwordFile, startTigerVnc, startTightVnc, startX11vnc, type VncServer } from "../support/vnc-servers.ts";
import { differentPixels } from "../support/xwd.ts";

const password = "secret12";
/** A server draws its pointer into the picture for a client that draws none; xwd leaves it out. */
const pointerPixelsMax = 24 * 24;
const skips = isAnyMissing(
  peers.xvnc,
  peers.vncPassword,
  peers.xterm,
  peers.xwd,
  peers.xtightvnc,
  peers.x11vnc,
  peers.xvfb,
);

describe.skipIf(skips)("VNC panels that nobody here wrote", () => {
  let site: RealSite;
  let file: string;
  let certificate: { readonly key: string; readonly cert: string; readonly fingerprint: string };
  const running: VncServer[] = [];

  beforeAll(async () => {
    site = await startRealSite("gw-vnc");
    file = passwordFile(site.folder, password);
    const [key, cert] = [join(site.folder, "panel.key"), join(site.folder, "panel.pem")];
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"];
    execFileSync("openssl", [...args, "-subj", "/CN=panel"], { stdio: "ignore" });
    const shown = execFileSync("openssl", ["x509", "-in", cert, "-noout", "-fingerprint", "-sha256"], {
      encoding: "utf8",
    });
    certificate = { key, cert, fingerprint: shown.split("=")[1]?.trim() ?? "" };
  });

  afterAll(async () => {
    for (const server of running) await server.stop();
    await site?.stop();
  });

  async function started(server: Promise<VncServer>): Promise<VncServer> {
    const up = await server;
    running.push(up);
    console.info(up.version);
    return up;
  }

  async function opens(server: VncServer, fields: Record<string, unknown> = {}): Promise<VncSession> {
    const endpoint = { protocol: "VNC", port: server.port, credentialsType: "PASS_ONLY", password, ...fields };
    return new VncSession(await site.opens(endpoint));
  }

  /** The picture that came is the one that the X server gives of its own screen, but for the pointer drawn into it. */
  async function showsItsScreen(session: VncSession, server: VncServer): Promise<void> {
    await session.showsPicture(20_000);
    const own = await server.picture();
    expect(new Set(own.pixels).size).toBeGreaterThan(1);
    const differing = () => (session.picture === undefined ? -1 : differentPixels(session.picture, own));
    await session.session.sees(
      () => differing() >= 0 && differing() <= pointerPixelsMax,
      "the panel's picture",
      10_000,
    );
    await session.disconnects();
  }

  test.each([
    ["VncAuth", ["-SecurityTypes", "VncAuth"]],
    ["TLSVnc", ["-SecurityTypes", "TLSVnc"]],
    ["TLSNone", ["-SecurityTypes", "TLSNone"]],
    ["None", ["-SecurityTypes", "None"]],
    ["what it offers by itself", []],
  ] as const)("TigerVNC, %s", async (_what, args) => {
    const server = await started(startTigerVnc([...args, "-PasswordFile", file]));
    await showsItsScreen(await opens(server), server);
  });

  describe("TigerVNC with a certificate", () => {
    let server: VncServer;
    beforeAll(async () => {
      const x509 = ["-X509Cert", certificate.cert, "-X509Key", certificate.key];
      server = await started(startTigerVnc(["-SecurityTypes", "X509Vnc", ...x509, "-PasswordFile", file]));
    });

    test("pinned as the certificate itself", async () => {
      await showsItsScreen(await opens(server, { hostKey: readFileSync(certificate.cert, "utf8") }), server);
    });

    test("pinned by its fingerprint in the attributes", async () => {
      await showsItsScreen(await opens(server, { attrs: { tlsFingerprint: certificate.fingerprint } }), server);
    });

    test("confirmed by a person and kept", async () => {
      const endpoint = await site.makesEndpoint({
        ...{ protocol: "VNC", port: server.port, credentialsType: "PASS_ONLY", password },
      });
      const target = { deviceId: site.operator.deviceId, endpointId: String(endpoint["id"]) };
      const session = await site.operator.opens(target);
      await session.sees(() => session.messages.some(({ type }) => type === "host-key"), "the question");
      const asked = session.messages.find((message) => message.type === "host-key");
      expect(asked?.algorithm).toBe("x509");
      const vnc = new VncSession(session);
      session.tells({ type: "accept-host-key", fingerprint: asked?.fingerprint ?? "" });
      await showsItsScreen(vnc, server);
      const second = new VncSession(await site.operator.opens(target));
      await showsItsScreen(second, server);
      expect(second.session.messages.some(({ type }) => type === "host-key")).toBe(false);
    });

    test("another one is refused with both fingerprints", async () => {
      const session = await opens(server, { hostKey: "00".repeat(32) });
      const end = await session.ends(20_000);
      expect(end).toMatchObject({ code: 4063, reason: "hostkey.mismatch" });
      expect(end.said?.text).toContain(`SHA256:${Buffer.alloc(32).toString("base64").replace("=", "")}`);
    });

    test("unknown, and nobody to ask", async () => {
      const endpoint = { protocol: "VNC", port: server.port, credentialsType: "PASS_ONLY", password };
      expect(await (await site.opens(endpoint, ["binary"])).ends(20_000)).toMatchObject({ reason: "hostkey.unknown" });
    });

    test("a wrong password inside TLS is auth.failed", async () => {
      const session = await opens(server, { password: "wrong", hostKey: certificate.fingerprint });
      expect(await session.ends(20_000)).toMatchObject({ reason: "auth.failed" });
    });
  });

  test.each([
    ["TLSVnc", password],
    ["TLSNone", ""],
  ])("TigerVNC, %s alone without a stored password: a person is asked", async (type, answer) => {
    const server = await started(startTigerVnc(["-SecurityTypes", type, "-PasswordFile", file]));
    const session = await opens(server, { credentialsType: "NONE", password: undefined });
    await session.session.sees(() => session.session.messages.some((message) => message.type === "prompt"), "question");
    const asked = session.session.messages.find((message) => message.type === "prompt");
    session.session.tells({ type: "answer", id: asked?.id ?? 0, answers: ["", answer] });
    await showsItsScreen(session, server);
  });

  test("TigerVNC that shows none though one is known is refused before the sign-in", async () => {
    const server = await started(startTigerVnc(["-SecurityTypes", "TLSVnc", "-PasswordFile", file]));
    const session = await opens(server, { hostKey: certificate.fingerprint });
    expect(await session.ends(20_000)).toMatchObject({ reason: "hostkey.mismatch" });
  });

  test("TightVNC, VNC Authentication", async () => {
    const server = await started(startTightVnc(["-rfbauth", file]));
    await showsItsScreen(await opens(server), server);
  });

  test("x11vnc, VNC Authentication", async () => {
    const server = await started(startX11vnc(["-rfbauth", file]));
    await showsItsScreen(await opens(server), server);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "TigerVNC, Plain within TLS and within X.509, by a user of the system",
    async () => {
      const user: TestUser = makeUser(site.folder);
      try {
        for (const subtype of ["TLSPlain", "X509Plain"]) {
          const x509 = ["-X509Cert", certificate.cert, "-X509Key", certificate.key];
          const users = ["-PlainUsers", user.name, "-pam_service", "login"];
          const server = await started(startTigerVnc(["-SecurityTypes", subtype, ...x509, ...users]));
          const hostKey = subtype === "X509Plain" ? certificate.fingerprint : null;
          const fields = { username: user.name, password: user.password, hostKey };
          await showsItsScreen(await opens(server, fields), server);
        }
      } finally {
        user.remove();
      }
    },
  );
});
