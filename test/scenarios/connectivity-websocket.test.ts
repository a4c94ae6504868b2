// A site whose firewall lets nothing out but HTTPS: MQTT goes through a websocket, and back to its own port when that is open.
import { expect, test } from "vitest";
import { tlsRetryMs } from "#firmware/connectivity/mqtt-ways.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";
import { lines, plc, tunnelWorks } from "./tunnel-works.ts";

type Action = "drop" | "reject" | "unreachable";

function blocksMqtt(site: Site<typeof plc>, action: Action): () => void {
  return site.network.firewall.add({ from: "gateway", to: "cloud", port: 8883, action });
}

const overNow = (site: Site<typeof plc>) => lines(site, "connectivity.online").at(-1)?.["over"] ?? "TLS";

test.each<Action>(["drop", "reject", "unreachable"])(
  "a firewall that answers a dial of port 8883 with %s does not keep the gateway offline",
  async (action) => {
    await using site = await startSite({ panels: plc, registered: false });
    blocksMqtt(site, action);
    await site.gatewayRegisters();
    await site.addsEndpoints();
    expect(overNow(site)).toBe("websocket");
    await tunnelWorks(site);
  },
);

test("what worked is remembered over a loss: the websocket comes back at the first try", async () => {
  await using site = await startSite({ panels: plc });
  expect(overNow(site)).toBe("TLS");
  blocksMqtt(site, "drop");
  site.network.resetConnections(({ server }) => server.port === 8883);
  await site.passes(5_000);
  await site.gatewayIsOnline(60_000);
  expect(overNow(site)).toBe("websocket");
  const tries = lines(site, "connectivity.offline").length;
  site.network.resetConnections(({ server }) => server.port === 8443);
  await site.passes(1_000);
  await site.gatewayIsOnline(10_000);
  expect(lines(site, "connectivity.offline")).toHaveLength(tries + 1);
  expect(overNow(site)).toBe("websocket");
  await tunnelWorks(site);
});

test("the port of its own is taken again when it is open, at a reconnection an hour later, and no session is cut for it", async () => {
  await using site = await startSite({ panels: plc, registered: false });
  const opens = blocksMqtt(site, "reject");
  await site.gatewayRegisters();
  await site.addsEndpoints();
  opens();
  await site.passes(tlsRetryMs);
  expect(lines(site, "connectivity.offline")).toEqual([]);
  site.network.resetConnections(({ server }) => server.port === 8443);
  await site.passes(5_000);
  await site.gatewayIsOnline(60_000);
  expect(overNow(site)).toBe("TLS");
  await tunnelWorks(site);
}, 60_000);

test("a dead websocket is noticed within 20 s, like a dead connection on the port of its own", async () => {
  await using site = await startSite({ panels: plc, gateway: { cloud: { mqttOver: "websocket" } } });
  expect(overNow(site)).toBe("websocket");
  await site.between("gateway", "cloud").during(blackHole(), async () => {
    await site.until(() => site.gateway.status().connectivity !== "online", { what: "the silence", limitMs: 20_000 });
  });
  expect(lines(site, "connectivity.offline")).toMatchObject([{ reason: "mqtt.keep-alive" }]);
  await site.gatewayIsOnline(60_000);
  await tunnelWorks(site);
});

test("what is configured counts: TLS alone waits for the firewall to open, and then is online", async () => {
  await using site = await startSite({ panels: plc, gateway: { cloud: { mqttOver: "tls" } } });
  const opens = blocksMqtt(site, "reject");
  site.network.resetConnections(({ server }) => server.port === 8883);
  await site.passes(300_000);
  expect(site.gateway.status().connectivity).not.toBe("online");
  opens();
  await site.gatewayIsOnline(60_000);
  expect(overNow(site)).toBe("TLS");
  await tunnelWorks(site);
});

test("a gateway that was restarted while the cloud was away is back within a minute, though 8883 is blocked", async () => {
  await using site = await startSite({ panels: plc, registered: false });
  blocksMqtt(site, "drop");
  await site.gatewayRegisters();
  await site.addsEndpoints();
  await site.between("gateway", "cloud").during(blackHole(), async () => {
    // What it has learnt of the ways is gone with the program.
    site.powerCut();
    site.powerOn();
    await site.passes(3_600_000);
  });
  await site.gatewayIsOnline(60_000);
  expect(overNow(site)).toBe("websocket");
  await tunnelWorks(site);
});
