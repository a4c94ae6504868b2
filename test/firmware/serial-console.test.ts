// Serial consoles as endpoints: their host names, one owner at a time, framing, pace, and what happens when a device is pulled out.
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { readConsoleHost } from "#firmware/serial-console/console-host.ts";
import { heldBytesMax } from "#firmware/tunnel/forwarder.ts";
import { commands, iac, options, writeNegotiation } from "#protocol/telnet/codes.ts";
import { TelnetClient } from "#protocol/telnet/telnet-client.ts";
import { type DeviceScript, scriptedDevice } from "#simulator/gateway/scripted-device.ts";
import { type SerialDevice, usualSettings } from "#simulator/gateway/serial-device.ts";
import { SmallSite } from "./small-site.ts";

const path = "/dev/serial/by-id/usb-press4";
const host = "press4.serial.internal";
const serialConsoles = [{ name: "press4", port: path, settings: usualSettings }];

const drive: DeviceScript = {
  settings: usualSettings,
  prompt: "> ",
  script: [{ expects: "show speed", answers: "1485 rpm" }],
  otherwise: "?",
};

/** A device that keeps what it is told, and says what the test says. */
function plainDevice(): SerialDevice & { readonly heard: Buffer[]; says: (bytes: Uint8Array) => void } {
  const heard: Buffer[] = [];
  const device = {
    settings: usualSettings,
    heard,
    says: (_bytes: Uint8Array): void => {},
    connect: (line: { send(bytes: Uint8Array): void }) => {
      device.says = (bytes) => line.send(bytes);
      return { receive: (bytes: Uint8Array) => void heard.push(Buffer.from(bytes)), close: () => undefined };
    },
  };
  return device;
}

async function start(device?: SerialDevice): Promise<SmallSite> {
  const site = await SmallSite.start({ gateway: { serialConsoles } });
  if (device !== undefined) site.board.serialPorts.plug(path, device);
  return site;
}

interface Console {
  readonly webSocket: WebSocket;
  text(): string;
  bytes(): Buffer;
}

async function opens(site: SmallSite, id: string, port = 1): Promise<Console> {
  const before = site.cloud.webSockets.length;
  site.requests(id, { host, port });
  const webSocket = await site.until("the websocket", () => site.cloud.webSockets[before]);
  const received: Buffer[] = [];
  webSocket.on("message", (data: Buffer) => received.push(data));
  await site.until("SUCCESSFUL", () => site.cloud.reports.includes(`506,${id}`));
  return { webSocket, bytes: () => Buffer.concat(received), text: () => Buffer.concat(received).toString("latin1") };
}

function closed(site: SmallSite, count = 1): Promise<unknown> {
  return site.until("the end", () => site.events("tunnel.closed").length === count, 400_000);
}

describe("the host name", () => {
  test.each([
    ["press4.serial.internal", "press4"],
    ["PRESS4.Serial.INTERNAL", "press4"],
    ["press4.serial.internal.", "press4"],
    ["line-3-b.serial.internal", "line-3-b"],
  ])("%s means the console %s", (hostname, name) => {
    expect(readConsoleHost(hostname)).toEqual({ kind: "console", name });
  });

  test.each([
    "serial.internal",
    ".serial.internal",
    "a.press4.serial.internal",
    "press_4.serial.internal",
    "press4..serial.internal",
    `${"a".repeat(33)}.serial.internal`,
    "press4.serial.internal..",
    "press4。serial。internal",
    "press4．serial．internal",
    "press4.ｓerial.internal",
    "press4.serial\u00ad.internal",
    "press4.serial.internal\u0000",
    "press4\u0000.serial.internal",
    " press4.serial.internal",
    "press4%00.serial.internal",
  ])("%j looks like one and is refused without being resolved", (hostname) => {
    expect(readConsoleHost(hostname)).toMatchObject({ kind: "refused" });
  });

  test.each(["192.168.10.11", "press4", "press4.serial.internal.example", "press4.serialinternal", "internal", ""])(
    "%j is none",
    (hostname) => {
      expect(readConsoleHost(hostname)).toEqual({ kind: "other" });
    },
  );
});

