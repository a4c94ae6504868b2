// One MQTT session over each transport: TLS and a websocket, directly and through a proxy, against a broker nobody here wrote.
import { afterEach, describe, expect, test } from "vitest";
import type { CloudPort } from "#firmware/connectivity/dial-cloud.ts";
import { connectionLostEventType, lastWill } from "#firmware/connectivity/last-will.ts";
import { type MqttEvents, type MqttLogin, openMqtt } from "#firmware/connectivity/mqtt-connection.ts";
import { silenceMaxMs } from "#firmware/connectivity/mqtt-silence.ts";
import { createMqttWays } from "#firmware/connectivity/mqtt-ways.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { isLinkFault } from "#simulator/faults/fault.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { startHttpProxy } from "#simulator/network/http-proxy.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { TwoHosts } from "../simulator/two-hosts.ts";
import { ScriptedCloud } from "./scripted-cloud.ts";

const login: MqttLogin = { clientId: "gw-1", user: "t1000/device_gw-1", password: "secret", will: lastWill };
const proxy = { host: "203.0.113.40", port: 3128, isTls: false };

let world: TwoHosts;
let cloud: ScriptedCloud;
afterEach(async () => {
  await world.clock.until(cloud.close(), { what: "the cloud to close" });
  world[Symbol.dispose]();
});

async function start(): Promise<void> {
  world = new TwoHosts();
  const { network } = world;
  cloud = await ScriptedCloud.start(network.host("cloud"), { mqttPort: 8883, httpsPort: 8443 });
  cloud.passwords.set("t1000/device_gw-1", "secret");
  const addresses = [{ address: "203.0.113.40", family: 4 as const, prefixLength: 24 }];
  network.addHost("proxy", { interfaces: [{ name: "eth0", hasDefaultRoute: true, addresses }] });
  await startHttpProxy({ network: network.host("proxy") });
}

type Transport = "TLS" | "TLS through a proxy" | "a websocket" | "a websocket through a proxy";
const transports: readonly Transport[] = ["TLS", "TLS through a proxy", "a websocket", "a websocket through a proxy"];

function open(transport: Transport, wanted: MqttLogin = login) {
  const authorities = [authorityPem("Test CA")];
  const through = transport.endsWith("proxy") ? { proxy } : {};
  const portOf = (port: number): CloudPort => ({ host: "cloud.example", port, authorities, ...through });
  const over = transport.startsWith("TLS") ? "tls" : "websocket";
  const { clock } = world;
  const ways = createMqttWays({ clock, over, tls: portOf(8883), websocket: portOf(8443) });
  const hardware = { clock, network: world.network.host("gateway"), random: new SeededRandom(3) };
  const seen: string[] = [];
  const events: MqttEvents = {
    connected: (way) => seen.push(`connected ${way}`),
    message: (topic, payload) => seen.push(`${topic} ${Buffer.from(payload).toString()}`),
    closed: (reason, detail) => seen.push(detail === undefined ? reason : `${reason}: ${detail}`),
  };
  return { connection: openMqtt(hardware, ways, wanted, events), seen };
}

const settles = <T>(promise: Promise<T>, what: string) => world.clock.until(promise, { what });

async function isConnected({ seen }: { readonly seen: readonly string[] }): Promise<void> {
  await world.clock.until(() => seen.length > 0, { what: "the connection" });
}

