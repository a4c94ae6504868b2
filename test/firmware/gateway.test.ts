// The whole gateway on a simulated board: registration, coming online, operations, stopping, power cuts.
import { describe, expect, test } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { deviceUser, panelAddress, SmallSite } from "./small-site.ts";

describe("registration", () => {
  test("asks every 5 s with an empty message until it gets credentials, stores them and comes online", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    let questions = 0;
    site.cloud.answer = ({ topic }) => {
      if (topic !== "s/ucr") return [];
      questions += 1;
      return questions < 3 ? [] : [{ topic: "s/dcr", text: "70,t1000,device_gw-1,device-secret" }];
    };
    site.boot();
    expect(site.gateway.status().registration).toBe("unregistered");
    await site.isOnline();
    expect(site.cloud.seen.slice(0, 7)).toEqual([
      "connect gw-1 management/devicebootstrap",
      "subscribe gw-1 s/dcr",
      "s/ucr ",
      "s/ucr ",
      "s/ucr ",
      "disconnect gw-1",
      "connect gw-1 t1000/device_gw-1",
    ]);
    expect(site.clock.monotonicMs()).toBeGreaterThan(10_000);
    expect(site.clock.monotonicMs()).toBeLessThan(12_000);
    expect(site.gateway.status().registration).toBe("registered");
    const stored = Buffer.from(site.board.disk.files.get("credentials.json") ?? []).toString();
    expect(JSON.parse(stored)).toEqual({ tenant: "t1000", user: "device_gw-1", password: "device-secret" });
    expect(site.events("registration.waiting")).toHaveLength(1);
    expect(site.events("registration.completed")).toMatchObject([{ tenant: "t1000", user: "device_gw-1" }]);
    expect(site.logLines.join("\n")).not.toMatch(/secret/);
  });

  test("says that the bootstrap password is refused, backs off and never gives up", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    site.cloud.passwords.set("management/devicebootstrap", "another");
    site.boot();
    await site.until("ten refusals", () => site.events("registration.refused").length >= 10, 3_600_000);
    expect(site.clock.monotonicMs()).toBeGreaterThan(20_000);
    expect(site.events("registration.refused")[9]).toMatchObject({
      reason: "mqtt.login-refused",
      advice: "the cloud refuses the bootstrap user or password: see [registration] in the configuration",
    });
    site.cloud.passwords.set("management/devicebootstrap", "boot-secret");
    site.cloud.answer = ({ topic }) =>
      topic === "s/ucr" ? [{ topic: "s/dcr", text: "70,t1000,device_gw-1,device-secret" }] : [];
    await site.isOnline();
  });

  test.each([
    "{",
    '{"tenant":"t1000","user":"device_gw-1"}',
    '{"tenant":"t1000","user":"","password":"device-secret"}',
    "[]",
  ])("registers again when the stored credentials are damaged (%s)", async (contents) => {
    await using site = await SmallSite.start({ isRegistered: false });
    site.board.disk.files.set("credentials.json", Buffer.from(contents));
    site.cloud.answer = ({ topic }) =>
      topic === "s/ucr" ? [{ topic: "s/dcr", text: "70,t1000,device_gw-1,device-secret" }] : [];
    site.boot();
    await site.isOnline();
    expect(site.events("registration.credentials-damaged")).toHaveLength(1);
    expect(site.logLines.join("\n")).not.toMatch(/secret/);
  });

  test("takes credentials that stand before a line that cannot be read", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    site.cloud.answer = ({ topic }) =>
      topic === "s/ucr" ? [{ topic: "s/dcr", text: '70,t1000,device_gw-1,device-secret\n41,"open' }] : [];
    site.boot();
    await site.isOnline();
    expect(site.events("smartrest.refused")).toEqual([]);
  });

  test("keeps issued credentials in memory while the disk is full", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    site.cloud.answer = ({ topic }) =>
      topic === "s/ucr" ? [{ topic: "s/dcr", text: "70,t1000,device_gw-1,device-secret" }] : [];
    site.board.disk.failure = "ENOSPC";
    site.boot();
    await site.until("the failure in the log", () => site.events("registration.storage-failed").length === 2);
    expect(site.events("registration.storage-failed")[0]).toMatchObject({ what: "cannot be written", why: "ENOSPC" });
    site.board.disk.failure = undefined;
    site.cloud.answer = () => [];
    await site.isOnline();
  });

  test("a power cut while storing leaves no credentials or whole ones", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    site.cloud.answer = ({ topic }) =>
      topic === "s/ucr" ? [{ topic: "s/dcr", text: "70,t1000,device_gw-1,device-secret" }] : [];
    const writing = Promise.withResolvers<void>();
    site.board.disk.changing = () => writing.resolve();
    site.boot();
    await site.clock.until(writing.promise, { what: "the write to begin" });
    site.gateway.kill();
    site.board.powerOff();
    const stored = site.board.disk.files.get("credentials.json");
    if (stored !== undefined) expect(JSON.parse(Buffer.from(stored).toString())).toMatchObject({ tenant: "t1000" });
    site.board.disk.changing = undefined;
    site.boot();
    await site.isOnline();
  });
});

