// A VNC endpoint that knows its panel's certificate tells nothing to a panel that shows none: whoever stands in between would offer less.
import { createSecureContext, TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settle, until } from "./manual-clock.ts";
import { makeCertificate } from "./panel-certificate.ts";
import { PanelEnd } from "./panel-end.ts";
import { type Peer, World } from "./world.ts";

const channel = ["postern.session.v1"];
const challenge = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

async function opens(fields: Record<string, unknown>) {
  const endpoint = await world.addsEndpoint({ protocol: "VNC", hostKey: `SHA256:${"A".repeat(43)}`, ...fields });
  const client = world.client(endpoint, { subprotocols: channel });
  await client.opened;
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  return { client, gateway };
}

const withPassword = { credentialsType: "PASS_ONLY", password: "pass1234" };
const withoutPassword = { credentialsType: "NONE" };

async function endsForTheCertificate(client: Peer): Promise<void> {
  expect(await client.closed).toEqual({ code: 4063, reason: "hostkey.mismatch" });
  expect(client.texts.at(-1)).toContain("showed no certificate");
  await world.nothingIsLeft();
}

describe("with a stored password", () => {
  // None, VNC Authentication, Tight; VeNCrypt without an X.509 subtype: TLSVnc 258, VNC Authentication 2, Plain 256.
  it.each([
    ["VNC Authentication", [2]],
    ["None", [1]],
    ["Tight", [16]],
  ])("nothing but the version goes to a panel that offers %s alone", async (_name, types) => {
    const { client, gateway } = await opens(withPassword);
    gateway.send("RFB 003.008\n");
    await until("version", () => gateway.received.length === 12);
    gateway.send(Buffer.from([types.length, ...types, ...challenge]));
    await endsForTheCertificate(client);
    expect(gateway.receivedBytes).toBe(12);
  });

  it("a panel of 3.3, which decides by itself, gets no answer to its challenge", async () => {
    const { client, gateway } = await opens(withPassword);
    gateway.send("RFB 003.003\n");
    await until("version", () => gateway.received.length === 12);
    gateway.send(Buffer.from([0, 0, 0, 2, ...challenge]));
    await endsForTheCertificate(client);
    expect(gateway.receivedBytes).toBe(12);
  });

  it.each([258, 2, 256, 257])("VeNCrypt's subtype %i is not taken", async (subtype) => {
    const { client, gateway } = await opens(withPassword);
    gateway.send("RFB 003.008\n");
    await until("version", () => gateway.received.length === 12);
    gateway.send(Buffer.from([1, 19]));
    await until("choice", () => gateway.received.length === 13);
    gateway.send(Buffer.from([0, 2]));
    await until("VeNCrypt version", () => gateway.received.length === 15);
    gateway.send(Buffer.from([0, 1, 0, 0, subtype >> 8, subtype & 0xff]));
    await endsForTheCertificate(client);
    expect(gateway.receivedBytes).toBe(15);
  });
});

