// The status of a gateway that runs: since when, why, how often; on simulated time, and without any secret.
import { expect, test } from "vitest";
import { cloudStatus } from "#firmware/status/read-status.ts";
import { writeMetrics } from "#firmware/status/write-metrics.ts";
import { durationText, writeStatus } from "#firmware/status/write-status.ts";
import { refuse } from "#simulator/faults/refuse.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { siteDefaults } from "#simulator/site/site-defaults.ts";
import { startSite } from "./start-site.ts";

const figures = {
  residentBytes: 1,
  heapUsedBytes: 1,
  cpuSeconds: 1,
  eventLoopDelayP50S: 0,
  eventLoopDelayP99S: 0,
  eventLoopDelayMaxS: 0,
};

test("the status tells an outage: since when, why, when it tries again, and what it counted", async () => {
  await using site = await startSite();
  const before = site.gateway.status();
  expect(before).toMatchObject({ registration: "registered", connectivity: "online", tunnels: [] });
  expect(before.connectivitySince.why).toBeUndefined();
  expect(before.counters.online).toBe(1);
  const outageAtMs = site.board.clock.nowMs();

  const lift = await site.apply(refuse());
  await site.cloudRestarts({ hard: true });
  await site.until(() => site.gateway.status().connectivity === "offline", { what: "the gateway to notice" });
  await site.passes(120_000);
  // Between two tries.
  await site.until(() => site.gateway.status().connectivitySince.retryAtMs !== undefined, { what: "it to wait" });
  const during = site.gateway.status();
  const { sinceMs, why, retryAtMs } = during.connectivitySince;
  expect(why).toMatchObject({ event: "connectivity.offline", reason: "refused" });
  expect(sinceMs).toBeGreaterThanOrEqual(outageAtMs);
  expect(sinceMs).toBeLessThanOrEqual(during.atMs);
  expect(retryAtMs).toBeGreaterThan(during.atMs);
  expect(during.counters.offline.refused).toBeGreaterThan(1);
  expect(writeStatus(during).join("\n")).toMatch(/Connection +offline since .*\n {2}why +refused: .*; next try in /);

  await lift();
  await site.gatewayIsOnline(300_000);
  const after = site.gateway.status();
  expect(after.connectivitySince.why).toBeUndefined();
  expect(after.connectivitySince.sinceMs).toBeGreaterThan(sinceMs);
  expect(after.counters.online).toBe(2);
  expect(after.startedAtMs).toBe(before.startedAtMs);
});

test("the status has each tunnel with its panel and bytes, and counts those that ended", async () => {
  await using site = await startSite({ panels: { plc: echoPanel() } });
  const session = await site.operator.opensPassthrough("plc");
  await session.sends(Buffer.from("hello"));
  await session.receives(5);
  await site.passes(90_000);
  const { tunnels, atMs } = site.gateway.status();
  expect(tunnels).toEqual([
    expect.objectContaining({ host: "192.168.10.11", port: 7, isOpen: true, bytesUp: 5, bytesDown: 5 }),
  ]);
  expect(durationText(atMs - (tunnels[0]?.requestedAtMs ?? 0))).toMatch(/^1 min 3[0-9] s$/);
  await session.disconnects();
  await site.until(() => site.gateway.status().tunnels.length === 0, { what: "the tunnel to end" });
  expect(site.gateway.status().counters).toMatchObject({
    tunnelsOpened: 1,
    tunnelsClosed: { "client.closed": 1 },
    bytesUp: 5,
    bytesDown: 5,
  });
});

test("since when does not change when the wall clock is set", async () => {
  await using site = await startSite();
  const before = site.gateway.status();
  const age = before.atMs - before.connectivitySince.sinceMs;
  site.board.clock.jump(3_600_000);
  const after = site.gateway.status();
  expect(after.atMs - after.connectivitySince.sinceMs).toBe(age);
});

test("neither status nor metrics hold a secret, a connection key or a proxy's password", async () => {
  const proxy = { host: "192.0.2.1", port: 3128, isTls: false, user: "gw", password: "proxy-Pa55" };
  await using site = await startSite({ panels: { plc: echoPanel() }, keepBytes: true });
  const session = await site.operator.opensPassthrough("plc");
  await site.until(() => site.gateway.status().tunnels.some(({ isOpen }) => isOpen), { what: "the tunnel" });
  const running = site.gateway.status();
  // What a configured proxy adds.
  const status = { ...running, cloud: cloudStatus({ ...cloud, proxy }) };
  const metrics = writeMetrics(status, figures);
  const shown = [JSON.stringify(status), ...writeStatus(status), metrics].join("\n");
  const sent = site.keptDeliveries.map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join("");
  const keys = [...sent.matchAll(/"connectionKey":"([^"]{8,})"/g)].flatMap(([, key]) => key ?? []);
  expect(keys.length).toBeGreaterThan(0);
  const stored = JSON.parse(Buffer.from(site.board.disk.files.get("credentials.json") ?? []).toString());
  expect(stored.password).toMatch(/.{8}/);
  for (const secret of [...keys, stored.password, proxy.password, ...Object.values(siteDefaults.passwords)]) {
    expect(shown).not.toContain(secret);
  }
  expect(shown).toContain("192.0.2.1:3128");
  expect(metrics).not.toContain("192.168.10.11");
  await session.disconnects();
});

const cloud = {
  host: "cloud.example",
  httpsPort: 443,
  mqttHost: "cloud.example",
  mqttPort: 8883,
  mqttOver: "auto",
  authorities: [],
  url: "https://cloud.example",
} as const;