describe("the first session", () => {
  test("announces the device, subscribes one by one, introduces itself and asks for pending operations", async () => {
    await using site = await SmallSite.start();
    expect(site.cloud.seen).toEqual([
      "connect gw-1 t1000/device_gw-1",
      "s/us 100,Line 3 gateway,postern-gateway",
      "subscribe gw-1 s/e",
      "subscribe gw-1 s/ds",
      "subscribe gw-1 devicecontrol/notifications",
      "subscribe gw-1 error",
      "s/us 114,c8y_RemoteAccessConnect,c8y_Restart,c8y_LogfileRequest",
      "s/us 118,postern-gateway",
      "s/us 150,VNC,SSH,TELNET,PASSTHROUGH",
      "s/us 117,10",
      "s/us 110,10000000c0ffee01,Simulated board,1.0",
      "s/us 122,postern-gateway,0.1.0,,Postern",
      "s/us 507,c8y_RemoteAccessConnect,gateway.lost: The gateway vanished in mid-session. (the gateway was restarted)",
      "s/us 500",
    ]);
  });

  test("fails what a crash left only once: a later connection asks for pending operations alone", async () => {
    await using site = await SmallSite.start();
    site.cloud.mqttConnections[0]?.reset();
    await site.until("the loss to be noticed", () => site.gateway.status().connectivity !== "online");
    await site.isOnline();
    expect(site.cloud.seen.filter((each) => each.startsWith("s/us 507"))).toHaveLength(1);
    expect(site.cloud.seen.filter((each) => each === "s/us 500")).toHaveLength(2);
    expect(site.events("connectivity.offline")).toMatchObject([{ reason: "reset" }]);
    const second = site.cloud.seen.slice(site.cloud.seen.indexOf("s/us 500") + 1);
    expect(second.slice(second.indexOf("subscribe gw-1 error") + 1).slice(0, 2)).toEqual([
      "s/us 114,c8y_RemoteAccessConnect,c8y_Restart,c8y_LogfileRequest",
      "s/us 500",
    ]);
  });

  test("announces itself again while the cloud refuses the topics of a device that it does not know yet", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    const credentials = { tenant: "t1000", user: "device_gw-1", password: "device-secret" };
    site.board.disk.files.set("credentials.json", Buffer.from(JSON.stringify(credentials)));
    site.cloud.refusedTopics.add("s/ds").add("devicecontrol/notifications");
    site.boot();
    await site.until(
      "a second announcement",
      () => site.cloud.seen.filter((each) => each.includes("100,")).length === 2,
    );
    expect(site.cloud.seen).not.toContain("s/us 500");
    expect(site.clock.monotonicMs()).toBeGreaterThan(10_000);
    site.cloud.refusedTopics.clear();
    await site.isOnline();
    expect(site.events("connectivity.subscription-refused")[0]).toMatchObject({
      topics: "s/ds devicecontrol/notifications",
    });
  });

  test("does without a refused topic, and asks again for it later", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    const credentials = { tenant: "t1000", user: "device_gw-1", password: "device-secret" };
    site.board.disk.files.set("credentials.json", Buffer.from(JSON.stringify(credentials)));
    site.cloud.refusedTopics.add("devicecontrol/notifications");
    site.boot();
    await site.isOnline();
    site.cloud.refusedTopics.clear();
    await site.until(
      "the second try",
      () => site.cloud.seen.filter((each) => each === "s/us 500").length === 2,
      70_000,
    );
    expect(site.cloud.seen.filter((each) => each.endsWith("devicecontrol/notifications"))).toHaveLength(2);
  });
});