describe.each(transports)("MQTT over %s", (transport) => {
  const way = transport.startsWith("TLS") ? "tls" : "websocket";

  test("logs in, subscribes, publishes and is told", async () => {
    await start();
    const { connection, seen } = open(transport);
    await isConnected({ seen });
    expect(await settles(connection.subscribe("s/ds", 1), "the SUBACK")).toBe("granted");
    expect(await settles(connection.publish("s/us", "114,c8y_Restart", 1), "the PUBACK")).toBe(true);
    cloud.publishTo("gw-1", "s/ds", "510,gw-1");
    await world.clock.advance(500);
    expect(seen).toEqual([`connected ${way}`, "s/ds 510,gw-1"]);
    expect(cloud.seen).toContain("s/us 114,c8y_Restart");
    connection.end();
    await world.clock.advance(2_000);
    expect(seen.at(-1)).toBe("mqtt.closed");
    expect(world.network.openConnections()).toEqual([]);
  });

  test("is told which code refuses it", async () => {
    await start();
    const { seen } = open(transport, { ...login, password: "wrong" });
    await isConnected({ seen });
    expect(seen).toEqual(["mqtt.login-refused: Connection refused: Bad username or password"]);
  });

  test("notices within 20 s that the link is dead", async () => {
    await start();
    const { seen } = open(transport);
    await isConnected({ seen });
    await world.clock.advance(60_000);
    const other = transport.endsWith("proxy") ? "proxy" : "cloud";
    const fault = blackHole();
    if (!isLinkFault(fault)) throw new Error("must hold: a black hole is a fault of a link");
    const link = world.network.link("gateway", other);
    link.apply(fault);
    const startMs = world.clock.monotonicMs();
    await world.clock.until(() => seen.length > 1, { what: "the end" });
    expect(seen).toEqual([`connected ${way}`, "mqtt.keep-alive"]);
    expect(world.clock.monotonicMs() - startMs).toBeLessThanOrEqual(silenceMaxMs);
  });

  test("leaves its last will to a cloud that it is cut off from, and none when it says good-bye", async () => {
    await start();
    const orderly = open(transport);
    await isConnected(orderly);
    orderly.connection.end();
    await world.clock.advance(2_000);
    const isWill = (each: string) => each.includes(connectionLostEventType);
    expect(cloud.seen.filter(isWill)).toEqual([]);
    const cut = open(transport);
    await isConnected(cut);
    cut.connection.abandon();
    await world.clock.advance(2_000);
    expect(cloud.seen.filter(isWill)).toEqual([`${lastWill.topic} ${lastWill.payload}`]);
  });

  test("leaves nothing behind when it is abandoned at any moment", async () => {
    await start();
    for (let ms = 0; ms < 400; ms += 20) {
      const { connection, seen } = open(transport);
      await world.clock.advance(ms);
      connection.abandon();
      await world.clock.advance(3_000);
      expect(world.network.openConnections(), `${ms}`).toEqual([]);
      expect(
        seen.filter((each) => !each.startsWith("connected")),
        `${ms}`,
      ).toEqual([]);
    }
  });
});

test("a port that takes no websocket for MQTT says which status it answered", async () => {
  await start();
  cloud.refuseUpgradeWith = 403;
  const { seen } = open("a websocket");
  await isConnected({ seen });
  expect(seen).toEqual(["mqtt.no-websocket: HTTP 403 instead of a websocket for MQTT"]);
  await world.clock.advance(1_000);
  // The scripted cloud leaves its own end open.
  expect(world.network.openConnections().filter((name) => !name.includes("only cloud"))).toEqual([]);
});

test("a port that leaves the upgrade unanswered is given up at the limit of dialling", async () => {
  await start();
  cloud.refuseUpgradeWith = "silence";
  const { seen } = open("a websocket");
  const startMs = world.clock.monotonicMs();
  await isConnected({ seen });
  expect(seen[0]).toMatch(/^timeout: /);
  expect(world.clock.monotonicMs() - startMs).toBeLessThanOrEqual(15_000);
});

describe("a second CONNACK in mid-session", () => {
  const connack = (code: number) => Uint8Array.of(0x20, 0x02, 0x00, code);

  test.each([
    [5, "mqtt.not-authorised: the cloud ended the session with CONNACK 5"],
    [4, "mqtt.login-refused: the cloud ended the session with CONNACK 4"],
    [3, "mqtt.unavailable: the cloud ended the session with CONNACK 3"],
    [2, "mqtt.refused: the cloud ended the session with CONNACK 2"],
  ])("with code %i ends the session and says so", async (code, said) => {
    await start();
    const { seen } = open("TLS");
    await isConnected({ seen });
    cloud.mqttConnections.at(-1)?.stream.write(connack(code));
    await world.clock.until(() => seen.length > 1, { what: "the end" });
    expect(seen).toEqual(["connected tls", said]);
    await world.clock.advance(1_000);
    expect(world.network.openConnections()).toEqual([]);
  });

  test("with code 0 is no MQTT", async () => {
    await start();
    const { seen } = open("TLS");
    await isConnected({ seen });
    cloud.mqttConnections.at(-1)?.stream.write(connack(0));
    await world.clock.until(() => seen.length > 1, { what: "the end" });
    expect(seen[1]).toMatch(/^mqtt\.malformed/);
  });
});

describe("a certificate of the gateway's that is past its end", () => {
  const expired = { ...login, certificateNotAfterMs: Date.UTC(2026, 0, 1) };

  test("is to blame when the cloud does not let it in", async () => {
    await start();
    cloud.refuseAllWith = 5;
    const { seen } = open("TLS", expired);
    await isConnected({ seen });
    expect(seen[0]).toMatch(/^certificate\.expired/);
  });

  test("is not to blame for what has nothing to do with it", async () => {
    await start();
    world.network.firewall.add({ from: "gateway", action: "reject" });
    const refused = open("TLS", expired);
    await isConnected(refused);
    expect(refused.seen[0]).toMatch(/^refused/);
  });

  test("is no other reason while it is good", async () => {
    await start();
    cloud.refuseAllWith = 5;
    const { seen } = open("TLS", { ...login, certificateNotAfterMs: Date.UTC(2027, 0, 1) });
    await isConnected({ seen });
    expect(seen[0]).toMatch(/^mqtt\.not-authorised/);
  });
});
