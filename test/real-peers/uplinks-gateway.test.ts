// The gateway's program on a machine with two real uplinks: a router whose line dies, the way around it, a tunnel, and the way back.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { realPatience } from "#simulator/operator/real-patience.ts";
import { Operator } from "#simulator/operator.ts";
import { isRoot } from "../support/openssh-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, type Program, temporaryFolder } from "../support/processes.ts";
import { adminPassword, bootstrapPassword } from "../support/running-cloud.ts";
import { far, panel, sources, TwoUplinks } from "../support/two-uplinks.ts";

const id = "gw-two-uplinks";
const skips = isAnyMissing(peers.ip) || !isRoot;
/** Where the test itself reaches the cloud, and from where. */
const watch = { near: "10.213.200.1", there: "10.213.200.2" };
/** A dead link is noticed in 20 s, 10 s more are waited, and two ports are probed for 10 s each. */
const failOverMs = 80_000;
const failBackMs = 80_000;

describe.skipIf(skips)("a gateway with two uplinks", () => {
  const folder = temporaryFolder();
  let net: TwoUplinks;
  let cloud: Program;
  let gateway: Program;
  let operator: Operator;

  beforeAll(async () => {
    net = await TwoUplinks.make();
    net.plugIn(watch.near, watch.there);
    const data = join(folder.path, "cloud");
    const args = ["cloud", "run", "--data", data, "--listen", "0.0.0.0", "--http-port", "0"];
    cloud = net.runs("net", "cloud", [...args, "--hostname", far.ipv4, watch.there, "localhost"], {
      XDG_CONFIG_HOME: join(folder.path, "config"),
      POSTERN_ADMIN_PASSWORD: adminPassword,
      POSTERN_BOOTSTRAP_PASSWORD: bootstrapPassword,
    });
    await cloud.event("cloud.ready");
    const authority = readFileSync(join(data, "ca.pem"), "utf8");
    operator = new Operator({
      network: openLinuxNetwork(),
      patience: realPatience(linuxClock),
      random: linuxRandom,
      cloud: { host: watch.there, httpsPort: 8443, authorities: [authority] },
      user: "t1000/admin",
      password: adminPassword,
    });
    const config = join(folder.path, "gateway.toml");
    const text = [
      "[cloud]",
      `url = "https://${far.ipv4}:8443"`,
      `mqtt = "mqtts://${far.ipv4}:8883"`,
      `ca = ${JSON.stringify(join(data, "ca.pem"))}`,
      "[device]",
      `id = "${id}"`,
      "[registration]",
      'method = "bootstrap"',
      'user = "management/devicebootstrap"',
      `password = "${bootstrapPassword}"`,
      "[state]",
      `dir = ${JSON.stringify(join(folder.path, "state"))}`,
      "[uplinks]",
      'prefer = ["up1", "up2"]',
      "fail_over_after_s = 10",
      "fail_back_after_s = 10",
      "",
    ];
    writeFileSync(config, text.join("\n"), { mode: 0o600 });
    gateway = net.runs("gw", "gateway", ["gateway", "run", "--config", config]);
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.stop();
    await net?.remove();
    folder[Symbol.dispose]();
  });

  /** Own addresses of its connections with the cloud. A router lets nothing else through, so whatever stands there came that way. */
  const ownAddresses = () =>
    net
      .onGateway("ss", "-Htn", "state", "established", "dst", far.ipv4)
      .split("\n")
      .flatMap((line) => /\s(10\.213\.\d\.2):\d+\s/.exec(line)?.[1] ?? []);
  const isOnlineFrom = (address: string, limitMs: number, from = 0) =>
    gateway.until(
      () => {
        const last = gateway.lines
          .slice(from)
          .filter(({ event }) => String(event).startsWith("connectivity."))
          .at(-1);
        return last?.event === "connectivity.online" && ownAddresses().at(-1) === address ? true : undefined;
      },
      `connection from ${address}`,
      limitMs,
    );
  const usesPanel = async () => {
    await operator.seesDeviceOnline();
    const session = await operator.opensPassthrough("press");
    const line = await eventually("the panel's word", () => {
      const said = Buffer.from(session.received).toString();
      return said.endsWith("\n") ? said : undefined;
    });
    expect(line).toBe("192.168.213.1\n");
    await session.disconnects();
  };

  test("goes around a dead line that looks healthy, and back, with a tunnel that works each time", async () => {
    await operator.expectsDevice(id);
    await operator.acceptsDevice(id);
    await isOnlineFrom(sources.up1.ipv4, 30_000);
    await operator.worksWith(id);
    await operator.addsEndpoint({ name: "press", protocol: "PASSTHROUGH", hostname: panel, port: 7000 });
    await usesPanel();

    const working = gateway.lines.length;
    net.setLine("up1", "down");
    await isOnlineFrom(sources.up2.ipv4, failOverMs, working);
    await gateway.event(
      "uplinks.switched",
      1_000,
      ({ from, to, cause }) => `${from} ${to} ${cause}` === "up1 up2 unreachable",
    );
    await usesPanel();
    expect(net.marks()).toContain("lookup");

    const around = gateway.lines.length;
    net.setLine("up1", "up");
    await isOnlineFrom(sources.up1.ipv4, failBackMs, around);
    await gateway.event(
      "uplinks.switched",
      1_000,
      ({ from, to, cause }) => `${from} ${to} ${cause}` === "up2 up1 better",
    );
    await usesPanel();

    await gateway.stop();
    expect(net.marks()).toBe("");
  }, 240_000);
});
