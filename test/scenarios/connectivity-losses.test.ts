// The connection to the cloud is lost in every way that a network knows: the gateway comes back, and asks for what it missed.
import { expect, test } from "vitest";
import { backOffCapMs } from "#firmware/connectivity/back-off.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { refuse } from "#simulator/faults/refuse.ts";
import { SmallSite } from "../firmware/small-site.ts";
import { startSite } from "./start-site.ts";
import { lines, plc, reasons, tunnelWorks } from "./tunnel-works.ts";

test("a link that dies without a word is noticed within 20 s, idle or not", async () => {
  await using site = await startSite({ panels: plc });
  for (const quietMs of [0, 5_000, 9_000, 61_000]) {
    await site.passes(quietMs);
    await site
      .between("gateway", "cloud")
      .during(blackHole(), () =>
        site.until(() => site.gateway.status().connectivity !== "online", { what: "the silence", limitMs: 20_000 }),
      );
    await site.gatewayIsOnline(60_000);
  }
  expect(new Set(reasons(site))).toEqual(new Set(["mqtt.keep-alive"]));
  await tunnelWorks(site);
});

test("a cloud that refuses is asked less and less often, and within a minute of its return the gateway is online", async () => {
  await using site = await startSite({ panels: plc, gateway: { cloud: { mqttOver: "tls" } } });
  await site.during(refuse(), async () => {
    site.network.resetConnections(({ server }) => server.port === 8883);
    await site.passes(600_000);
  });
  const waits = lines(site, "connectivity.offline").map((line) => Number(line["retryInMs"]));
  // Full jitter: half of the cap on average once it is reached.
  expect(waits.length).toBeGreaterThan(600_000 / backOffCapMs);
  expect(waits.length).toBeLessThan(100);
  expect(Math.max(...waits)).toBeGreaterThan(backOffCapMs / 2);
  expect(Math.max(...waits)).toBeLessThanOrEqual(backOffCapMs);
  await site.gatewayIsOnline(60_000);
  await tunnelWorks(site);
});

test("the back-off starts anew after a session that lasted, and not after one that did not", async () => {
  await using site = await startSite({ panels: plc });
  const breaks = async (): Promise<number> => {
    site.network.resetConnections(({ server }) => server.port === 8883);
    const seen = lines(site, "connectivity.offline").length;
    await site.until(() => lines(site, "connectivity.offline").length > seen, { what: "the loss" });
    await site.gatewayIsOnline(60_000);
    return Number(lines(site, "connectivity.offline").at(-1)?.["retryInMs"]);
  };
  const short: number[] = [];
  for (let each = 0; each < 12; each += 1) short.push(await breaks());
  expect(Math.max(...short)).toBeGreaterThan(4_000);
  for (let each = 0; each < 4; each += 1) {
    await site.passes(61_000);
    expect(await breaks()).toBeLessThanOrEqual(1_000);
  }
  await tunnelWorks(site);
}, 60_000);

test("an operation that came while the gateway was away is asked for after the reconnection", async () => {
  await using site = await startSite({ panels: plc });
  const link = site.between("gateway", "cloud");
  const lift = link.apply(blackHole());
  // The cloud hands the operation to a connection that is dead already, and the person waits.
  const opening = site.operator.opensPassthrough("plc");
  await site.passes(10_000);
  lift();
  site.network.resetConnections(({ server }) => server.port === 8883);
  const session = await site.until(opening, { what: "the session", limitMs: 30_000 });
  session.says(Buffer.from("late"));
  await session.receives(4);
  await session.disconnects();
  expect(lines(site, "connectivity.online")).toHaveLength(2);
  await tunnelWorks(site);
});

test("a second CONNACK with a code in mid-session ends it with that code", async () => {
  await using site = await startSite({ panels: plc });
  const broker = site.network.conversations().find(({ server }) => server.port === 8883);
  broker?.says("server", Uint8Array.of(0x20, 0x02, 0x00, 0x03));
  await site.until(() => reasons(site).length > 0, { what: "the end of the session" });
  expect(lines(site, "connectivity.offline")).toMatchObject([
    { reason: "mqtt.unavailable", detail: "the cloud ended the session with CONNACK 3" },
  ]);
  await site.gatewayIsOnline(60_000);
  await tunnelWorks(site);
});

test("topics that are refused (SUBACK 0x80) are asked for again, and then a tunnel opens", async () => {
  await using site = await SmallSite.start({ isRegistered: false });
  const credentials = { tenant: "t1000", user: "device_gw-1", password: "device-secret" };
  site.board.disk.files.set("credentials.json", Buffer.from(JSON.stringify(credentials)));
  site.cloud.refusedTopics.add("s/ds").add("devicecontrol/notifications").add("s/e").add("error");
  site.boot();
  await site.until("the refusal", () => site.events("connectivity.subscription-refused").length === 3);
  expect(site.gateway.status().connectivity).toBe("connecting");
  site.cloud.refusedTopics.clear();
  await site.isOnline();
  await site.panelListens(5900, ({ stream }) => stream.pipe(stream));
  site.requests("1");
  await site.until("the tunnel", () => site.cloud.webSockets.length === 1);
  await site.until("its report", () => site.cloud.reports.some((report) => report.startsWith("506,1")));
  const [tunnel] = site.cloud.webSockets;
  const heard: string[] = [];
  tunnel?.on("message", (data: Buffer) => heard.push(data.toString()));
  tunnel?.send(Buffer.from("are you there?"));
  await site.until("the panel's answer", () => heard.join("") === "are you there?");
});
