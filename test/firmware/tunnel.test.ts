// Tunnels on the simulated network: how they open, what they carry, and the one reason with which each ends.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { heldBytesMax } from "#firmware/tunnel/forwarder.ts";
import type { Connection } from "#hardware/ports.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import type { Delivery } from "#simulator/faults/fault.ts";
import { slice } from "#simulator/faults/slice.ts";
import { stall } from "#simulator/faults/stall.ts";
import { SmallSite } from "./small-site.ts";

interface OpenTunnel {
  readonly webSocket: WebSocket;
  readonly panel: Connection;
  /** What came to the cloud's end. */
  readonly received: Buffer[];
  /** The close frame at the cloud's end, as "code text". */
  readonly closes: string[];
}

/** A tunnel to a panel that does what `behaves` says; both ends read at once unless told otherwise. */
async function openTunnel(
  site: SmallSite,
  behaves: (connection: Connection) => void = ({ stream }) => stream.resume(),
): Promise<OpenTunnel> {
  await site.panelListens(5900, behaves);
  site.requests("1");
  await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
  const webSocket = site.cloud.webSockets[0];
  const panel = site.panelConnections[0];
  if (webSocket === undefined || panel === undefined) throw new Error("the tunnel is not open");
  const received: Buffer[] = [];
  const closes: string[] = [];
  webSocket.on("message", (data: Buffer) => received.push(data));
  webSocket.on("close", (code, text) => closes.push(`${code} ${text}`));
  return { webSocket, panel, received, closes };
}

async function closedWith(site: SmallSite, limitMs = 60_000): Promise<string> {
  const [closed] = await site.until(
    "the tunnel to close",
    () => {
      const events = site.events("tunnel.closed");
      return events.length > 0 && events;
    },
    limitMs,
  );
  expect(site.events("tunnel.closed")).toHaveLength(1);
  return String(closed?.["reason"]);
}

/** Types a key every second, so that something is always under way. */
async function typing(site: SmallSite, webSocket: WebSocket, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    if (webSocket.readyState === webSocket.OPEN) webSocket.send(Buffer.from("k"));
    await site.clock.advance(1_000);
  }
}