describe("a serial console", () => {
  test("answers through a tunnel, and neither a name is resolved nor a socket opened on the LAN", async () => {
    await using site = await start(scriptedDevice(drive));
    const console = await opens(site, "1");
    await site.until("the prompt", () => console.text() === "> ");
    console.webSocket.send(Buffer.from("show speed\r"));
    await site.until("the speed", () => console.text().endsWith("1485 rpm\r\n> "));
    expect(site.network.openConnections().filter((name) => name.includes("gateway"))).toHaveLength(2);
    console.webSocket.close(1000);
    await closed(site);
    expect(site.events("tunnel.closed")).toMatchObject([{ reason: "client.closed", host, port: 1, bytesUp: 11 }]);
    expect(site.gateway.status().tunnels).toEqual([]);
  });

  test("carries every byte value unchanged on a port that is not Telnet's", async () => {
    const device = plainDevice();
    await using site = await start(device);
    const console = await opens(site, "1");
    const every = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    console.webSocket.send(every);
    await site.until("all at the device", () => Buffer.concat(device.heard).length === 256);
    expect(Buffer.concat(device.heard)).toEqual(every);
    device.says(every);
    await site.until("all at the client", () => console.bytes().length === 256);
    expect(console.bytes()).toEqual(every);
  });

  test("speaks Telnet on port 23: eight bits both ways, other options refused", async () => {
    const device = plainDevice();
    await using site = await start(device);
    const console = await opens(site, "1", 23);
    const client = new TelnetClient({ terminalType: "xterm", columns: 80, rows: 24 });
    let seen = 0;
    let shown = Buffer.alloc(0);
    const talk = (): void => {
      const { send, data } = client.receive(console.bytes().subarray(seen));
      seen = console.bytes().length;
      shown = Buffer.concat([shown, data]);
      if (send.length > 0) console.webSocket.send(send);
    };
    await site.until("its offers", () => console.bytes().length >= 12);
    talk();
    expect(client.echoes).toBe(true);
    await site.clock.advance(100);
    const every = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    console.webSocket.send(client.write(every));
    await site.until("all at the device", () => Buffer.concat(device.heard).length === 256);
    expect(Buffer.concat(device.heard)).toEqual(every);
    device.says(every);
    await site.until("all shown", () => {
      talk();
      return shown.length === 256;
    });
    expect(shown).toEqual(every);
    const before = console.bytes().length;
    console.webSocket.send(writeNegotiation("will", options.windowSize));
    console.webSocket.send(writeNegotiation("do", 200));
    await site.clock.advance(1_000);
    const refusals = [iac, commands.dont, options.windowSize, iac, commands.wont, 200];
    expect([...console.bytes().subarray(before)]).toEqual(refusals);
    expect(Buffer.concat(device.heard)).toHaveLength(256);
  });

  test("serves a client on port 23 that knows no Telnet", async () => {
    await using site = await start(scriptedDevice(drive));
    const console = await opens(site, "1", 23);
    console.webSocket.send(Buffer.from("show speed\r\n"));
    await site.until("the speed", () => console.text().includes("1485 rpm"));
    expect(console.text()).not.toContain("?");
  });

  test("has one owner at a time, and the second is told who", async () => {
    await using site = await start(scriptedDevice(drive));
    const first = await opens(site, "1");
    site.requests("2", { host, port: 23 });
    const report = await site.until("FAILED", () => site.cloud.reports.find((each) => each.startsWith("505,2")));
    expect(report).toContain("panel.refused");
    expect(report).toContain("(press4.serial.internal:23: the serial console is in use by operation 1)");
    first.webSocket.close(1000);
    await closed(site, 2);
    const third = await opens(site, "3");
    await site.until("the prompt", () => third.text() === "> ");
  });

  test("is free for the next tunnel in the moment in which the one before ends", async () => {
    await using site = await start(scriptedDevice(drive));
    const first = await opens(site, "1");
    first.webSocket.terminate();
    await site.until("the end is known", () => site.gateway.status().tunnels[0]?.state !== "standing.forwarding");
    await opens(site, "2");
  });

  test.each([
    { what: "nothing is plugged in", word: "panel.unreachable", detail: "no such device", lay: () => undefined },
    {
      what: "another program has it open",
      word: "panel.refused",
      detail: "somebody else has it open",
      lay: (site: SmallSite) => {
        site.board.serialPorts.plug(path, scriptedDevice(drive));
        site.board.serialPorts.takenByAnother(path);
      },
    },
  ])("says $word when $what", async ({ word, detail, lay }) => {
    await using site = await start();
    lay(site);
    site.requests("1", { host, port: 23 });
    const report = await site.until("FAILED", () => site.cloud.reports.find((each) => each.startsWith("505,1")));
    expect(report).toContain(word);
    expect(report).toContain(detail);
  });

  test.each(["press5.serial.internal", "serial.internal", "press4。serial。internal"])(
    "%s is not configured: the policy refuses it, and no name is looked up",
    async (hostname) => {
      await using site = await start(scriptedDevice(drive));
      site.network.addName(hostname, ["192.168.10.11"]);
      site.requests("1", { host: hostname });
      await closed(site);
      expect(site.events("tunnel.closed")).toMatchObject([{ reason: "policy.refused" }]);
      expect(site.cloud.upgrades).toEqual([]);
    },
  );

  test("ends with panel.lost when its device is pulled out, and works again when it is back", async () => {
    await using site = await start();
    const unplug = site.board.serialPorts.plug(path, scriptedDevice(drive));
    const first = await opens(site, "1");
    await site.until("the prompt", () => first.text() === "> ");
    const closes: string[] = [];
    first.webSocket.on("close", (code, text) => closes.push(`${code} ${text}`));
    unplug();
    await closed(site);
    expect(site.events("tunnel.closed")).toMatchObject([{ reason: "panel.lost" }]);
    await site.until("the close frame", () => closes.length === 1);
    expect(closes).toEqual(["4014 panel.lost"]);
    site.requests("2", { host });
    await site.until("FAILED", () => site.cloud.reports.some((each) => each.startsWith("505,2")));
    site.board.serialPorts.plug(path, scriptedDevice(drive));
    const again = await opens(site, "3");
    await site.until("the prompt", () => again.text() === "> ");
  });

  test("a slow line holds the sender back, within 1 MiB, is not taken for stalled, and loses nothing", async () => {
    const device = plainDevice();
    await using site = await start(device);
    const console = await opens(site, "1");
    const sent = Buffer.alloc(800_000);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at);
    console.webSocket.send(sent.subarray(0, 400_000));
    console.webSocket.send(sent.subarray(400_000));
    let most = 0;
    for (let each = 0; each < 300; each++) {
      await site.clock.advance(1_000);
      most = Math.max(most, site.gateway.status().tunnels[0]?.heldBytes ?? 0);
    }
    expect(site.gateway.status().tunnels).toMatchObject([{ state: "standing.forwarding" }]);
    expect(most).toBeGreaterThan(300_000);
    expect(most).toBeLessThanOrEqual(heldBytesMax);
    await site.until("all of it", () => Buffer.concat(device.heard).length === sent.length, 1_000_000);
    expect(Buffer.concat(device.heard).equals(sent)).toBe(true);
  });

  test("a device that says more than the client reads is held within 1 MiB", async () => {
    const device = plainDevice();
    await using site = await start(device);
    const console = await opens(site, "1", 23);
    console.webSocket.pause();
    let most = 0;
    for (let each = 0; each < 120; each++) {
      device.says(Buffer.alloc(900, each));
      await site.clock.advance(1_000);
      most = Math.max(most, site.gateway.status().tunnels[0]?.heldBytes ?? 0);
    }
    expect(most).toBeLessThanOrEqual(heldBytesMax);
  });

  test("sends what the person typed last down the line before it hangs up", async () => {
    const device = plainDevice();
    await using site = await start(device);
    const console = await opens(site, "1");
    console.webSocket.send(Buffer.alloc(2_000, "last words "));
    console.webSocket.close(1000);
    await closed(site);
    expect(Buffer.concat(device.heard)).toHaveLength(2_000);
    expect(site.events("tunnel.closed")).toMatchObject([{ reason: "client.closed" }]);
  });

  test("hangs up at the drain limit although the line is slower than that", async () => {
    const device = plainDevice();
    await using site = await start(device);
    const console = await opens(site, "1");
    console.webSocket.send(Buffer.alloc(60_000));
    await site.clock.advance(100);
    console.webSocket.close(1000);
    const closedAtMs = site.clock.monotonicMs();
    await closed(site);
    expect(site.clock.monotonicMs() - closedAtMs).toBeLessThan(5_500);
    await opens(site, "2");
  });

  test("refuses a subnegotiation without an end as what it is, and is free again", async () => {
    await using site = await start(scriptedDevice(drive));
    const console = await opens(site, "1", 23);
    console.webSocket.send(Buffer.from([iac, commands.sb, ...Array<number>(600).fill(1)]));
    await closed(site);
    expect(site.events("tunnel.closed")).toMatchObject([{ reason: "panel.reset" }]);
    await opens(site, "2");
  });

  test("is given free by a gateway that is killed, and by one that stops", async () => {
    await using site = await start(scriptedDevice(drive));
    await opens(site, "1");
    const stopped = site.gateway.stop();
    await site.clock.until(stopped, { what: "the gateway to stop" });
    expect(site.leftovers()).toEqual([]);
    expect(() => site.board.serialPorts.takenByAnother(path)).not.toThrow();
  });

  test("is not there on a board without serial ports", async () => {
    await using site = await start();
    const { serialPorts: _none, ...hardware } = site.board.boot(site.network.host("gateway"));
    expect(hardware).not.toHaveProperty("serialPorts");
    const { SerialConsoles } = await import("#firmware/serial-console/serial-consoles.ts");
    const consoles = new SerialConsoles(hardware, serialConsoles);
    expect(await consoles.open({ name: "press4", port: 1, owner: "operation 1" }, { timeoutMs: 10 })).toEqual({
      ok: false,
      reason: "panel.unreachable",
      detail: "this gateway has no serial ports",
    });
  });
});
