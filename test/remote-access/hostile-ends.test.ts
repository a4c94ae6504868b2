// Clients and panels that mean harm, or behave as if: what they can make the cloud keep, and how long.
import ssh2, { type AuthContext } from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sshAlgorithms } from "#cloud-stub/remote-access/protocols/ssh/ssh-algorithms.ts";
import { type CloudMessage, parseCloudMessage, writeSessionMessage } from "#protocol/session-channel.ts";
import { settle, until } from "./manual-clock.ts";
import { hostKeys, SshPanel } from "./ssh-panel.ts";
import { makeWire } from "./wire.ts";
import { type Peer, World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

const channel = ["postern.session.v1"];
const messages = (client: Peer): CloudMessage[] => client.texts.map((text) => parseCloudMessage(text));
const heldMax = () => Math.max(0, ...world.remoteAccess.heldBytes());

function takesPassword(context: AuthContext): void {
  if (context.method === "password") context.accept();
  else context.reject(["password"]);
}

async function opensSsh(
  options: { readonly clientWire?: ReturnType<typeof makeWire>; judge?: typeof takesPassword } = {},
) {
  const { clientWire = makeWire(), judge = takesPassword } = options;
  const key = ssh2.utils.parseKey(hostKeys.ed25519);
  if (key instanceof Error) throw key;
  const endpoint = await world.addsEndpoint({
    ...{ protocol: "SSH", port: 22, credentialsType: "USER_PASS", username: "root", password: "hunter22" },
    hostKey: `${key.type} ${key.getPublicSSH().toString("base64")}`,
  });
  const client = world.client(endpoint, { subprotocols: channel, wire: clientWire });
  await client.opened;
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  return { client, gateway, panel: new SshPanel(gateway, { judge }) };
}

describe("a client that sends without end and reads nothing", () => {
  it("is told only once that SSH has no break, however often it asks", async () => {
    const clientWire = makeWire();
    const { client, panel } = await opensSsh({ clientWire });
    await until("a shell", () => panel.channel);
    await settle();
    clientWire.far.isStalled = true;
    let held = 0;
    for (let round = 0; round < 40; round++) {
      for (let count = 0; count < 500; count++) client.websocket.send(writeSessionMessage({ type: "break" }));
      await settle(10);
      held = Math.max(held, heldMax());
    }
    // Of what comes in; the answers to 20000 would be above 1 MiB.
    expect(held).toBeLessThan(256 * 1024);
    clientWire.far.isStalled = false;
    clientWire.far.goOn();
    await until("the notice", () => messages(client).some(({ type }) => type === "notice"));
    await settle();
    expect(messages(client).filter(({ type }) => type === "notice")).toHaveLength(1);
  });

  it.each(["client", "gateway"] as const)("the pongs for a %s's pings do not pile up", async (who) => {
    const [clientWire, gatewayWire] = [makeWire(), makeWire()];
    const { client, gateway } = await world.opensPassthrough({ clientWire, gatewayWire });
    const [peer, wire] = who === "client" ? [client, clientWire] : [gateway, gatewayWire];
    wire.far.isStalled = true;
    let held = 0;
    for (let round = 0; round < 40 && !peer.wire.far.destroyed; round++) {
      for (let count = 0; count < 500; count++) peer.websocket.ping(Buffer.alloc(125));
      await settle(10);
      held = Math.max(held, heldMax());
    }
    expect(held).toBeLessThan(256 * 1024);
    expect(wire.far.destroyed).toBe(true);
    await world.clock.advance(10_000);
    await world.nothingIsLeft();
  });
});

describe("the text frames of a client", () => {
  /** A websocket frame from a client, masked with zeroes. */
  const frame = (opcode: number, isFinal: boolean, payloadBytes: number, sentBytes = payloadBytes) => {
    const header = Buffer.from([(isFinal ? 0x80 : 0) | opcode, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(payloadBytes, 6);
    return Buffer.concat([header, Buffer.alloc(sentBytes, "x")]);
  };

  it.each(["client", "gateway"] as const)("of a %s are not gathered beyond what a message may have", async (who) => {
    const { client, gateway } = await world.opensPassthrough({ subprotocols: channel });
    const peer = who === "client" ? client : gateway;
    // A beginning, so that nothing but its length can be wrong.
    peer.wire.near.write(frame(1, true, 300 * 1024, 1024));
    expect((await peer.closed).reason).toBe("protocol.too-large");
  });

  it("are not gathered beyond it in pieces either", async () => {
    const { client } = await world.opensPassthrough({ subprotocols: channel });
    for (let piece = 0; piece < 8; piece++) client.wire.near.write(frame(piece === 0 ? 1 : 0, false, 32 * 1024));
    expect((await client.closed).reason).toBe("protocol.too-large");
  });

  it("may be as long as the longest message of the channel", async () => {
    const { client, gateway } = await world.opensPassthrough({ subprotocols: channel });
    // Characters of three bytes, and a message that a passthrough has no use for.
    const answers = Array.from({ length: 8 }, () => "€".repeat(1024));
    client.websocket.send(JSON.stringify({ type: "answer", id: 1, answers }));
    client.send("still here");
    await gateway.receives("still here");
  });
});

describe("a panel that begins a new key exchange and never ends it", () => {
  it("makes nothing pile up from a client that resizes its window all the time, and hears the newest size at last", async () => {
    const { client, gateway, panel } = await opensSsh();
    await until("a shell", () => panel.channel);
    await settle();
    const before = panel.sizes.length;
    (panel.connection as unknown as { rekey(): void }).rekey();
    gateway.websocket.pause();
    await settle();
    for (let count = 1; count <= 900; count++) {
      client.websocket.send(writeSessionMessage({ type: "resize", columns: 100 + count, rows: 40 }));
    }
    await settle(2_000);
    gateway.websocket.resume();
    await until("the newest size", () => panel.sizes.at(-1)?.columns === 1000);
    // The first finds out that nothing passes; those between are of no use to anybody.
    expect(panel.sizes.length - before).toBeLessThanOrEqual(2);
    client.send("typed");
    await until("typing goes on", () => panel.typed === "typed");
  });
});

describe("an SSH session in which nobody does anything", () => {
  it("is idle although its panel asks from time to time whether it is still there", async () => {
    await world.stop();
    world = await World.start({ idleMs: 60_000 });
    const { client, panel } = await opensSsh();
    await until("a shell", () => panel.channel);
    await settle();
    // A keep-alive that wants an answer, as sshd sends it; ssh2's own words for it are not in its types.
    const { _protocol: protocol } = panel.connection as unknown as { _protocol: { ping(): void } };
    for (let second = 0; second < 70 && !client.isClosed; second += 10) {
      protocol.ping();
      await world.clock.advance(10_000);
    }
    expect(client.isClosed).toBe(true);
    expect((await client.closed).reason).toBe("session.idle");
  });

  it.each(["what is typed", "what is shown", "a new window size"])(
    "is not idle as long as there is %s",
    async (what) => {
      await world.stop();
      world = await World.start({ idleMs: 60_000 });
      const { client, panel } = await opensSsh();
      const shell = await until("a shell", () => panel.channel);
      for (let count = 0; count < 8; count++) {
        if (what === "what is typed") client.send("x");
        else if (what === "what is shown") shell.write("x");
        else client.websocket.send(writeSessionMessage({ type: "resize", columns: 100 + count, rows: 40 }));
        await world.clock.advance(30_000);
      }
      expect(client.isClosed).toBe(false);
    },
  );
});

describe("a panel that wants the password changed", () => {
  it("is said so at once, not after the time for the sign-in", async () => {
    const { client } = await opensSsh({
      judge: (context) => {
        if (context.method !== "password") context.reject(["password"]);
        else context.requestChange("Password expired", () => {});
      },
    });
    await until("closed", () => client.isClosed);
    expect(await client.closed).toEqual({ code: 4060, reason: "auth.failed" });
    expect(messages(client).at(-1)).toMatchObject({
      text: 'The panel wants a new password before it lets anybody in: "Password expired".',
    });
  });
});

describe("a panel that renews its keys", () => {
  /** ssh2's own word for it is not in the types of a server's connection. */
  const rekeys = async (panel: SshPanel) => {
    await new Promise<void>((resolve) =>
      (panel.connection as unknown as { rekey(done: () => void): void }).rekey(resolve),
    );
    await settle();
  };

  it("a few times a minute keeps its session, however long that goes on", async () => {
    const { client, panel } = await opensSsh();
    await until("a shell", () => panel.channel);
    for (let count = 0; count < 40; count++) {
      await rekeys(panel);
      client.send("x");
      await world.clock.advance(4_000);
    }
    expect(panel.typed).toBe("x".repeat(40));
    expect(client.isClosed).toBe(false);
  });

  it("again and again loses it: each time costs the cloud more than the panel", async () => {
    const { client, panel } = await opensSsh();
    await until("a shell", () => panel.channel);
    let count = 0;
    for (; count < 100 && !client.isClosed; count++) await Promise.race([rekeys(panel), client.closed]);
    expect((await client.closed).reason).toBe("protocol.too-large");
    expect(count).toBeLessThanOrEqual(25);
    expect(count).toBeGreaterThan(15);
    await world.nothingIsLeft();
  });

  it("is not asked to choose a group of its own, whose size nobody limits, unless the endpoint allows old algorithms", async () => {
    const groupExchanges = (allowsLegacy: boolean) => {
      const { kex } = sshAlgorithms({ allowsLegacy, knownKeyTypes: [] });
      return (Array.isArray(kex) ? kex : []).filter((name) => name.includes("group-exchange"));
    };
    expect(groupExchanges(false)).toEqual([]);
    expect(groupExchanges(true)).toHaveLength(2);
  });
});