describe("a tunnel that cannot be opened", () => {
  test.each([
    { what: "nothing listens on the port", port: 5901, word: "panel.refused" },
    { what: "nobody has the address", host: "192.168.10.99", word: "panel.unreachable" },
    { what: "the name does not resolve", host: "press4.local", word: "panel.name-unknown" },
    { what: "the policy forbids it", host: "10.20.0.9", word: "policy.refused" },
    {
      what: "it is the gateway's loopback on a port that self does not name",
      host: "127.0.0.1",
      port: 80,
      word: "policy.refused",
    },
  ])("fails with $word when $what", async ({ host = "192.168.10.11", port = 5900, word }) => {
    await using site = await SmallSite.start();
    site.requests("1", { host, port });
    await site.until("FAILED", () => site.cloud.reports.length === 2);
    expect(site.cloud.reports[0]).toBe("504,1");
    expect(site.cloud.reports[1]).toMatch(new RegExp(`^505,1,"?${word}: .*\\(${host}:${port}`));
    expect(await closedWith(site)).toBe(word);
    expect(site.gateway.status().tunnels).toEqual([]);
    // No event: the operation itself tells it.
    expect(site.cloud.reports).toHaveLength(2);
    expect(site.logLines.join("\n")).not.toContain("key-1");
  });

  test("touches no socket for a target that the policy refuses", async () => {
    await using site = await SmallSite.start();
    site.requests("1", { host: "169.254.169.254", port: 80 });
    await site.until("FAILED", () => site.cloud.reports.length === 2);
    expect(site.cloud.upgrades).toEqual([]);
    expect(site.cloud.reports[1]).toContain("link-local");
  });

  test("fails with panel.timeout after the dial limit", async () => {
    await using site = await SmallSite.start();
    site.network.link("gateway", "panel").apply(blackHole());
    const askedAtMs = site.clock.monotonicMs();
    site.requests("1");
    expect(await closedWith(site)).toBe("panel.timeout");
    expect(site.clock.monotonicMs() - askedAtMs).toBeLessThan(12_000);
  });

  test.each([
    { status: 404, words: "HTTP 404: the connection key is unknown, used already or expired" },
    { status: 401, words: "HTTP 401: it does not accept this gateway's credentials" },
    { status: 502, words: "HTTP 502 instead of a websocket" },
  ])("fails with cloud.lost and the status when the cloud answers $status", async ({ status, words }) => {
    await using site = await SmallSite.start();
    await site.panelListens(5900, ({ stream }) => stream.resume().on("end", () => stream.end()));
    site.cloud.refuseUpgradeWith = status;
    site.requests("1");
    expect(await closedWith(site)).toBe("cloud.lost");
    const report = await site.until("FAILED", () => site.cloud.reports.find((each) => each.startsWith("505,1")));
    expect(report).toContain(
      `cloud.lost: The gateway lost the cloud. (192.168.10.11:5900: device websocket: ${words})`,
    );
    expect(site.logLines.join("\n")).not.toContain("key-1");
    await site.clock.advance(1_000);
    expect(site.network.openConnections().filter((name) => name.includes("panel"))).toEqual([]);
  });

  test("fails when the cloud's HTTPS port does not answer the upgrade", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    site.cloud.refuseUpgradeWith = "silence";
    const askedAtMs = site.clock.monotonicMs();
    site.requests("1");
    expect(await closedWith(site)).toBe("cloud.lost");
    expect(site.clock.monotonicMs() - askedAtMs).toBeLessThan(12_000);
    expect(site.events("tunnel.closed")).toMatchObject([{ detail: "device websocket: it did not answer in time" }]);
  });

  test("names no port to a cloud on HTTPS's own port (RFC 6455 section 4.1)", async () => {
    await using site = await SmallSite.start();
    await site.panelListens();
    await site.cloud.listensForHttps(443);
    site.gateway.kill();
    site.boot({ ...site.config, cloud: { ...site.config.cloud, httpsPort: 443 } });
    await site.isOnline();
    site.requests("1");
    await site.until("the upgrade", () => site.cloud.upgrades.length === 1);
    expect(site.cloud.upgrades[0]).toMatch(/ cloud\.example$/);
  });

  test("asks the cloud by device path, with the device's login, binary, and the host with its port", async () => {
    await using site = await SmallSite.start();
    await openTunnel(site);
    const login = Buffer.from("t1000/device_gw-1:device-secret").toString("base64");
    expect(site.cloud.upgrades).toEqual([`/service/remoteaccess/device/key-1 Basic ${login} cloud.example:8443`]);
  });
});

