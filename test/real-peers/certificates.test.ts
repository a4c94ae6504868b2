// Certificates that few use, against servers that nobody here wrote: OpenSSH's of a DSA key, and X509None of TigerVNC.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import { VncSession } from "#simulator/operator/vnc-session.ts";
import { isRoot, keygen, makeUser, type Sshd, startSshd, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { type RealSite, startRealSite } from "../support/real-site.ts";
import { startTigerVnc, type VncServer } from "../support/vnc-servers.ts";
import { differentPixels } from "../support/xwd.ts";

const skipsSsh = isAnyMissing(peers.sshd, peers.sshKeygen) || !isRoot;

describe.skipIf(skipsSsh)("OpenSSH certificates of DSA keys", () => {
  let site: RealSite;
  let user: TestUser;
  let sshd: Sshd;
  let privateKey: string;
  let certificate: string;
  let hostKey: string;

  beforeAll(async () => {
    site = await startRealSite("gw-dsa");
    user = makeUser(site.folder);
    const host = keygen(site.folder, "host", "-t", "ed25519", "-N", "");
    hostKey = readFileSync(`${host}.pub`, "utf8");
    const authority = keygen(site.folder, "authority", "-t", "ed25519", "-N", "");
    const key = keygen(site.folder, "dsa", "-t", "dsa", "-N", "");
    execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "test", "-n", user.name, "-V", "+1h", `${key}.pub`]);
    privateKey = readFileSync(key, "utf8");
    certificate = readFileSync(`${key}-cert.pub`, "utf8");
    sshd = await startSshd({
      folder: site.folder,
      hostKeys: [host],
      lines: [
        "UsePAM no",
        `TrustedUserCAKeys ${authority}.pub`,
        "AuthorizedKeysFile none",
        "PubkeyAcceptedAlgorithms +ssh-dss-cert-v01@openssh.com",
      ],
    });
    console.info(`sshd: ${sshd.version}`);
  });

  afterAll(async () => {
    await sshd?.stop();
    await site?.stop();
    user?.remove();
  });

  const opens = (attrs: Record<string, unknown>): Promise<ClientSession> =>
    site.opens({
      protocol: "SSH",
      port: sshd.port,
      credentialsType: "CERTIFICATE",
      username: user.name,
      ...{ privateKey, certificate, hostKey, attrs },
    });

  test("let their user in where the endpoint allows old algorithms", async () => {
    expect(certificate).toMatch(/^ssh-dss-cert-v01@openssh\.com /);
    const session = await opens({ legacyAlgorithms: true });
    await session.reaches("open", 20_000);
    session.says(Buffer.from("echo i''am=$(id -un)\r"));
    await session.sees(() => session.received.toString("utf8").includes(`iam=${user.name}\r\n`), "the user's name");
    await session.disconnects();
  });

  test("are not shown where it does not", async () => {
    const end = await (await opens({})).ends();
    expect(end.said?.text).toContain("SHA-1");
  });
});

const skipsVnc = isAnyMissing(peers.xvnc, peers.xterm, peers.xwd);

describe.skipIf(skipsVnc)("TigerVNC, X509None", () => {
  let site: RealSite;
  let server: VncServer;
  let fingerprint: string;

  beforeAll(async () => {
    site = await startRealSite("gw-x509-none");
    const [key, cert] = [join(site.folder, "panel.key"), join(site.folder, "panel.pem")];
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"];
    execFileSync("openssl", [...args, "-subj", "/CN=panel"], { stdio: "ignore" });
    const shown = execFileSync("openssl", ["x509", "-in", cert, "-noout", "-fingerprint", "-sha256"], {
      encoding: "utf8",
    });
    fingerprint = shown.split("=")[1]?.trim() ?? "";
    server = await startTigerVnc(["-SecurityTypes", "X509None", "-X509Cert", cert, "-X509Key", key]);
    console.info(server.version);
  });

  afterAll(async () => {
    await server?.stop();
    await site?.stop();
  });

  async function opens(fields: Record<string, unknown>): Promise<VncSession> {
    return new VncSession(await site.opens({ protocol: "VNC", port: server.port, hostKey: fingerprint, ...fields }));
  }

  async function showsItsScreen(vnc: VncSession): Promise<void> {
    await vnc.showsPicture(20_000);
    const own = await server.picture();
    // A server draws its pointer into the picture for a client that draws none; xwd leaves it out.
    const isSame = () => vnc.picture !== undefined && differentPixels(vnc.picture, own) <= 24 * 24;
    await vnc.session.sees(isSame, "the panel's picture", 10_000);
    await vnc.disconnects();
  }

  test("shows its screen behind the certificate that is known, with a stored password that it does not ask for", async () => {
    await showsItsScreen(await opens({ credentialsType: "PASS_ONLY", password: "secret12" }));
  });

  test("shows its screen without a stored password, once a person leaves both fields empty", async () => {
    const vnc = await opens({ credentialsType: "NONE" });
    const { session } = vnc;
    await session.sees(() => session.messages.some(({ type }) => type === "prompt"), "the question");
    const asked = session.messages.find((message) => message.type === "prompt");
    session.tells({ type: "answer", id: asked?.id ?? 0, answers: ["", ""] });
    await showsItsScreen(vnc);
  });

  test("is told nothing when it shows another certificate", async () => {
    const vnc = await opens({ credentialsType: "PASS_ONLY", password: "secret12", hostKey: "00".repeat(32) });
    expect(await vnc.session.ends(20_000)).toMatchObject({ code: 4063, reason: "hostkey.mismatch" });
  });
});
