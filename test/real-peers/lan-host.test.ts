// SSH and Telnet to another host of the LAN: real servers in a network namespace, reached by a gateway with its default policy.
import { mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import type { Operator } from "#simulator/operator.ts";
import { type LanHost, makeLanHost } from "../support/lan-host.ts";
import { operatorOf } from "../support/loopback.ts";
import { isRoot, keygen, makeUser, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, pathOf, peers } from "../support/peers.ts";
import { eventually, type Program, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const id = "gw-lan";
const skips = isAnyMissing(peers.ip, peers.sshd, peers.sshKeygen, peers.telnetd, peers.socat, peers.openssl) || !isRoot;

describe.skipIf(skips)("a server on another host of the LAN", () => {
  const folder = temporaryFolder();
  let host: LanHost;
  let user: TestUser;
  let sshd: Program;
  let telnetd: Program;
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;

  beforeAll(async () => {
    user = makeUser(folder.path);
    host = makeLanHost();
    sshd = await startSshd(host, folder.path);
    telnetd = host.runs(
      "telnetd",
      "socat",
      ...["-dd", `TCP-LISTEN:23,bind=${host.address},reuseaddr,fork`, `EXEC:"${pathOf(peers.telnetd)} -h",nofork`],
    );
    await eventually("telnetd to listen", () => (telnetd.output.includes("listening on") ? true : undefined));
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    gateway = startGatewayProgram(folder.path, cloud, { id });
    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await telnetd?.stop("SIGTERM");
    await sshd?.stop("SIGTERM");
    host?.remove();
    user?.remove();
    folder[Symbol.dispose]();
  });

  test("is worked on by SSH: log in, a command that runs there, log out", async () => {
    const session = await opens({ protocol: "SSH", port: 22, credentialsType: "USER_PASS", ...login() });
    session.tells({ type: "resize", columns: 120, rows: 30 });
    const asked = () => session.messages.find((message) => message.type === "host-key");
    await session.sees(() => asked() !== undefined, "the question for the host key", 20_000);
    session.tells({ type: "accept-host-key", fingerprint: asked()?.fingerprint ?? "" });
    await session.reaches("open");
    session.says(Buffer.from("echo he''re: $(id -un) $(readlink /proc/self/ns/net) $SSH_CONNECTION\r"));
    const { nearAddress, address } = host;
    await shows(session, new RegExp(`here: ${user.name} ${namespace()} ${nearAddress} \\d+ ${address} 22\r\n`));
    session.says(Buffer.from("exit 5\r"));
    expect(await session.ends()).toMatchObject({ code: 1000, reason: "panel.closed", said: { text: /status 5/ } });
    await wasReached(22);
  });

  test("is worked on by Telnet: log in, a command that runs there, log out", async () => {
    const session = await opens({ protocol: "TELNET", port: 23, credentialsType: "NONE" });
    session.tells({ type: "resize", columns: 120, rows: 30 });
    await session.reaches("open");
    await shows(session, /login: $/);
    session.says(Buffer.from(`${user.name}\r`));
    await shows(session, /Password: $/);
    session.says(Buffer.from(`${user.password}\r`));
    await shows(session, /\$ $/);
    session.says(Buffer.from("echo he''re: $(id -un) $(readlink /proc/self/ns/net)\r"));
    await shows(session, new RegExp(`here: ${user.name} ${namespace()}\r\n`));
    session.says(Buffer.from("exit\r"));
    expect(await session.ends()).toMatchObject({ code: 1000, reason: "panel.closed" });
    await wasReached(23);
  });

  const login = () => ({ username: user.name, password: user.password });
  const namespace = () => {
    // The far side is no part of this machine's network, or the test would prove nothing.
    expect(host.namespace).not.toBe(readlinkSync(`/proc/${gateway.child.pid}/ns/net`));
    return host.namespace.replaceAll(/[[\]]/g, "\\$&");
  };

  async function opens(endpoint: Record<string, unknown>): Promise<ClientSession> {
    const path = `/service/remoteaccess/devices/${operator.deviceId}/configurations`;
    const made = await operator.asks("POST", path, { name: "drive", hostname: host.address, ...endpoint });
    expect(made.status).toBe(201);
    const { id: endpointId } = made.json() as { id: string };
    return await operator.opens({ deviceId: operator.deviceId, endpointId });
  }

  async function shows(session: ClientSession, wanted: RegExp): Promise<void> {
    await session.sees(() => wanted.test(session.received.toString("utf8")), String(wanted), 20_000);
  }

  async function wasReached(port: number): Promise<void> {
    const closed = await gateway.event("tunnel.closed", 10_000, (line) => line["port"] === port);
    expect(closed).toMatchObject({ host: host.address, wasOpen: true, reason: "panel.closed" });
  }
});

/** OpenSSH's server on port 22 of the host. */
async function startSshd(host: LanHost, folder: string): Promise<Program> {
  const config = join(folder, "sshd-lan.conf");
  writeFileSync(
    config,
    [
      ...["Port 22", `ListenAddress ${host.address}`, "PidFile none", "StrictModes no", "UsePAM no", "UseDNS no"],
      ...[
        "PrintMotd no",
        "PrintLastLog no",
        `HostKey ${keygen(folder, "lan-host-key", "-t", "ed25519", "-N", "")}`,
        "",
      ],
    ].join("\n"),
  );
  // Where sshd, started by root, drops its rights.
  mkdirSync("/run/sshd", { recursive: true });
  const sshd = host.runs("sshd", "/usr/sbin/sshd", "-D", "-e", "-f", config);
  await sshd.until(() => (sshd.output.includes("Server listening") ? true : undefined), "listening", 10_000);
  return sshd;
}