describe("staying online", () => {
  test("comes online by the second address of a name whose first one is dark", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    const credentials = { tenant: "t1000", user: "device_gw-1", password: "device-secret" };
    site.board.disk.files.set("credentials.json", Buffer.from(JSON.stringify(credentials)));
    site.network.addHost("dark", {
      interfaces: [{ name: "eth0", addresses: [{ address: "198.51.100.66", family: 4, prefixLength: 24 }] }],
    });
    site.network.link("gateway", "dark").apply(blackHole());
    site.network.addName("two.example", ["198.51.100.66", "198.51.100.20"]);
    site.cloud.names.push("two.example");
    site.boot({ ...site.config, cloud: { ...site.config.cloud, mqttHost: "two.example" } });
    await site.isOnline();
    expect(site.events("connectivity.offline")).toEqual([]);
  });

  test("notices a dead link within 20 s of the cloud's last sign of life, and comes back", async () => {
    await using site = await SmallSite.start();
    const lift = site.network.link("gateway", "cloud").apply(blackHole());
    const cutAtMs = site.clock.monotonicMs();
    await site.until("the loss to be noticed", () => site.gateway.status().connectivity !== "online");
    expect(site.clock.monotonicMs() - cutAtMs).toBeLessThanOrEqual(20_000);
    expect(site.events("connectivity.offline")).toMatchObject([{ reason: "mqtt.keep-alive" }]);
    lift();
    await site.isOnline();
  });

  test("notices it also while it publishes into the dead link", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    site.network.link("gateway", "cloud").apply(blackHole(), "cloud");
    const cutAtMs = site.clock.monotonicMs();
    for (let each = 0; each < 10; each++) {
      site.requests(`${each}`, { host: "192.168.99.1" });
      await site.clock.advance(2_000);
    }
    await site.until("the loss to be noticed", () => site.events("connectivity.offline").length > 0);
    expect(site.clock.monotonicMs() - cutAtMs).toBeLessThanOrEqual(21_000);
  });

  test("yields to another client with its id more and more slowly", async () => {
    await using site = await SmallSite.start();
    for (let each = 0; each < 6; each++) {
      site.cloud.mqttConnections.at(-1)?.stream.end();
      await site.until("the loss", () => site.events("connectivity.offline").length === each + 1);
      await site.isOnline();
    }
    const offline = site.events("connectivity.offline");
    const closed = Array<string>(4).fill("mqtt.closed");
    expect(offline.map(({ reason }) => reason)).toEqual([...closed, "mqtt.taken-over", "mqtt.taken-over"]);
    const [first, second] = offline.slice(-2).map(({ retryInMs }) => Number(retryInMs));
    expect(first).toBeGreaterThanOrEqual(60_000);
    expect(second).toBeGreaterThanOrEqual(120_000);
  });

  test("stays online over an idle hour", async () => {
    await using site = await SmallSite.start();
    await site.clock.advance(3_600_000);
    expect(site.events("connectivity.offline")).toEqual([]);
    expect(site.cloud.seen.filter((each) => each === "s/us 125").length).toBeGreaterThanOrEqual(14);
  });

  test("keeps credentials that the cloud refuses, backs off up to a minute and says so", async () => {
    await using site = await SmallSite.start();
    site.cloud.passwords.delete(deviceUser);
    site.cloud.mqttConnections[0]?.reset();
    await site.until("twelve failures", () => site.events("connectivity.offline").length >= 12, 3_600_000);
    const offline = site.events("connectivity.offline");
    expect(offline[2]).toMatchObject({ reason: "mqtt.login-refused" });
    expect(offline[2]?.["advice"]).toBeUndefined();
    expect(offline[3]?.["advice"]).toMatch(/refuses this gateway's credentials/);
    for (const { retryInMs } of offline) expect(retryInMs).toBeLessThanOrEqual(60_000);
    expect(Math.max(...offline.map(({ retryInMs }) => Number(retryInMs)))).toBeGreaterThan(20_000);
    expect(site.board.disk.files.has("credentials.json")).toBe(true);
    site.cloud.passwords.set(deviceUser, "device-secret");
    await site.isOnline();
  });

  test.each([
    { code: 3, reason: "mqtt.unavailable" },
    { code: 5, reason: "mqtt.not-authorised" },
    { code: 2, reason: "mqtt.refused" },
  ])("takes CONNACK $code for $reason and tries again", async ({ code, reason }) => {
    await using site = await SmallSite.start();
    site.cloud.refuseAllWith = code;
    site.cloud.mqttConnections[0]?.reset();
    await site.until("the refusal", () =>
      site.events("connectivity.offline").some((each) => each["reason"] === reason),
    );
    site.cloud.refuseAllWith = undefined;
    await site.isOnline();
  });

  test("takes a second CONNACK that accepts for what it is: no MQTT; and leaves no timer behind", async () => {
    await using site = await SmallSite.start();
    site.cloud.mqttConnections[0]?.stream.write(Uint8Array.of(0x20, 0x02, 0x00, 0x00));
    await site.until("the end", () => site.events("connectivity.offline").length === 1);
    expect(site.events("connectivity.offline")).toMatchObject([{ reason: "mqtt.malformed" }]);
    await site.isOnline();
    site.gateway.kill();
    await site.clock.advance(5_000);
    expect(site.leftovers()).toEqual([]);
  });

  test("takes a second, non-zero CONNACK in mid-session for the end of the connection (protocol.md 1.3)", async () => {
    await using site = await SmallSite.start();
    // MQTT 3.1.1 section 3.2: CONNACK, 2 bytes, no session, return code 5.
    site.cloud.mqttConnections[0]?.stream.write(Uint8Array.of(0x20, 0x02, 0x00, 0x05));
    await site.until("the end", () => site.events("connectivity.offline").length === 1);
    expect(site.events("connectivity.offline")).toMatchObject([
      { reason: "mqtt.not-authorised", detail: "the cloud ended the session with CONNACK 5" },
    ]);
    await site.isOnline();
  });

  test.each([
    { what: "an unknown authority", change: { authorities: [] }, reason: "tls.unknown-authority" },
    { what: "a name that does not resolve", change: { mqttHost: "nowhere.example" }, reason: "name-unknown" },
    { what: "a port where nothing listens", change: { mqttPort: 1 }, reason: "refused" },
  ])("says $reason for $what", async ({ change, reason }) => {
    await using site = await SmallSite.start();
    site.gateway.kill();
    site.boot({ ...site.config, cloud: { ...site.config.cloud, ...change } });
    await site.until("the reason", () => site.events("connectivity.offline").some((each) => each["reason"] === reason));
  });
});

