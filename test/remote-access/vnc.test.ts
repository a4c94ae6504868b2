// VNC endpoints: with a stored password the relay signs in at the panel and the client never sees it; without one the bytes pass.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ClientHandshake, type HandshakeStep } from "#protocol/rfb/client-handshake.ts";
import { ServerHandshake } from "#protocol/rfb/server-handshake.ts";
import { writeTightCapabilities, writeTightInteraction } from "#protocol/rfb/tight.ts";
import type { RfbVersion } from "#protocol/rfb/version.ts";
import { settle, until } from "./manual-clock.ts";
import { type Peer, World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

const password = "pass1234";
const challenge = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const channel = ["postern.session.v1"];

/** A VNC panel behind the gateway, up to the end of its security handshake. */
class Panel {
  readonly #handshake: ServerHandshake;
  readonly #peer: Peer;
  outcome: string | undefined;
  after = "";
  #seen = 0;

  constructor(peer: Peer, version: RfbVersion, security: "none" | "vnc") {
    this.#peer = peer;
    this.#handshake = new ServerHandshake({
      version,
      security: security === "none" ? { type: "none" } : { type: "vnc", password, challenge },
    });
    peer.websocket.on("message", () => this.#take());
  }

  greet(): void {
    this.#peer.send(this.#handshake.start());
    this.#take();
  }

  #take(): void {
    const bytes = this.#peer.received.subarray(this.#seen);
    this.#seen += bytes.length;
    if (this.outcome === "accepted") {
      this.after += bytes.toString("latin1");
      return;
    }
    const step = this.#handshake.receive(bytes);
    for (const part of step.send) this.#peer.send(part);
    if (step.outcome === undefined) return;
    this.outcome = step.outcome.kind;
    if (step.outcome.kind === "accepted") this.after += Buffer.from(step.outcome.leftover).toString("latin1");
  }
}

/** A VNC client that has no password, as noVNC without a person. */
class Viewer {
  readonly #handshake: ClientHandshake;
  readonly #peer: Peer;
  outcome: HandshakeStep["outcome"];
  #seen = 0;

  constructor(peer: Peer, maxVersion: RfbVersion = "3.8") {
    this.#peer = peer;
    this.#handshake = new ClientHandshake({ maxVersion });
    peer.websocket.on("message", (_data, isBinary) => {
      if (isBinary) this.#take();
    });
  }

  #take(): void {
    const bytes = this.#peer.received.subarray(this.#seen);
    this.#seen += bytes.length;
    const step = this.#handshake.receive(bytes);
    for (const part of step.send) this.#peer.send(part);
    this.outcome ??= step.outcome;
  }
}

async function opens(options: { readonly withPassword: string | undefined; readonly subprotocols?: string[] }) {
  const endpoint = await world.addsEndpoint({
    protocol: "VNC",
    credentialsType: options.withPassword === undefined ? "NONE" : "PASS_ONLY",
    password: options.withPassword ?? null,
  });
  const client = world.client(endpoint, options.subprotocols ? { subprotocols: options.subprotocols } : {});
  await client.opened;
  await world.connectionKey();
  await world.reports("EXECUTING");
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("SUCCESSFUL");
  return { client, gateway };
}

