// What one session holds in the cloud while its client or its panel takes nothing: below its bound in every protocol, and nothing is lost.
import { createSecureContext, TLSSocket } from "node:tls";
import ssh2 from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultSessionLimits } from "#cloud-stub/remote-access/limits.ts";
import { ClientHandshake } from "#protocol/rfb/client-handshake.ts";
import { ServerHandshake } from "#protocol/rfb/server-handshake.ts";
import { settle, until } from "./manual-clock.ts";
import { makeCertificate } from "./panel-certificate.ts";
import { PanelEnd } from "./panel-end.ts";
import { hostKeys, SshPanel } from "./ssh-panel.ts";
import { makeWire } from "./wire.ts";
import { type Peer, World } from "./world.ts";

const channel = ["postern.session.v1"];
const boundBytes = defaultSessionLimits.heldBytesMax;
const pieceBytes = 64 * 1024;
const pieces = 32;

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

/** Two open ends with a protocol between them. */
interface Open {
  sendDown(bytes: Buffer): void;
  sendUp(bytes: Buffer): void;
  /** What came out at the client, and how much of it. */
  atClient(): Buffer;
  atClientBytes(): number;
  /** What came out at the panel, and how much of it. */
  atPanel(): Buffer;
  atPanelBytes(): number;
  /** Stops and lets go what the cloud gives to one of its ends. */
  stall(end: "client" | "panel", isStalled: boolean): void;
}

async function opens(fields: Record<string, unknown>, subprotocols: string[]) {
  const [clientWire, gatewayWire] = [makeWire(), makeWire()];
  const endpoint = await world.addsEndpoint(fields);
  const client = world.client(endpoint, { subprotocols, wire: clientWire });
  await client.opened;
  const gateway = world.gateway(await world.connectionKey(), { wire: gatewayWire });
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  await settle();
  const stall = (end: "client" | "panel", isStalled: boolean) => {
    const { far } = end === "client" ? clientWire : gatewayWire;
    far.isStalled = isStalled;
    if (!isStalled) far.goOn();
  };
  return { client, gateway, stall };
}

/** From what both ends have received so far on. */
function between(client: Peer, gateway: Peer, stall: Open["stall"]): Open {
  const [before, beforeUp] = [client.receivedBytes, gateway.receivedBytes];
  return {
    sendDown: (bytes) => gateway.send(bytes),
    sendUp: (bytes) => client.send(bytes),
    atClient: () => client.received.subarray(before),
    atClientBytes: () => client.receivedBytes - before,
    atPanel: () => gateway.received.subarray(beforeUp),
    atPanelBytes: () => gateway.receivedBytes - beforeUp,
    stall,
  };
}

async function plain(fields: Record<string, unknown>, subprotocols: string[]): Promise<Open> {
  const { client, gateway, stall } = await opens(fields, subprotocols);
  return between(client, gateway, stall);
}

const vnc = { protocol: "VNC", credentialsType: "PASS_ONLY", password: "pass1234" };

/** The viewer of a person whom the relay signs in. */
function looks(client: Peer): { readonly isIn: () => boolean } {
  const viewer = new ClientHandshake();
  let seen = 0;
  let isIn = false;
  const take = () => {
    if (isIn) return;
    const bytes = client.received.subarray(seen);
    seen += bytes.length;
    const step = viewer.receive(bytes);
    for (const part of step.send) client.send(part);
    isIn = step.outcome?.kind === "authenticated";
  };
  client.websocket.on("message", (_data, isBinary) => {
    if (isBinary) take();
  });
  take();
  return { isIn: () => isIn };
}

async function signedIn(): Promise<Open> {
  const { client, gateway, stall } = await opens(vnc, channel);
  const viewer = looks(client);
  const panel = new ServerHandshake({ security: { type: "none" } });
  let seen = 0;
  let isOver = false;
  gateway.websocket.on("message", () => {
    if (isOver) return;
    const bytes = gateway.received.subarray(seen);
    seen += bytes.length;
    const step = panel.receive(bytes);
    for (const part of step.send) gateway.send(part);
    isOver = step.outcome !== undefined;
  });
  gateway.send(panel.start());
  await until("the viewer is in", viewer.isIn);
  await settle();
  return between(client, gateway, stall);
}