describe("stopping", () => {
  test("closes tunnels with gateway.stopping, says so in an event, disconnects, and leaves nothing behind", async () => {
    await using site = await SmallSite.start();
    await site.panelListens(5900, ({ stream }) => stream.resume().on("end", () => stream.end()));
    site.requests("1");
    await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
    const closes: string[] = [];
    site.cloud.webSockets[0]?.on("close", (code, text) => closes.push(`${code} ${text}`));
    const startedAtMs = site.clock.monotonicMs();
    await site.clock.until(site.gateway.stop(), { what: "the gateway to stop" });
    expect(site.clock.monotonicMs() - startedAtMs).toBeLessThan(1_000);
    expect(closes).toEqual(["4023 gateway.stopping"]);
    expect(site.cloud.reports.at(-1)).toMatch(
      /^400,c8y_RemoteAccessClosed,"gateway\.stopping \(0 bytes up, 0 bytes down, /,
    );
    expect(site.cloud.seen.at(-1)).toBe("disconnect gw-1");
    expect(site.panelConnections[0]?.stream.readableEnded || site.panelConnections[0]?.stream.destroyed).toBe(true);
    await site.clock.advance(1_000);
    expect(site.leftovers()).toEqual([]);
    expect(await site.gateway.ended).toBe("stopped");
  });

  test("stops within 5 s although neither panel nor cloud answers any more", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    site.requests("1");
    await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
    site.network.link("gateway", "cloud").apply(blackHole());
    site.network.link("gateway", "panel").apply(blackHole());
    const startedAtMs = site.clock.monotonicMs();
    await site.clock.until(site.gateway.stop(), { what: "the gateway to stop" });
    expect(site.clock.monotonicMs() - startedAtMs).toBeLessThan(5_000);
    expect(site.events("tunnel.closed")).toMatchObject([{ operation: "1", reason: "gateway.stopping" }]);
    expect(site.board.clock.pendingCount).toBe(0);
  });

  test("refuses a tunnel that is asked for while it stops", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    site.requests("1");
    await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
    // A panel that does not close keeps the gateway draining for a moment.
    site.network.link("gateway", "panel").apply(blackHole());
    const stopped = site.gateway.stop();
    site.requests("2");
    await site.clock.until(stopped, { what: "the gateway to stop" });
    expect(site.cloud.reports).toContain("504,2");
    expect(site.cloud.reports).toContain("505,2,gateway.stopping: The gateway is shutting down.");
    expect(site.events("tunnel.closed").map(({ operation, reason }) => `${operation} ${reason}`)).toEqual([
      "2 gateway.stopping",
      "1 gateway.stopping",
    ]);
  });

  test.each(["unregistered", "offline"])("stops at once while %s", async (state) => {
    await using site = await SmallSite.start({ isRegistered: state !== "unregistered" });
    if (state === "unregistered") {
      site.boot();
    } else {
      site.cloud.refuseAllWith = 3;
      site.cloud.mqttConnections[0]?.reset();
      await site.until("the refusal", () => site.events("connectivity.offline").length === 2);
    }
    await site.clock.until(site.gateway.stop(), { what: "the gateway to stop", limitMs: 2_000 });
    await site.clock.advance(1_000);
    expect(site.leftovers()).toEqual([]);
  });

  test("a power cut leaves no timer and no connection at the gateway and says nothing", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    site.requests("1");
    await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
    site.requests("2", { host: "192.168.10.99" });
    await site.until("a tunnel being opened", () => site.gateway.status().tunnels.length === 2);
    const lines = site.logLines.length;
    site.gateway.kill();
    expect(site.board.clock.pendingCount).toBe(0);
    await site.clock.advance(100);
    expect(site.leftovers()).toEqual([]);
    expect(site.logLines).toHaveLength(lines);
    expect(await site.gateway.ended).toBe("killed");
  });
});