describe("VNC with a stored password", () => {
  const versions: readonly RfbVersion[] = ["3.3", "3.7", "3.8"];
  it.each(versions.flatMap((atPanel) => versions.map((atClient) => [atPanel, atClient] as const)))(
    "signs in at a panel of version %s for a client of version %s, then lets bytes pass",
    async (atPanel, atClient) => {
      const { client, gateway } = await opens({ withPassword: password });
      const viewer = new Viewer(client, atClient);
      const panel = new Panel(gateway, atPanel, "vnc");
      panel.greet();
      await until("the viewer is in", () => viewer.outcome);
      expect(viewer.outcome).toMatchObject({ kind: "authenticated", version: atClient, securityType: 1 });
      expect(panel.outcome).toBe("accepted");
      const before = client.receivedBytes;
      client.send("\x01client init");
      await until("panel hears the client", () => panel.after === "\x01client init");
      gateway.send("server init");
      await until("client hears the panel", () => client.received.subarray(before).toString() === "server init");
    },
  );

  it("signs in at a panel that wants no password", async () => {
    const { client, gateway } = await opens({ withPassword: password });
    const viewer = new Viewer(client);
    new Panel(gateway, "3.8", "none").greet();
    expect(await until("in", () => viewer.outcome)).toMatchObject({ kind: "authenticated" });
  });

  it("says handshaking, then open, to our own client", async () => {
    const { client, gateway } = await opens({ withPassword: password, subprotocols: channel });
    const viewer = new Viewer(client);
    new Panel(gateway, "3.8", "vnc").greet();
    await until("in", () => viewer.outcome);
    await settle();
    expect(client.texts.map((text) => (JSON.parse(text) as { step: string }).step)).toEqual([
      "waiting-for-gateway",
      "opening-tunnel",
      "handshaking",
      "open",
    ]);
  });

  it("never shows the password: not to the client, in no log line, in no record, in the store only sealed", async () => {
    const { client, gateway } = await opens({ withPassword: password });
    const viewer = new Viewer(client);
    new Panel(gateway, "3.8", "vnc").greet();
    await until("in", () => viewer.outcome);
    client.websocket.close(1000);
    await world.nothingIsLeft();
    const { records } = await world.audit.list({ skip: 0, take: 1000 });
    const rows = await world.store.db.selectFrom("endpoints").selectAll().execute();
    expect(rows[0]?.sealed_password).toMatch(/^v1\./);
    const told = [world.logLines, records, rows, client.received.toString("latin1"), client.texts];
    expect(JSON.stringify(told)).not.toContain(password);
  });

  it.each(versions)("fails the client of version %s in RFB first, then closes with auth.failed", async (atClient) => {
    const { client, gateway } = await opens({ withPassword: "wrong" });
    const viewer = new Viewer(client, atClient);
    new Panel(gateway, "3.8", "vnc").greet();
    expect(await client.closed).toEqual({ code: 4060, reason: "auth.failed" });
    expect(viewer.outcome).toMatchObject({ kind: "refused", code: "auth.failed" });
    // The reason of the panel reaches the person at the client (RFC 6143 section 7.1.3).
    expect((viewer.outcome as { text: string }).text).toMatch(/The panel did not accept the password/);
    expect(await gateway.closed).toEqual({ code: 4060, reason: "auth.failed" });
    await world.nothingIsLeft();
    expect((await world.operation()).status).toBe("SUCCESSFUL");
  });

  it("tells our own client in a text frame what the panel said", async () => {
    const { client, gateway } = await opens({ withPassword: "wrong", subprotocols: channel });
    new Viewer(client);
    new Panel(gateway, "3.8", "vnc").greet();
    expect(await client.closed).toEqual({ code: 4060, reason: "auth.failed" });
    expect(JSON.parse(client.texts.at(-1) ?? "")).toEqual({
      type: "closed",
      reason: "auth.failed",
      text: "The panel did not accept the password: The password is wrong.",
    });
  });

  it("protocol.unsupported for a panel that offers only other security types, named", async () => {
    const { client, gateway } = await opens({ withPassword: password, subprotocols: channel });
    // RFC 6143 section 7.1.2: two types, 5 (RA2) and 18 (TLS).
    gateway.send("RFB 003.008\n\x02\x05\x12");
    expect(await client.closed).toEqual({ code: 4050, reason: "protocol.unsupported" });
    expect(client.texts.at(-1)).toMatch(/RA2/);
    expect(client.texts.at(-1)).toMatch(/TLS/);
    await world.nothingIsLeft();
  });

  it.each([
    ["an HTTP server", "HTTP/1.1 400 Bad Request\r\n\r\n", /it began with an HTTP answer/],
    ["an SSH server", "SSH-2.0-dropbear\r\n", /it began with an SSH greeting/],
    ["garbage", "\x00\x01\x02", /it began with the bytes 000102/],
    ["a wrong greeting", "RFB hello!!\n\n", /not an RFB version/],
    ["a SecurityResult that does not exist", "RFB 003.008\n\x01\x01\x00\x00\x00\x63", /SecurityResult 99/],
    ["a panel that goes on before the client began", "RFB 003.008\n\x01\x01\x00\x00\x00\x00early", /./],
  ])("protocol.malformed for %s", async (_what, bytes, text) => {
    const { client, gateway } = await opens({ withPassword: password, subprotocols: channel });
    gateway.send(bytes.slice(0, 20));
    await settle();
    if (bytes.endsWith("early")) gateway.send("more");
    expect(await client.closed).toEqual({ code: 4051, reason: "protocol.malformed" });
    expect((JSON.parse(client.texts.at(-1) ?? "") as { text: string }).text).toMatch(text);
    await world.nothingIsLeft();
    expect(world.events("session.closed").map((event) => event["reason"])).toEqual(["protocol.malformed"]);
  });

  it.each([
    ["nothing", "", "panel.timeout", /sent no VNC greeting within 15 s/],
    ["half a greeting", "RFB 00", "protocol.malformed", /it began with/],
    ["a greeting alone", "RFB 003.008\n", "panel.timeout", /did not send its security types/],
  ])("after 15 s of %s", async (_what, bytes, reason, text) => {
    const { client, gateway } = await opens({ withPassword: password, subprotocols: channel });
    new Viewer(client);
    if (bytes !== "") gateway.send(bytes);
    await world.clock.advance(14_900);
    expect(client.isClosed).toBe(false);
    await world.clock.advance(200);
    expect((await client.closed).reason).toBe(reason);
    expect((JSON.parse(client.texts.at(-1) ?? "") as { text: string }).text).toMatch(text);
    await world.nothingIsLeft();
  });

  it("client.stalled when the panel is in and the client does not answer", async () => {
    const { client, gateway } = await opens({ withPassword: password });
    const panel = new Panel(gateway, "3.8", "vnc");
    panel.greet();
    await until("panel is in", () => panel.outcome === "accepted");
    await world.clock.advance(18_000);
    expect(await client.closed).toEqual({ code: 4002, reason: "client.stalled" });
    await world.nothingIsLeft();
  });

  it("protocol.malformed for a client that is no VNC client", async () => {
    const { client } = await opens({ withPassword: password });
    client.send("GET / HTTP/1.1\r\n\r\n");
    expect((await client.closed).reason).toBe("protocol.malformed");
    await world.nothingIsLeft();
  });

  it.each([
    ["nothing was said", "", "panel.closed", 1000],
    ["half a greeting", "RFB 00", "protocol.malformed", 4051],
    ["a greeting", "RFB 003.008\n", "protocol.malformed", 4051],
  ])("the panel closes in order when %s", async (_what, bytes, reason, code) => {
    const { client, gateway } = await opens({ withPassword: password, subprotocols: channel });
    new Viewer(client);
    if (bytes !== "") gateway.send(bytes);
    await settle();
    gateway.websocket.close(1000, "panel.closed");
    expect(await client.closed).toEqual({ code, reason });
    await world.nothingIsLeft();
  });

  it("tells a foreign VNC client in RFB why no tunnel was made", async () => {
    const endpoint = await world.addsEndpoint({ protocol: "VNC", credentialsType: "PASS_ONLY", password });
    const client = world.client(endpoint);
    await client.opened;
    const viewer = new Viewer(client);
    await world.reports("FAILED", "panel.refused: The panel refused the connection. (192.168.10.11:5900)");
    expect(await client.closed).toEqual({ code: 4010, reason: "panel.refused" });
    expect(viewer.outcome).toMatchObject({ kind: "refused" });
    expect((viewer.outcome as { text: string }).text).toContain("192.168.10.11:5900");
  });

  it("does not wait for ever for a client that does not take the failure", async () => {
    const { client, gateway } = await opens({ withPassword: "wrong" });
    new Panel(gateway, "3.8", "vnc").greet();
    await settle();
    expect(client.isClosed).toBe(false);
    await world.clock.advance(2_000);
    expect(await client.closed).toEqual({ code: 4060, reason: "auth.failed" });
    await world.nothingIsLeft();
  });

  it("takes the panel's bytes one by one", async () => {
    const { client, gateway } = await opens({ withPassword: password });
    const viewer = new Viewer(client);
    const send = gateway.send.bind(gateway);
    gateway.send = (bytes) => {
      const all = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
      for (const byte of all) send(Uint8Array.of(byte));
    };
    new Panel(gateway, "3.8", "vnc").greet();
    expect(await until("in", () => viewer.outcome)).toMatchObject({ kind: "authenticated" });
  });
});