describe("the end of a tunnel", () => {
  test("delivers all that the panel sent before its end of stream, then closes with panel.closed", async () => {
    await using site = await SmallSite.start();
    const sent = Buffer.alloc(300_000, "panel ");
    const tunnel = await openTunnel(site, ({ stream }) => stream.resume().end(sent));
    expect(await closedWith(site)).toBe("panel.closed");
    expect(sha256(Buffer.concat(tunnel.received))).toBe(sha256(sent));
    await site.until("the event", () => site.cloud.reports.length === 4);
    expect(tunnel.closes).toEqual(["1000 panel.closed"]);
    expect(site.cloud.reports.slice(2)).toEqual([
      "400,c8y_RemoteAccessOpened,192.168.10.11:5900 (operation 1)",
      '400,c8y_RemoteAccessClosed,"panel.closed (0 bytes up, 300000 bytes down, 0 s, 192.168.10.11:5900)"',
    ]);
  });

  test("writes to the panel what still comes until the cloud's close frame", async () => {
    await using site = await SmallSite.start();
    let got = "";
    const tunnel = await openTunnel(site, ({ stream }) => stream.on("data", (chunk) => (got += chunk)));
    // Sent before the cloud can know of the panel's end.
    tunnel.panel.stream.end("bye");
    tunnel.webSocket.send(Buffer.from("last words"));
    expect(await closedWith(site)).toBe("panel.closed");
    expect(got).toBe("last words");
    expect(Buffer.concat(tunnel.received).toString()).toBe("bye");
  });

  test("writes all that the cloud sent to the panel before it ends the panel", async () => {
    await using site = await SmallSite.start();
    const got: Buffer[] = [];
    const tunnel = await openTunnel(site, ({ stream }) => {
      stream.on("data", (chunk) => got.push(chunk)).on("end", () => stream.end());
    });
    const sent = Buffer.alloc(300_000, "cloud ");
    tunnel.webSocket.send(sent);
    tunnel.webSocket.close(1000, "client.closed");
    expect(await closedWith(site)).toBe("client.closed");
    expect(sha256(Buffer.concat(got))).toBe(sha256(sent));
  });

  test("resets a panel that does not end within the drain limit", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    let error = "";
    tunnel.panel.stream.on("error", (each: NodeJS.ErrnoException) => (error = each.code ?? ""));
    const closedAtMs = site.clock.monotonicMs();
    tunnel.webSocket.close(1000, "client.closed");
    expect(await closedWith(site)).toBe("client.closed");
    expect(site.clock.monotonicMs() - closedAtMs).toBeGreaterThanOrEqual(5_000);
    expect(site.clock.monotonicMs() - closedAtMs).toBeLessThan(5_500);
    await site.clock.advance(100);
    expect(error).toBe("ECONNRESET");
  });

  test.each([
    {
      what: "the panel resets",
      word: "panel.reset",
      close: "4013 panel.reset",
      act: ({ panel }: OpenTunnel) => panel.reset(),
    },
    {
      what: "the cloud says a word of the list",
      word: "endpoint.removed",
      close: "4043 endpoint.removed",
      act: ({ webSocket }: OpenTunnel) => webSocket.close(4043, "endpoint.removed"),
    },
    {
      what: "the cloud closes in order without a word",
      word: "client.closed",
      close: "1000 ",
      act: ({ webSocket }: OpenTunnel) => webSocket.close(1000),
    },
    {
      what: "the cloud goes away",
      word: "cloud.lost",
      close: "1001 ",
      act: ({ webSocket }: OpenTunnel) => webSocket.close(1001),
    },
    {
      what: "the websocket ends without a close frame",
      word: "cloud.lost",
      close: "1006 ",
      act: ({ webSocket }: OpenTunnel) => webSocket.terminate(),
    },
    {
      what: "the cloud sends a text frame",
      word: "internal.error",
      close: "4099 internal.error",
      act: ({ webSocket }: OpenTunnel) => webSocket.send("text"),
    },
    {
      what: "the cloud sends a message above the limit",
      word: "cloud.lost",
      close: "1009 ",
      act: ({ webSocket }: OpenTunnel) => webSocket.send(Buffer.alloc(512 * 1024 + 1)),
    },
  ])("has the reason $word when $what", async ({ word, close, act }) => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site, ({ stream }) => stream.resume().on("end", () => stream.end()));
    act(tunnel);
    expect(await closedWith(site)).toBe(word);
    await site.clock.advance(1_000);
    expect(tunnel.closes).toEqual([close]);
    expect(site.cloud.reports[3]).toMatch(new RegExp(`^400,c8y_RemoteAccessClosed,"${word} \\(`));
    expect(site.cloud.reports).toHaveLength(4);
    expect(site.gateway.status().tunnels).toEqual([]);
    expect(site.network.openConnections().filter((name) => /panel|8443/.test(name))).toEqual([]);
  });

  test("ends at the drain limit when the cloud says its close frame and leaves the connection open", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site, ({ stream }) => stream.resume().on("end", () => stream.end()));
    // Neither our close frame nor our end of stream reaches the cloud, so its websocket does not close.
    site.network.link("gateway", "cloud").apply(stall(), "gateway");
    tunnel.webSocket.close(4043, "endpoint.removed");
    const closedAtMs = site.clock.monotonicMs();
    expect(await closedWith(site)).toBe("endpoint.removed");
    expect(site.clock.monotonicMs() - closedAtMs).toBeLessThan(7_500);
  });

  test("delivers the last bytes to a cloud that takes them late, as long as it is not stalled", async () => {
    await using site = await SmallSite.start();
    const sent = Buffer.alloc(100_000, "panel ");
    const tunnel = await openTunnel(site);
    tunnel.webSocket.pause();
    tunnel.panel.stream.end(sent);
    await site.clock.advance(33_000);
    expect(site.gateway.status().tunnels[0]?.state).toMatch(/^standing.finishing/);
    tunnel.webSocket.resume();
    expect(await closedWith(site)).toBe("panel.closed");
    await site.clock.advance(1_000);
    expect(sha256(Buffer.concat(tunnel.received))).toBe(sha256(sent));
    expect(tunnel.closes).toEqual(["1000 panel.closed"]);
  });

  test("delivers the last bytes over a link that is slower than the drain limit", async () => {
    await using site = await SmallSite.start();
    const sent = Buffer.alloc(60_000, "panel ");
    const tunnel = await openTunnel(site);
    site.network.link("gateway", "cloud").apply(slice(250, 250), "gateway");
    tunnel.panel.stream.end(sent);
    expect(await closedWith(site, 120_000)).toBe("panel.closed");
    await site.clock.advance(1_000);
    expect(sha256(Buffer.concat(tunnel.received))).toBe(sha256(sent));
  });

  test("waits no longer than the drain limit for the connection to end once both close frames are there", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    const plan = (delivery: Delivery) => [
      delivery.kind === "end" ? { ...delivery, atMs: Number.POSITIVE_INFINITY } : delivery,
    ];
    site.network.link("gateway", "cloud").apply({ name: "no end of stream", plan }, "cloud");
    tunnel.panel.stream.end(Buffer.alloc(10_000));
    const endedAtMs = site.clock.monotonicMs();
    expect(await closedWith(site)).toBe("panel.closed");
    expect(site.clock.monotonicMs() - endedAtMs).toBeGreaterThanOrEqual(5_000);
    expect(site.clock.monotonicMs() - endedAtMs).toBeLessThan(7_000);
  });

  test("ends with panel.closed too when the cloud never answers the close frame", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    tunnel.webSocket.pause();
    tunnel.panel.stream.end(Buffer.alloc(10_000));
    const endedAtMs = site.clock.monotonicMs();
    expect(await closedWith(site)).toBe("panel.closed");
    expect(site.clock.monotonicMs() - endedAtMs).toBeLessThan(38_000);
  });

  test("has the word of the cloud's close frame when the panel ends after that frame", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    // Our answer to the close frame does not arrive, so the connection lingers.
    site.network.link("gateway", "cloud").apply(stall(), "gateway");
    tunnel.webSocket.close(4043, "endpoint.removed");
    await site.clock.advance(1_000);
    tunnel.panel.stream.end();
    expect(await closedWith(site)).toBe("endpoint.removed");
  });

  test("is not reached by the loss of MQTT: the tunnel lives on", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site, ({ stream }) => stream.pipe(stream));
    site.cloud.mqttConnections[0]?.reset();
    await site.until("the loss", () => site.gateway.status().connectivity !== "online");
    tunnel.webSocket.send(Buffer.from("still here"));
    await site.until("the echo", () => Buffer.concat(tunnel.received).toString() === "still here");
    tunnel.webSocket.close(1000, "client.closed");
    await site.isOnline();
    await site.until("the event", () => site.cloud.reports.length === 4);
  });
});

