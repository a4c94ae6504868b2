// Real programs over real TLS: gateways enrol, renew, and come in with a certificate from files, and their tunnels work.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceEnrolment } from "#simulator/operator/device-enrolment.ts";
import type { Operator } from "#simulator/operator.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { certify, makeAuthority } from "../cloud/device-authority.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { type Program, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const oneTimePassword = "otp-7h3GqUc2xkfQ";
const dayMs = 86_400_000;

describe("over real TLS", () => {
  const folder = temporaryFolder();
  let cloud: RunningCloud;
  let operator: Operator;
  let enrolls: DeviceEnrolment;
  let panel: RunningPanel;
  const gateways: Program[] = [];

  const start = (id: string, registration: string): Program => {
    const tunnels = `[tunnels]\nallow = ["127.0.0.1:${panel.port}"]`;
    const gateway = startGatewayProgram(folder.path, cloud, { id, tunnels, registration });
    gateways.push(gateway);
    return gateway;
  };

  const echoes = async (id: string): Promise<void> => {
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    await operator.addsEndpoint({ name: id, hostname: "127.0.0.1", port: panel.port, protocol: "PASSTHROUGH" });
    const echo = await operator.opensPassthrough(id);
    await echo.sends(Buffer.from("hello"));
    await echo.receives(5);
    await echo.disconnects();
  };

  beforeAll(async () => {
    panel = await startPanel(echoPanel(), "plc");
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    enrolls = new DeviceEnrolment({ operator, clock: { until: (promise) => promise } });
    await enrolls.createsAuthority();
  });

  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop();
    await cloud?.program.stop();
    await panel?.close();
    folder[Symbol.dispose]();
  });

  test.each(["ec-p256", "rsa-2048", "rsa-3072"])(
    "a gateway enrols with a key of %s, and starts again with it",
    async (algorithm) => {
      const id = `gw-${algorithm}`;
      await enrolls.offers(id, oneTimePassword);
      const section = `method = "enrolment"\none_time_password = "${oneTimePassword}"\nkey_algorithm = "${algorithm}"`;
      const first = start(id, section);
      await first.event("connectivity.online");
      await echoes(id);
      await first.stop();
      const key = join(folder.path, `${id}-state`, "enrolment-key.pem");
      expect(statSync(key).mode & 0o777).toBe(0o600);
      const second = start(id, section);
      await second.event("connectivity.online");
      expect(readFileSync(key, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
      await second.stop();
    },
  );

  test("a certificate that lives for a minute is renewed in time, and the gateway stays online", async () => {
    const id = "gw-minute";
    await enrolls.setsLife(60);
    await enrolls.offers(id, oneTimePassword);
    const gateway = start(id, `method = "enrolment"\none_time_password = "${oneTimePassword}"`);
    await gateway.event("connectivity.online");
    await gateway.event("renewal.completed", 90_000);
    await echoes(id);
    await gateway.stop();
  });

  test("a gateway with a certificate in files comes in without being registered", async () => {
    const id = "gw-files";
    const nowMs = Date.now();
    const life = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + 90 * dayMs };
    const authority = makeAuthority({ commonName: "Factory", ...life });
    const device = certify(authority, { commonName: id, ...life });
    await enrolls.trusts(authority.pem);
    writeFileSync(join(folder.path, "device.crt"), device.pem + authority.pem);
    writeFileSync(join(folder.path, "device.key"), device.privateKey.export({ type: "pkcs8", format: "pem" }), {
      mode: 0o600,
    });
    const gateway = start(id, 'method = "certificate"\ncertificate = "device.crt"\nkey = "device.key"');
    await gateway.event("connectivity.online");
    await echoes(id);
    await gateway.stop();
  });

  test("one whose authority nobody trusts is refused in words, and goes on trying", async () => {
    const id = "gw-stranger";
    const nowMs = Date.now();
    const life = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + 90 * dayMs };
    const device = certify(makeAuthority({ commonName: "Stranger", ...life }), { commonName: id, ...life });
    writeFileSync(join(folder.path, "stranger.crt"), device.pem);
    writeFileSync(join(folder.path, "stranger.key"), device.privateKey.export({ type: "pkcs8", format: "pem" }), {
      mode: 0o600,
    });
    const gateway = start(id, 'method = "certificate"\ncertificate = "stranger.crt"\nkey = "stranger.key"');
    expect(await gateway.event("connectivity.offline")).toMatchObject({ reason: "mqtt.not-authorised" });
    await gateway.stop();
  });
});