async function passage(subprotocols: string[]): Promise<Open> {
  const { client, gateway, stall } = await opens({ protocol: "VNC", credentialsType: "NONE" }, subprotocols);
  const greeting = "RFB 003.008\n";
  gateway.send(greeting);
  await client.receives(greeting);
  client.send(greeting);
  await gateway.receives(greeting);
  gateway.send(Buffer.from([1, 1]));
  await until("the types", () => client.receivedBytes === 14);
  client.send(Buffer.from([1]));
  await until("the choice", () => gateway.receivedBytes === 13);
  return between(client, gateway, stall);
}

const certificate = makeCertificate();

/** VeNCrypt's X509None (260): nothing but TLS to sign in with. Gives the panel's end of it, once its handshake is done. */
async function beginsTls(gateway: Peer): Promise<TLSSocket> {
  const say = async (bytes: Buffer, answered: number) => {
    gateway.send(bytes);
    await until("the answer", () => gateway.receivedBytes === answered);
  };
  await say(Buffer.from("RFB 003.008\n"), 12);
  await say(Buffer.from([1, 19]), 13);
  await say(Buffer.from([0, 2]), 15);
  await say(Buffer.from([0, 1, 0, 0, 1, 4]), 19);
  const stream = new PanelEnd(gateway, { skip: 19 });
  const tls = new TLSSocket(stream, { isServer: true, secureContext: createSecureContext(certificate) });
  tls.on("error", () => {});
  gateway.send(Buffer.from([1]));
  await new Promise<void>((resolve) => tls.once("secure", () => resolve()));
  return tls;
}

async function insideTls(): Promise<Open> {
  const { client, gateway, stall } = await opens({ ...vnc, hostKey: certificate.cert }, channel);
  const viewer = looks(client);
  const tls = await beginsTls(gateway);
  const chunks: Buffer[] = [];
  tls.on("data", (bytes: Buffer) => chunks.push(bytes));
  tls.write(Buffer.alloc(4));
  await until("the viewer is in", viewer.isIn);
  await settle();
  const before = client.receivedBytes;
  return {
    sendDown: (bytes) => void tls.write(bytes),
    sendUp: (bytes) => client.send(bytes),
    atClient: () => client.received.subarray(before),
    atClientBytes: () => client.receivedBytes - before,
    atPanel: () => Buffer.concat(chunks),
    atPanelBytes: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    stall,
  };
}

async function shell(): Promise<Open> {
  const key = ssh2.utils.parseKey(hostKeys.ed25519);
  if (key instanceof Error) throw key;
  const hostKey = `${key.type} ${key.getPublicSSH().toString("base64")}`;
  const login = { credentialsType: "USER_PASS", username: "root", password: "hunter22" };
  const { client, gateway, stall } = await opens({ protocol: "SSH", port: 22, ...login, hostKey }, channel);
  const panel = new SshPanel(gateway, {
    judge: (context) => (context.method === "password" ? context.accept() : context.reject(["password"])),
  });
  const server = await until("a shell", () => panel.channel);
  await settle();
  return {
    sendDown: (bytes) => void server.write(bytes),
    sendUp: (bytes) => client.send(bytes),
    atClient: () => client.received,
    atClientBytes: () => client.receivedBytes,
    atPanel: () => Buffer.from(panel.typed, "latin1"),
    atPanelBytes: () => panel.typed.length,
    stall,
  };
}

const same = (bytes: Buffer) => bytes;
/** Telnet's own: IAC is doubled and CR gets a NUL behind it, so that one byte becomes two. */
const telnetUp = (bytes: Buffer) =>
  Buffer.from([...bytes].flatMap((byte) => (byte === 255 ? [255, 255] : byte === 13 ? [13, 0] : [byte])));
