// Windows wider than 255 columns, and of just that, as a real telnetd and a real sshd see them.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import { isRoot, keygen, makeUser, type Sshd, startSshd, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, pathOf, peers } from "../support/peers.ts";
import { Program } from "../support/processes.ts";
import { type RealSite, startRealSite } from "../support/real-site.ts";
import { freePort } from "../support/xvnc.ts";

const skips = isAnyMissing(peers.telnetd, peers.socat, peers.sshd, peers.sshKeygen) || !isRoot;

describe.skipIf(skips)("a window", () => {
  let site: RealSite;
  let user: TestUser;
  let telnetd: Program;
  let telnetPort: number;
  let sshd: Sshd;
  let hostKey: string;

  beforeAll(async () => {
    site = await startRealSite("gw-wide");
    user = makeUser(site.folder);
    telnetPort = await freePort();
    const listens = `TCP-LISTEN:${telnetPort},bind=127.0.0.1,reuseaddr,fork`;
    telnetd = new Program("telnetd", "socat", [listens, `EXEC:"${pathOf(peers.telnetd)} -h",nofork`]);
    const host = keygen(site.folder, "host", "-t", "ed25519", "-N", "");
    hostKey = readFileSync(`${host}.pub`, "utf8");
    sshd = await startSshd({ folder: site.folder, hostKeys: [host], lines: ["UsePAM no"] });
    const { stdout } = spawnSync(pathOf(peers.telnetd) ?? "", ["--version"], { encoding: "utf8" });
    console.info(`${stdout.split("\n")[0]}, sshd: ${sshd.version}`);
  });

  afterAll(async () => {
    await telnetd?.stop("SIGTERM");
    await sshd?.stop();
    await site?.stop();
    user?.remove();
  });

  const shows = (session: ClientSession, text: string) =>
    session.sees(() => session.received.toString("utf8").includes(text), text, 20_000);

  /** The shell asks again until it sees the size: a change arrives when it arrives. */
  async function followsTheWindow(session: ClientSession): Promise<void> {
    const types = (text: string) => session.says(Buffer.from(text));
    for (const [columns, rows] of [
      [300, 100],
      [255, 255],
      [256, 511],
      [80, 24],
    ] as const) {
      session.tells({ type: "resize", columns, rows });
      // The marks stand apart in what is typed, so that its echo is not taken for the answer.
      types(`until [ "$(stty size)" = "${rows} ${columns}" ]; do sleep 0.1; done; echo si''ze=$(stty size)\r`);
      await shows(session, `size=${rows} ${columns}`);
    }
    types("exit\r");
    expect(await session.ends()).toMatchObject({ reason: "panel.closed" });
  }

  test("reaches a telnetd, whatever it is changed to", async () => {
    const session = await site.opens({ protocol: "TELNET", credentialsType: "NONE", port: telnetPort });
    session.tells({ type: "resize", columns: 300, rows: 100 });
    await session.reaches("open");
    await shows(session, "login: ");
    session.says(Buffer.from(`${user.name}\r`));
    await shows(session, "Password: ");
    session.says(Buffer.from(`${user.password}\r`));
    await shows(session, "$ ");
    await followsTheWindow(session);
  });

  test("reaches an sshd, whatever it is changed to", async () => {
    const { name: username, password } = user;
    const login = { credentialsType: "USER_PASS", username, password, hostKey };
    const session = await site.opens({ protocol: "SSH", port: sshd.port, ...login });
    session.tells({ type: "resize", columns: 300, rows: 100 });
    await session.reaches("open", 20_000);
    await shows(session, "$ ");
    await followsTheWindow(session);
  });
});
