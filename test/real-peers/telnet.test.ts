// A Telnet endpoint through cloud and gateway as processes, against inetutils-telnetd.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeUser, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, pathOf, peers } from "../support/peers.ts";
import { Program } from "../support/processes.ts";
import { type RealSite, startRealSite } from "../support/real-site.ts";
import { freePort } from "../support/xvnc.ts";

const isRoot = process.getuid?.() === 0;

describe.skipIf(isAnyMissing(peers.telnetd, peers.socat) || !isRoot)("a Telnet panel that nobody here wrote", () => {
  let site: RealSite;
  let user: TestUser;
  let telnetd: Program;
  let port: number;

  beforeAll(async () => {
    site = await startRealSite("gw-telnet");
    user = makeUser(site.folder);
    port = await freePort();
    const server = `${pathOf(peers.telnetd)} -h`;
    telnetd = new Program("telnetd", "socat", [
      `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`,
      `EXEC:"${server}",nofork`,
    ]);
    const { stdout } = spawnSync(pathOf(peers.telnetd) ?? "", ["--version"], { encoding: "utf8" });
    console.info(stdout.split("\n")[0]);
  });

  afterAll(async () => {
    await telnetd?.stop("SIGTERM");
    await site?.stop();
    user?.remove();
  });

  test("log in, terminal type and size, live resize, UTF-8, log out", async () => {
    const session = await site.opens({ protocol: "TELNET", credentialsType: "NONE", port });
    session.tells({ type: "resize", columns: 132, rows: 43 });
    await session.reaches("open");
    const shows = (text: string) => session.sees(() => session.received.toString("utf8").includes(text), text, 20_000);
    const types = (text: string) => session.says(Buffer.from(text));
    await shows("login: ");
    types(`${user.name}\r`);
    await shows("Password: ");
    types(`${user.password}\r`);
    await shows("$ ");
    types("echo te''rm=$TERM si''ze=$(stty size)\r");
    await shows("term=xterm-256color size=43 132");
    session.tells({ type: "resize", columns: 101, rows: 33 });
    types("sleep 0.5; echo no''w=$(stty size)\r");
    await shows("now=33 101");
    types("printf 'u:%s\\n' Gr''üße\r");
    await shows("u:Grüße");
    expect(session.received.includes(0xff)).toBe(false);
    expect(session.messages.some((message) => message.type === "notice")).toBe(true);
    types("exit\r");
    expect(await session.ends()).toMatchObject({ code: 1000, reason: "panel.closed" });
  });
});
