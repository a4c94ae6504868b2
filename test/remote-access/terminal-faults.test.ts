// What terminals in other consoles are known to get wrong (characters, sizes, frame borders, silence, leaving), at the relay.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeSessionMessage } from "#protocol/session-channel.ts";
import { TelnetServer } from "#protocol/telnet/telnet-server.ts";
import { settle, until } from "./manual-clock.ts";
import { hostKeys, SshPanel } from "./ssh-panel.ts";
import { type Peer, World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

const channel = ["postern.session.v1"];
const resize = (columns: number, rows: number) => writeSessionMessage({ type: "resize", columns, rows });

async function opens(
  fields: Record<string, unknown>,
  subprotocols: string[],
  early: (client: Peer) => void = () => {},
) {
  const endpoint = await world.addsEndpoint(fields);
  const client = world.client(endpoint, { subprotocols });
  await client.opened;
  early(client);
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  await settle();
  return { client, gateway };
}

const telnet = { protocol: "TELNET", port: 23 };
const ssh = { protocol: "SSH", port: 22, credentialsType: "USER_PASS", username: "root", password: "hunter22" };

async function opensSsh(early?: (client: Peer) => void) {
  world.tenantOptions.set("remoteaccess/hostkey-autosave", "true");
  const { client, gateway } = await opens(ssh, channel, early);
  const panel = new SshPanel(gateway, {
    judge: (context) => (context.method === "password" ? context.accept() : context.reject(["password"])),
    config: { hostKeys: [hostKeys.ed25519] },
  });
  const shell = await until("a shell", () => panel.channel);
  await settle();
  return { client, gateway, panel, shell };
}

/** A panel's end of Telnet behind the gateway: negotiates, echoes what is typed, and can be read out. */
class TelnetPanel {
  readonly server = new TelnetServer();
  readonly #peer: Peer;
  typed = Buffer.alloc(0);
  #seen = 0;

  constructor(peer: Peer) {
    this.#peer = peer;
    peer.websocket.on("message", () => this.#take());
    peer.send(this.server.start());
    this.#take();
  }

  #take(): void {
    const bytes = this.#peer.received.subarray(this.#seen);
    this.#seen += bytes.length;
    const { send, data } = this.server.receive(bytes);
    if (send.length > 0) this.#peer.send(send);
    if (data.length > 0) this.#peer.send(this.server.write(data));
    this.typed = Buffer.concat([this.typed, data]);
  }
}

// Two, three and four bytes each, a joined emoji, and bytes that are no UTF-8 at all.
const text = Buffer.concat([Buffer.from("é漢字😀👩‍🔧 "), Buffer.from([0xff, 0xfe, 0xc3, 0x28])]);

/** All pairs of pieces, and single bytes. */
const splits = [
  ...Array.from({ length: text.length - 1 }, (_, at) => [text.subarray(0, at + 1), text.subarray(at + 1)]),
  Array.from(text, (byte) => Buffer.of(byte)),
];

describe("characters of several bytes", () => {
  it("come back from a Telnet panel as they were typed, wherever frames end", async () => {
    const { client, gateway } = await opens(telnet, channel);
    const panel = new TelnetPanel(gateway);
    await until("negotiated", () => panel.server.windowSize);
    for (const [count, pieces] of splits.entries()) {
      for (const piece of pieces) client.send(piece);
      await until("the echo", () => client.receivedBytes >= (count + 1) * text.length);
    }
    const all = Buffer.concat(splits.map(() => text));
    expect(panel.typed.equals(all)).toBe(true);
    expect(client.received.equals(all)).toBe(true);
  });

  it("come back from an SSH panel as they were typed, wherever frames end", async () => {
    const { client, panel, shell } = await opensSsh();
    shell.on("data", (bytes: Buffer) => shell.write(bytes));
    for (const [count, pieces] of splits.entries()) {
      for (const piece of pieces) client.send(piece);
      await until("the echo", () => client.receivedBytes >= (count + 1) * text.length);
    }
    const all = Buffer.concat(splits.map(() => text));
    expect(Buffer.from(panel.typed, "latin1").equals(all)).toBe(true);
    expect(client.received.equals(all)).toBe(true);
  });
});

describe("a Telnet negotiation", () => {
  // A telnetd's opening (RFC 854): DO TTYPE, DO NAWS, WILL ECHO, WILL SGA, DO NEW-ENVIRON; its question for the type; text with IAC IAC.
  const transcript = Buffer.from("fffd18fffd1ffffb01fffb03fffd27fffa1801fff06cfffff06f67696e3a20", "hex");
  // WILL TTYPE, WILL NAWS and 80 by 24, DO ECHO, DO SGA, WONT NEW-ENVIRON, IS xterm-256color.
  const answer = Buffer.from(
    "fffb18fffb1ffffa1f00500018fff0fffd01fffd03fffc27fffa1800787465726d2d323536636f6c6f72fff0",
    "hex",
  );
  const shown = Buffer.concat([Buffer.from("l"), Buffer.of(0xff, 0xf0), Buffer.from("ogin: ")]);

  it("is read the same wherever a frame ends", async () => {
    for (let at = 1; at < transcript.length; at++) {
      const { client, gateway } = await opens({ ...telnet, name: `split ${at}` }, channel);
      gateway.send(transcript.subarray(0, at));
      gateway.send(transcript.subarray(at));
      await until("the text", () => client.receivedBytes >= shown.length);
      await settle();
      expect(client.received.toString("hex"), `split at ${at}`).toBe(shown.toString("hex"));
      expect(gateway.received.toString("hex"), `split at ${at}`).toBe(answer.toString("hex"));
      client.websocket.close(1000);
      await client.closed;
      await world.nothingIsLeft();
    }
  });
});

describe("a window wider than 255 columns, and one of just that", () => {
  it("reach a Telnet panel as they are, with 0xFF doubled, at the beginning and at each change", async () => {
    const { client, gateway } = await opens(telnet, channel, (early) => early.websocket.send(resize(300, 100)));
    const panel = new TelnetPanel(gateway);
    await until("300 by 100", () => panel.server.windowSize);
    expect(panel.server.windowSize).toEqual({ columns: 300, rows: 100 });
    expect(gateway.received.includes(Buffer.from("fffa1f012c0064fff0", "hex"))).toBe(true);
    client.websocket.send(resize(255, 255));
    await until("255 by 255", () => panel.server.windowSize?.columns === 255);
    expect(panel.server.windowSize).toEqual({ columns: 255, rows: 255 });
    expect(gateway.received.includes(Buffer.from("fffa1f00ffff00fffffff0", "hex"))).toBe(true);
    client.websocket.send(resize(1000, 511));
    await until("1000 by 511", () => panel.server.windowSize?.columns === 1000);
    expect(panel.server.windowSize).toEqual({ columns: 1000, rows: 511 });
  });

  it("reach an SSH panel, at the beginning and at each change", async () => {
    const { client, panel } = await opensSsh((early) => early.websocket.send(resize(300, 100)));
    client.websocket.send(resize(255, 255));
    await until("255 by 255", () => panel.sizes.length === 2);
    expect(panel.sizes).toEqual([
      { columns: 300, rows: 100 },
      { columns: 255, rows: 255 },
    ]);
  });
});

describe("a panel that says nothing before it is spoken to", () => {
  it("hears a Telnet client's first key", async () => {
    const { client, gateway } = await opens(telnet, channel);
    client.send("\r");
    await until("the key", () => gateway.received.equals(Buffer.from([13, 0])));
    gateway.send("login: ");
    await client.receives("login: ");
  });

  it("hears an SSH client's first key", async () => {
    const { client, panel, shell } = await opensSsh();
    client.send("x");
    await until("the key", () => panel.typed === "x");
    shell.write("y");
    await client.receives("y");
  });
});

describe("a person who leaves", () => {
  it.each([
    ["telnet", telnet, channel],
    ["telnet of a foreign client", telnet, ["binary"]],
    ["passthrough", { protocol: "PASSTHROUGH" }, channel],
  ])("types nothing into a panel by it: %s", async (_name, fields, subprotocols) => {
    const { client, gateway } = await opens(fields, subprotocols);
    client.send("vi");
    await until("typed", () => gateway.receivedBytes === 2);
    client.websocket.close(1000);
    await gateway.closed;
    expect(gateway.received.toString()).toBe("vi");
    await world.nothingIsLeft();
  });

  it("types nothing into an SSH panel by it", async () => {
    const { client, panel } = await opensSsh();
    client.send("vi");
    await until("typed", () => panel.typed === "vi");
    client.websocket.close(1000);
    await until("the panel hears of it", () => panel.isOver);
    expect(panel.typed).toBe("vi");
    await world.nothingIsLeft();
  });
});