describe("silence", () => {
  test("idle: a cloud that answers no ping is lost at 20 s", async () => {
    await using site = await SmallSite.start();
    await openTunnel(site);
    site.network.link("gateway", "cloud").apply(blackHole());
    const cutAtMs = site.clock.monotonicMs();
    expect(await closedWith(site)).toBe("cloud.lost");
    expect(site.clock.monotonicMs() - cutAtMs).toBeGreaterThanOrEqual(14_000);
    // The panel, which lives, gets up to the drain limit on top.
    expect(site.clock.monotonicMs() - cutAtMs).toBeLessThanOrEqual(27_000);
  });

  test("idle: a tunnel over which nothing goes for two hours stays open", async () => {
    await using site = await SmallSite.start();
    await openTunnel(site);
    await site.clock.advance(7_200_000);
    expect(site.gateway.status().tunnels).toMatchObject([{ state: "standing.forwarding" }]);
  });

  test("idle: a panel that vanished is lost once the system gives it up", async () => {
    await using site = await SmallSite.start();
    await openTunnel(site);
    site.network.host("panel").powerOff();
    site.network.host("panel").forgetAll();
    expect(await closedWith(site, 300_000)).toBe("panel.lost");
  });

  test("typing: a dead panel is lost at 20 s although keys are sent to it", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    site.network.link("gateway", "panel").apply(blackHole());
    await typing(site, tunnel.webSocket, 25);
    expect(await closedWith(site)).toBe("panel.lost");
    expect(site.clock.monotonicMs()).toBeLessThan(26_500);
    expect(tunnel.closes).toEqual(["4014 panel.lost"]);
  });

  test("bulk: a dead panel is lost at 20 s although bytes wait for it", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    site.network.link("gateway", "panel").apply(blackHole());
    tunnel.webSocket.send(Buffer.alloc(400_000));
    tunnel.webSocket.send(Buffer.alloc(400_000));
    const cutAtMs = site.clock.monotonicMs();
    expect(await closedWith(site)).toBe("panel.lost");
    expect(site.clock.monotonicMs() - cutAtMs).toBeLessThan(23_000);
  });

  test("bulk: a panel that takes nothing is stalled at 30 s", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    site.network.link("gateway", "panel").apply(stall());
    const heard = setPinging(site, tunnel.webSocket);
    for (let each = 0; each < 4; each++) tunnel.webSocket.send(Buffer.alloc(400_000));
    const stalledAtMs = site.clock.monotonicMs();
    expect(await closedWith(site)).toBe("panel.stalled");
    expect(site.clock.monotonicMs() - stalledAtMs).toBeGreaterThanOrEqual(30_000);
    expect(site.clock.monotonicMs() - stalledAtMs).toBeLessThan(38_000);
    heard();
  });

  test("bulk: a cloud that is dark while the panel streams is lost at 20 s", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site, ({ stream }) => void stream.resume());
    site.network.link("gateway", "cloud").apply(blackHole());
    tunnel.panel.stream.write(Buffer.alloc(2_000_000));
    const cutAtMs = site.clock.monotonicMs();
    expect(await closedWith(site)).toBe("cloud.lost");
    expect(site.clock.monotonicMs() - cutAtMs).toBeLessThanOrEqual(27_000);
  });

  test("a cloud that does not read because its client takes nothing is not lost while it pings", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    tunnel.panel.stream.write("picture");
    await site.clock.advance(100);
    tunnel.webSocket.pause();
    const stop = setPinging(site, tunnel.webSocket);
    tunnel.panel.stream.write("more of it");
    await site.clock.advance(300_000);
    expect(site.gateway.status().tunnels).toMatchObject([{ state: "standing.forwarding" }]);
    stop();
  });

  test("bulk: a cloud that pings and takes nothing is given up, later than it would give up its own client", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    tunnel.webSocket.pause();
    const stop = setPinging(site, tunnel.webSocket);
    tunnel.panel.stream.write(Buffer.alloc(2_000_000));
    const stalledAtMs = site.clock.monotonicMs();
    await site.until("the end", () => site.gateway.status().tunnels[0]?.state !== "standing.forwarding");
    expect(site.clock.monotonicMs() - stalledAtMs).toBeGreaterThanOrEqual(35_000);
    expect(site.clock.monotonicMs() - stalledAtMs).toBeLessThan(38_000);
    expect(await closedWith(site)).toBe("cloud.lost");
    stop();
  });

  test("bulk: a cloud whose message is on its way for longer than the limit is not lost", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    // 10 kB/s: the pong that the gateway waits for comes behind the message.
    site.network.link("gateway", "cloud").apply(slice(1_000, 100), "cloud");
    tunnel.webSocket.send(Buffer.alloc(400_000));
    await site.clock.advance(60_000);
    expect(site.gateway.status().tunnels).toMatchObject([{ state: "standing.forwarding", bytesUp: 400_000 }]);
  });

  test("a slow cloud is neither lost nor stalled", async () => {
    await using site = await SmallSite.start();
    const tunnel = await openTunnel(site);
    tunnel.panel.stream.write(Buffer.alloc(2_000_000));
    for (let second = 0; second < 120; second++) {
      tunnel.webSocket.pause();
      await site.clock.advance(19_000);
      tunnel.webSocket.resume();
      await site.clock.settle();
    }
    expect(site.gateway.status().tunnels).toMatchObject([{ state: "standing.forwarding" }]);
  });
});