describe("operations", () => {
  test("runs one that comes as a 530 line and as JSON once, by its id", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    site.requests("7");
    await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,7"));
    site.requests("7");
    await site.clock.advance(10_000);
    expect(site.cloud.reports).toEqual([
      "504,7",
      "506,7",
      "400,c8y_RemoteAccessOpened,192.168.10.11:5900 (operation 7)",
    ]);
    expect(site.panelConnections).toHaveLength(1);
  });

  test("runs each of several that come as JSON in one message, as the platform sends those that waited", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    const operation = (id: string) => ({
      id,
      deviceId: "100",
      status: "PENDING",
      c8y_RemoteAccessConnect: { hostname: panelAddress, port: 5900, connectionKey: `key-${id}` },
    });
    const lines = ["7", "8"].map((id) => JSON.stringify(operation(id)));
    site.cloud.publishTo("gw-1", "devicecontrol/notifications", `${lines.join("\n")}\n`);
    await site.until("both", () => ["506,7", "506,8"].every((each) => site.cloud.reports.includes(each)));
    expect(site.events("smartrest.refused")).toEqual([]);
  });

  test("runs a 530 line whose twin does not come by name after 2 s", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    const sentAtMs = site.clock.monotonicMs();
    site.cloud.publishTo("gw-1", "s/ds", `530,gw-1,${panelAddress},5900,some-key`);
    await site.until("SUCCESSFUL", () => site.cloud.reports.length === 2);
    expect(site.cloud.reports).toEqual(["501,c8y_RemoteAccessConnect", "503,c8y_RemoteAccessConnect"]);
    expect(site.clock.monotonicMs() - sentAtMs).toBeGreaterThanOrEqual(2_000);
    expect(site.events("tunnel.opened")).toMatchObject([{ operation: "smartrest-1" }]);
  });

  test("ignores an operation for another device and says so", async () => {
    await using site = await SmallSite.start();
    site.cloud.publishTo("gw-1", "s/ds", `530,gw-2,${panelAddress},5900,some-key`);
    await site.until("the log event", () => site.events("operation.ignored").length === 1);
    expect(site.events("operation.ignored")).toMatchObject([{ why: "for another device" }]);
    expect(site.cloud.reports).toEqual([]);
  });

  test("refuses one more tunnel than it may open", async () => {
    await using site = await SmallSite.start({ tunnels: { max: 2 } });
    await site.panelListens();
    for (const id of ["1", "2", "3"]) site.requests(id);
    await site.until("the refusal", () => site.cloud.reports.some((each) => each.startsWith("505,3")));
    expect(site.cloud.reports.find((each) => each.startsWith("505"))).toBe(
      "505,3,gateway.busy: The gateway already has as many tunnels as it may open. (at most 2 tunnels)",
    );
    site.cloud.webSockets[0]?.close(1000, "client.closed");
    await site.until("a free place", () => site.gateway.status().tunnels.length === 1);
    site.requests("4");
    await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,4"));
  });

  test("logs a line that cannot be read without quoting it", async () => {
    await using site = await SmallSite.start();
    site.cloud.publishTo("gw-1", "s/ds", '530,gw-1,"secret-unclosed');
    site.cloud.publishTo("gw-1", "devicecontrol/notifications", '{"secret":');
    await site.until("both in the log", () => site.events("smartrest.refused").length === 2);
    expect(site.logLines.join("\n")).not.toMatch(/secret/);
  });

  test("sends a status later when the connection broke in between", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    const lift = site.network.link("gateway", "panel").apply(blackHole());
    site.requests("1");
    await site.until("EXECUTING", () => site.cloud.reports.includes("504,1"));
    site.cloud.mqttConnections[0]?.reset();
    lift();
    await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
    expect(site.cloud.reports.filter((each) => each.startsWith("50"))).toEqual(["504,1", "506,1"]);
  });
});
