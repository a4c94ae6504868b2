// Telnet endpoints: raw for a client that negotiates itself, negotiated by the relay on our own channel.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseCloudMessage, writeSessionMessage } from "#protocol/session-channel.ts";
import { settle, until } from "./manual-clock.ts";
import { World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

// RFC 854, 1073, 1091: IAC WILL WONT DO DONT SB SE; TTYPE is 24, NAWS 31, ECHO 1.
const [iac, will, dont, doIt, sb, se] = [255, 251, 254, 253, 250, 240];
const [ttype, naws, echo] = [24, 31, 1];

async function opens(subprotocols: string[], size?: { columns: number; rows: number }) {
  const endpoint = await world.addsEndpoint({ protocol: "TELNET", port: 23 });
  const client = world.client(endpoint, { subprotocols });
  await client.opened;
  if (size !== undefined) client.websocket.send(writeSessionMessage({ type: "resize", ...size }));
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  await settle();
  return { client, gateway };
}

const channel = ["postern.session.v1"];

describe("a Telnet session", () => {
  it("passes every byte as it is to a client of Cumulocity", async () => {
    const { client, gateway } = await opens(["binary"]);
    const negotiation = Buffer.from([iac, doIt, ttype, iac, iac, 13, 0]);
    gateway.send(negotiation);
    client.send(negotiation);
    await until("panel", () => gateway.received.equals(negotiation));
    await until("client", () => client.received.equals(negotiation));
    expect(client.texts).toEqual([]);
  });

  it("warns our own client that Telnet is not encrypted", async () => {
    const { client } = await opens(channel);
    const notice = client.texts.map((text) => parseCloudMessage(text)).find(({ type }) => type === "notice");
    expect(notice).toMatchObject({ text: expect.stringContaining("not encrypted") });
  });

  it("negotiates for our own client, whatever the border of the frames", async () => {
    const { client, gateway } = await opens(channel, { columns: 132, rows: 43 });
    for (const byte of [iac, doIt, ttype, iac, doIt, naws, iac, will, echo, iac, sb, ttype, 1, iac, se, 0x68, 0x69]) {
      gateway.send(Buffer.of(byte));
    }
    await client.receives("hi");
    const sent = await until("answers", () => gateway.received.includes(Buffer.from([iac, se])) && gateway.received);
    expect(sent.includes(Buffer.from([iac, will, ttype]))).toBe(true);
    expect(sent.includes(Buffer.from([iac, will, naws, iac, sb, naws, 0, 132, 0, 43, iac, se]))).toBe(true);
    expect(sent.includes(Buffer.from([iac, doIt, echo]))).toBe(true);
    const name = Buffer.concat([
      Buffer.from([iac, sb, ttype, 0]),
      Buffer.from("xterm-256color"),
      Buffer.from([iac, se]),
    ]);
    await until("the terminal's name", () => gateway.received.includes(name));
  });

  it("tells the panel of a new size and of the break key", async () => {
    const { client, gateway } = await opens(channel, { columns: 80, rows: 24 });
    gateway.send(Buffer.from([iac, doIt, naws]));
    await until("size", () => gateway.received.includes(Buffer.from([naws, 0, 80, 0, 24])));
    client.websocket.send(writeSessionMessage({ type: "resize", columns: 100, rows: 30 }));
    await until("new size", () => gateway.received.includes(Buffer.from([iac, sb, naws, 0, 100, 0, 30, iac, se])));
    client.websocket.send(writeSessionMessage({ type: "break" }));
    await until("break", () => gateway.received.includes(Buffer.from([iac, 243])));
  });

  it("doubles IAC and sends CR as CR NUL", async () => {
    const { client, gateway } = await opens(channel);
    client.send(Buffer.from([0xff, 0x0d]));
    await until("typed", () => gateway.received.equals(Buffer.from([0xff, 0xff, 0x0d, 0])));
  });

  it("refuses what it does not do", async () => {
    const { gateway } = await opens(channel);
    gateway.send(Buffer.from([iac, doIt, 39, iac, will, 38]));
    await until("refusals", () => gateway.received.equals(Buffer.from([iac, 252, 39, iac, dont, 38])));
  });

  it("answers a panel that asks without end only so often, and reads all of it", async () => {
    const { gateway, client } = await opens(channel);
    // An option that is not known.
    const question = Buffer.alloc(63 * 1024);
    for (let at = 0; at < question.length; at += 3) question.set([iac, doIt, 39], at);
    for (let round = 0; round < 16; round++) gateway.send(question);
    gateway.send("over");
    await client.receives("over");
    expect(gateway.received.length).toBeLessThanOrEqual(64 * 3);
  });
});