/** What our cloud does by itself: pings every 5 s. */
function setPinging(site: SmallSite, webSocket: WebSocket): () => void {
  let isOn = true;
  const ping = (): void => {
    if (!isOn || webSocket.readyState !== webSocket.OPEN) return;
    webSocket.ping();
    site.clock.setTimeout(ping, 5_000);
  };
  ping();
  return () => {
    isOn = false;
  };
}

describe("back-pressure", () => {
  test("holds at most 1 MiB of a stream from the panel that the cloud does not read, and loses nothing of it", async () => {
    await using site = await SmallSite.start();
    const sent = Buffer.alloc(8_000_000);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at);
    const tunnel = await openTunnel(site, ({ stream }) => stream.resume());
    tunnel.webSocket.pause();
    tunnel.panel.stream.end(sent);
    let most = 0;
    for (let each = 0; each < 200; each++) {
      await site.clock.advance(100);
      most = Math.max(most, site.gateway.status().tunnels[0]?.heldBytes ?? 0);
    }
    expect(most).toBeGreaterThan(16 * 1024);
    expect(most).toBeLessThanOrEqual(heldBytesMax);
    tunnel.webSocket.resume();
    expect(await closedWith(site, 300_000)).toBe("panel.closed");
    expect(sha256(Buffer.concat(tunnel.received))).toBe(sha256(sent));
  });

  test("holds at most 1 MiB of the largest messages from the cloud that the panel does not read, and loses nothing", async () => {
    await using site = await SmallSite.start();
    const message = Buffer.alloc(512 * 1024);
    for (let at = 0; at < message.length; at += 4) message.writeUInt32LE(at, at);
    const hash = createHash("sha256");
    let gotBytes = 0;
    const tunnel = await openTunnel(site, ({ stream }) => {
      stream.on("data", (chunk) => {
        hash.update(chunk);
        gotBytes += chunk.length;
      });
      stream.pause();
    });
    for (let each = 0; each < 8; each++) tunnel.webSocket.send(message);
    let most = 0;
    for (let each = 0; each < 200; each++) {
      await site.clock.advance(100);
      most = Math.max(most, site.gateway.status().tunnels[0]?.heldBytes ?? 0);
    }
    expect(most).toBeGreaterThan(256 * 1024);
    expect(most).toBeLessThanOrEqual(heldBytesMax);
    tunnel.panel.stream.resume();
    await site.until("all bytes", () => gotBytes === 8 * message.length);
    expect(hash.digest("hex")).toBe(sha256(Buffer.concat(Array<Buffer>(8).fill(message))));
  });
});

test("what is held counts a message of which only a part has come", async () => {
  await using site = await SmallSite.start();
  const tunnel = await openTunnel(site);
  site.network.link("gateway", "cloud").apply(stall({ afterBytes: 200_000 }), "cloud");
  tunnel.webSocket.send(Buffer.alloc(400_000));
  await site.clock.advance(5_000);
  const [status] = site.gateway.status().tunnels;
  expect(status?.bytesUp).toBe(0);
  expect(status?.heldBytes).toBeGreaterThan(190_000);
  expect(status?.heldBytes).toBeLessThan(210_000);
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