describe("VNC without a stored password", () => {
  it("lets the panel's own handshake pass untouched, byte for byte", async () => {
    const { client, gateway } = await opens({ withPassword: undefined });
    gateway.send("RFB 003.889\n");
    await client.receives("RFB 003.889\n");
    client.send("RFB 003.889\n");
    await gateway.receives("RFB 003.889\n");
    gateway.send("\x02\x1e\x23");
    await client.receives("RFB 003.889\n\x02\x1e\x23");
  });

  it("passes a greeting in pieces on as it comes", async () => {
    const { client, gateway } = await opens({ withPassword: undefined, subprotocols: channel });
    for (const letter of "RFB 003.008\n") gateway.send(letter);
    await client.receives("RFB 003.008\n");
    expect(client.texts.at(-1)).toBe('{"type":"step","step":"handshaking"}');
    for (const letter of "RFB 003.008\n") client.send(letter);
    await gateway.receives("RFB 003.008\n");
    for (const byte of [1, 1]) gateway.send(Buffer.from([byte]));
    await until("the types", () => client.received.subarray(12).equals(Buffer.from([1, 1])));
    expect(client.texts.at(-1)).toBe('{"type":"step","step":"open"}');
  });

  it("lets a person who knows the password sign in at the panel", async () => {
    const { client, gateway } = await opens({ withPassword: undefined });
    const viewer = new ClientHandshake({ password });
    const panel = new Panel(gateway, "3.8", "vnc");
    client.websocket.on("message", (data: Buffer) => {
      for (const part of viewer.receive(data).send) client.send(part);
    });
    panel.greet();
    await until("in", () => panel.outcome === "accepted");
  });

  it.each([
    ["an HTTP server", "HTTP/1.1 400 Bad Request\r\n\r\n", /it began with an HTTP answer/],
    ["garbage", "\x00\x01\x02", /it began with the bytes 000102/],
    ["an RFB version of long ago", "RFB 002.000\n", /too old/],
  ])("refuses %s and passes nothing of it on", async (_what, bytes, text) => {
    const { client, gateway } = await opens({ withPassword: undefined, subprotocols: channel });
    gateway.send(bytes);
    const { reason } = await client.closed;
    expect(reason).toMatch(/^protocol\.(malformed|unsupported)$/);
    expect((JSON.parse(client.texts.at(-1) ?? "") as { text: string }).text).toMatch(text);
    expect(client.receivedBytes).toBe(0);
    await world.nothingIsLeft();
  });

  it("panel.timeout after 15 s of silence", async () => {
    const { client } = await opens({ withPassword: undefined, subprotocols: channel });
    await world.clock.advance(15_000);
    expect(await client.closed).toEqual({ code: 4012, reason: "panel.timeout" });
    expect(client.texts.at(-1)).toMatch(/sent no VNC greeting within 15 s/);
    await world.nothingIsLeft();
  });
});