describe("without a stored password", () => {
  const greets = async (version: string) => {
    const { client, gateway } = await opens(withoutPassword);
    gateway.send(version);
    await client.receives(version);
    client.send(version);
    await gateway.receives(version);
    return { client, gateway };
  };

  // In the console a person would type the password into a challenge of whoever stands in between.
  it.each([[[2]], [[1, 2]], [[16]], [[6, 30, 113]]])("the types %j never reach our own client", async (types) => {
    const { client, gateway } = await greets("RFB 003.008\n");
    gateway.send(Buffer.from([types.length, ...types]));
    await endsForTheCertificate(client);
    expect(client.receivedBytes).toBe(12);
  });

  it("the type that a panel of 3.3 decides on never reaches our own client", async () => {
    const { client, gateway } = await greets("RFB 003.003\n");
    gateway.send(Buffer.from([0, 0, 0, 2, ...challenge]));
    await endsForTheCertificate(client);
    expect(client.receivedBytes).toBe(12);
  });

  it("a client that says 3.3 to a panel of 3.8 changes nothing of it", async () => {
    const { client, gateway } = await opens(withoutPassword);
    gateway.send("RFB 003.008\n");
    await client.receives("RFB 003.008\n");
    client.send("RFB 003.003\n");
    await gateway.receives("RFB 003.003\n");
    gateway.send(Buffer.from([0, 0, 0, 2, ...challenge]));
    await endsForTheCertificate(client);
  });

  it("a panel that begins behind its greeting at once is no way around it", async () => {
    const { client, gateway } = await opens(withoutPassword);
    gateway.send(Buffer.concat([Buffer.from("RFB 003.008\n"), Buffer.from([1, 2])]));
    await settle();
    client.send("RFB 003.008\n");
    await client.closed;
    expect(client.received.includes(Buffer.from([1, 2]))).toBe(false);
    expect(client.texts.at(-1)).toContain('"closed"');
  });

  it("a panel that offers VeNCrypt is signed in at by the relay, whatever else it offers", async () => {
    const { client, gateway } = await greets("RFB 003.008\n");
    gateway.send(Buffer.from([2, 2, 19]));
    await until("the question", () => client.texts.some((text) => text.includes('"prompt"')));
    expect(client.receivedBytes).toBe(12);
    client.websocket.send(JSON.stringify({ type: "answer", id: 1, answers: ["", "pass1234"] }));
    await until("VeNCrypt chosen", () => gateway.received.length === 13);
    expect(gateway.received[12]).toBe(19);
  });
});

describe("a certificate that another session of the endpoint learnt", () => {
  /** A panel of VeNCrypt's X509None (260), whose certificate is kept once it took the sign-in. */
  async function learns(gateway: Peer): Promise<void> {
    const says = async (bytes: Buffer, answered: number) => {
      gateway.send(bytes);
      await until("the answer", () => gateway.receivedBytes === answered);
    };
    await says(Buffer.from("RFB 003.008\n"), 12);
    await says(Buffer.from([1, 19]), 13);
    await says(Buffer.from([0, 2]), 15);
    await says(Buffer.from([0, 1, 0, 0, 1, 4]), 19);
    const secureContext = createSecureContext(makeCertificate());
    const tls = new TLSSocket(new PanelEnd(gateway, { skip: 19 }), { isServer: true, secureContext });
    tls.on("error", () => {});
    gateway.send(Buffer.from([1]));
    await new Promise<void>((resolve) => tls.once("secure", () => resolve()));
    tls.write(Buffer.alloc(4));
  }

  it.each([
    ["a stored password", withPassword],
    ["none", withoutPassword],
  ])("counts for one that waits for its gateway, with %s", async (_what, late) => {
    world.tenantOptions.set("remoteaccess/hostkey-autosave", "true");
    const endpoint = await world.addsEndpoint({ protocol: "VNC", ...withPassword });
    const opens2 = async () => {
      const client = world.client(endpoint, { subprotocols: channel });
      await client.opened;
      return { client, connectionKey: await world.connectionKey() };
    };
    if (late === withoutPassword) {
      await world.remoteAccess.endpoints.update(endpoint.deviceId, endpoint.id, {
        ...{ name: "HMI", hostname: endpoint.hostname, port: endpoint.port, protocol: "VNC" },
        ...withoutPassword,
      });
    }
    const waiting = await opens2();
    await world.remoteAccess.endpoints.update(endpoint.deviceId, endpoint.id, {
      ...{ name: "HMI", hostname: endpoint.hostname, port: endpoint.port, protocol: "VNC" },
      ...withPassword,
    });
    const learning = await opens2();
    const learner = world.gateway(learning.connectionKey);
    await learner.opened;
    await learns(learner);
    await settle();
    expect((await world.remoteAccess.endpoints.get(endpoint.deviceId, endpoint.id))?.hostKey).toMatch(/^SHA256:/);
    const gateway = world.gateway(waiting.connectionKey);
    await gateway.opened;
    gateway.send("RFB 003.008\n");
    if (late === withoutPassword) {
      await waiting.client.receives("RFB 003.008\n");
      waiting.client.send("RFB 003.008\n");
    }
    await until("version", () => gateway.receivedBytes === 12);
    gateway.send(Buffer.from([1, 2, ...challenge]));
    expect((await waiting.client.closed).reason).toBe("hostkey.mismatch");
    expect(gateway.receivedBytes).toBe(12);
  });
});