const telnetDown = (bytes: Buffer) => Buffer.from([...bytes].flatMap((byte) => (byte === 255 ? [255, 255] : [byte])));

interface Case {
  readonly name: string;
  readonly open: () => Promise<Open>;
  /** What the panel gets for what the client sends. */
  readonly up?: (bytes: Buffer) => Buffer;
  /** What the panel sends for the client to get that. */
  readonly down?: (bytes: Buffer) => Buffer;
}

const cases: readonly Case[] = [
  { name: "passthrough", open: () => plain({ protocol: "PASSTHROUGH" }, channel) },
  { name: "Telnet, raw", open: () => plain({ protocol: "TELNET", port: 23 }, ["binary"]) },
  {
    name: "Telnet, negotiated by the relay",
    open: () => plain({ protocol: "TELNET", port: 23 }, channel),
    up: telnetUp,
    down: telnetDown,
  },
  { name: "SSH", open: shell },
  { name: "VNC, spoken by the client", open: () => passage(["binary"]) },
  { name: "VNC, spoken by the console", open: () => passage(channel) },
  { name: "VNC, signed in by the relay", open: signedIn },
  { name: "VNC, signed in by the relay within TLS", open: insideTls },
];

/** Of many values, the worst of them for Telnet often; without the NUL that Telnet takes off behind a CR. */
const flood = Buffer.from(
  Array.from({ length: pieceBytes }, (_, at) => (at % 3 === 0 ? 255 : at % 3 === 1 ? 13 : 1 + (at % 254))),
);

/** The most that the session held while nothing was taken. */
async function holdsAtMost(): Promise<number> {
  let held = 0;
  let steady = 0;
  for (let before = -1; steady < 20; ) {
    await settle(10);
    const now = Math.max(0, ...world.remoteAccess.heldBytes());
    steady = now === before ? steady + 1 : 0;
    before = now;
    held = Math.max(held, now);
  }
  return held;
}

describe.each(cases)("$name", ({ open, up = same, down = same }) => {
  it("holds no more for a client that takes nothing", async () => {
    const ends = await open();
    ends.stall("client", true);
    for (let piece = 0; piece < pieces; piece++) ends.sendDown(down(flood));
    const held = await holdsAtMost();
    expect(held).toBeGreaterThan(64 * 1024);
    expect(held).toBeLessThan(boundBytes);
    ends.stall("client", false);
    const all = Buffer.concat(Array.from({ length: pieces }, () => flood));
    await until("all of it", () => ends.atClientBytes() >= all.length);
    expect(ends.atClient().equals(all)).toBe(true);
  });

  it("holds no more for a panel that takes nothing", async () => {
    const ends = await open();
    ends.stall("panel", true);
    for (let piece = 0; piece < pieces; piece++) ends.sendUp(flood);
    const held = await holdsAtMost();
    expect(held).toBeGreaterThan(64 * 1024);
    expect(held).toBeLessThan(boundBytes);
    ends.stall("panel", false);
    const all = up(Buffer.concat(Array.from({ length: pieces }, () => flood)));
    await until("all of it", () => ends.atPanelBytes() >= all.length);
    expect(ends.atPanel().equals(all)).toBe(true);
  });

  it("holds no more while both send and neither takes", async () => {
    const ends = await open();
    ends.stall("client", true);
    ends.stall("panel", true);
    for (let piece = 0; piece < pieces; piece++) {
      ends.sendDown(down(flood));
      ends.sendUp(flood);
    }
    expect(await holdsAtMost()).toBeLessThan(boundBytes);
  });
});

it("a panel that sends without end inside TLS, while a person still looks at its certificate, is held back", async () => {
  const { client, gateway } = await opens(vnc, channel);
  looks(client);
  const tls = await beginsTls(gateway);
  await until("the question", () => client.texts.some((text) => text.includes('"host-key"')));
  for (let piece = 0; piece < pieces; piece++) tls.write(flood);
  const held = await holdsAtMost();
  expect(held).toBeGreaterThan(64 * 1024);
  expect(held).toBeLessThan(512 * 1024);
});