describe("a panel that offers only what the console cannot do", () => {
  const types = (...list: number[]) => Buffer.from([list.length, ...list]);

  async function offers(list: number[], subprotocols = channel) {
    const { client, gateway } = await opens({ withPassword: undefined, subprotocols });
    gateway.send("RFB 003.008\n");
    await client.receives("RFB 003.008\n");
    client.send("RFB 003.008\n");
    await gateway.receives("RFB 003.008\n");
    gateway.send(types(...list));
    return { client, gateway };
  }
  const asked = (client: Peer) => client.texts.find((text) => text.includes('"prompt"'));

  it("is left to the client where that may know it", async () => {
    const { client } = await offers([19], ["binary"]);
    await until("types", () => client.received.subarray(12).equals(types(19)));
  });

  it("is left to the client where one of the types is known", async () => {
    const { client } = await offers([19, 2]);
    await until("types", () => client.received.subarray(12).equals(types(19, 2)));
    expect(asked(client)).toBeUndefined();
  });

  it("is signed in at by the relay, with what a person enters for this session", async () => {
    const { client, gateway } = await offers([19]);
    await until("the question", () => asked(client));
    expect(client.received).toHaveLength(12);
    client.websocket.send(JSON.stringify({ type: "answer", id: 1, answers: ["", password] }));
    const sentBytes = (count: number) => gateway.received.subarray(12, 12 + count).toString("hex");
    await until("the choice", () => sentBytes(1) === "13");
    // VeNCrypt 0.2 with one subtype: VNC Authentication.
    gateway.send(Buffer.from([0, 2]));
    await until("the version", () => sentBytes(3) === "130002");
    gateway.send(Buffer.from([0, 1, 0, 0, 0, 2]));
    await until("the subtype", () => sentBytes(7) === "13000200000002");
    gateway.send(challenge);
    await until("the response", () => gateway.received.length === 12 + 7 + 16);
    gateway.send(Buffer.alloc(4));
    // Type None, chosen, and its result.
    await until("type None", () => client.received.subarray(12).equals(Buffer.from([1, 1])));
    client.send(Buffer.from([1]));
    await until("the result", () => client.received.subarray(14).equals(Buffer.alloc(4)));
    client.send("init");
    await until("the client's init", () => gateway.received.subarray(35).toString() === "init");
    gateway.send("server init");
    await until("the panel's init", () => client.received.subarray(18).toString() === "server init");
    const { records } = await world.audit.list({ skip: 0, take: 100 });
    expect(JSON.stringify([records, world.logLines])).not.toContain(password);
  });

  it("is let go when nobody answers", async () => {
    const { client } = await offers([19]);
    await until("the question", () => asked(client));
    await world.clock.advance(110_000);
    expect(await client.closed).toEqual({ code: 4061, reason: "auth.required" });
    expect(client.texts.at(-1)).toContain("Nobody answered");
    await world.nothingIsLeft();
  });

  it("has the time of a handshake after the answer, and no more", async () => {
    const { client } = await offers([19]);
    await until("the question", () => asked(client));
    client.websocket.send(JSON.stringify({ type: "answer", id: 1, answers: ["", password] }));
    await world.clock.advance(15_000);
    expect(await client.closed).toEqual({ code: 4012, reason: "panel.timeout" });
    await world.nothingIsLeft();
  });

  it("does not have to wait for a console that never says its version", async () => {
    const { client, gateway } = await opens({ withPassword: undefined, subprotocols: channel });
    gateway.send("RFB 003.008\n");
    await client.receives("RFB 003.008\n");
    await world.clock.advance(15_000);
    expect(await client.closed).toEqual({ code: 4002, reason: "client.stalled" });
    await world.nothingIsLeft();
  });

  it("is refused with what it offered", async () => {
    const { client } = await offers([5]);
    await until("the question", () => asked(client));
    client.websocket.send(JSON.stringify({ type: "answer", id: 1, answers: ["", ""] }));
    expect(await client.closed).toEqual({ code: 4050, reason: "protocol.unsupported" });
    expect(client.texts.at(-1)).toContain("RA2");
  });
});

describe("a panel of security type Tight alone", () => {
  it("is signed in at, and its lists behind ServerInit do not reach the client", async () => {
    const { client, gateway } = await opens({ withPassword: password });
    const viewer = new Viewer(client);
    const sent = (from: number, count: number) => gateway.received.subarray(from, from + count).toString("hex");
    gateway.send("RFB 003.008\n");
    await until("version", () => gateway.received.length === 12);
    gateway.send(Buffer.from([1, 16]));
    await until("choice", () => sent(12, 1) === "10");
    gateway.send(writeTightCapabilities([]));
    gateway.send(writeTightCapabilities([{ code: 2, vendor: "STDV", name: "VNCAUTH_" }]));
    await until("authentication", () => sent(13, 4) === "00000002");
    gateway.send(challenge);
    await until("response", () => gateway.received.length === 17 + 16);
    gateway.send(Buffer.alloc(4));
    expect(await until("the viewer is in", () => viewer.outcome)).toMatchObject({ kind: "authenticated" });
    const before = client.receivedBytes;
    client.send(Buffer.from([1]));
    await until("client init", () => gateway.received.length === 34);
    const serverInit = Buffer.concat([Buffer.alloc(20, 7), Buffer.from([0, 0, 0, 3]), Buffer.from("HMI")]);
    const lists = writeTightInteraction({
      serverMessages: [],
      clientMessages: [{ code: 1, vendor: "TGHT", name: "FTRQLIST" }],
      encodings: [],
    });
    gateway.send(Buffer.concat([serverInit, lists, Buffer.from("pixels")]));
    const expected = Buffer.concat([serverInit, Buffer.from("pixels")]);
    await until("ServerInit and what follows", () => client.received.subarray(before).equals(expected));
  });
});

describe("an endpoint that knows a certificate", () => {
  it("is not opened at a panel that shows none", async () => {
    const endpoint = await world.addsEndpoint({
      protocol: "VNC",
      credentialsType: "PASS_ONLY",
      password,
      hostKey: `SHA256:${"A".repeat(43)}`,
    });
    const client = world.client(endpoint, { subprotocols: channel });
    await client.opened;
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    await world.reports("EXECUTING");
    await world.reports("SUCCESSFUL");
    new Viewer(client);
    new Panel(gateway, "3.8", "vnc").greet();
    expect(await client.closed).toEqual({ code: 4063, reason: "hostkey.mismatch" });
    await world.nothingIsLeft();
  });
});
