// VeNCrypt's TLS without a certificate: the session goes on, and the person is told what it does not keep out.
import { createSecureContext, TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CloudMessage, parseCloudMessage } from "#protocol/session-channel.ts";
import { until } from "./manual-clock.ts";
import { PanelEnd } from "./panel-end.ts";
import { type Peer, World } from "./world.ts";

let world: World;

beforeEach(async () => {
  world = await World.start();
});

afterEach(async () => {
  await world.stop();
});

/** TLSNone (257): nothing but TLS to sign in with. */
async function opens(subprotocols: string[]): Promise<{ readonly client: Peer; readonly gateway: Peer }> {
  const endpoint = await world.addsEndpoint({ protocol: "VNC", credentialsType: "PASS_ONLY", password: "pass1234" });
  const client = world.client(endpoint, { subprotocols });
  await client.opened;
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  const says = async (bytes: Buffer, answered: number) => {
    gateway.send(bytes);
    await until("the answer", () => gateway.receivedBytes === answered);
  };
  await says(Buffer.from("RFB 003.008\n"), 12);
  await says(Buffer.from([1, 19]), 13);
  await says(Buffer.from([0, 2]), 15);
  await says(Buffer.from([0, 1, 0, 0, 1, 1]), 19);
  const secureContext = createSecureContext({
    ciphers: "AECDH-AES256-SHA:@SECLEVEL=0",
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
  });
  const tls = new TLSSocket(new PanelEnd(gateway, { skip: 19 }), { isServer: true, secureContext });
  tls.on("error", () => {});
  gateway.send(Buffer.from([1]));
  await new Promise<void>((resolve) => tls.once("secure", () => resolve()));
  tls.write(Buffer.alloc(4));
  return { client, gateway };
}

describe("TLS without a certificate", () => {
  it("is said to a person at the console, once", async () => {
    const { client } = await opens(["postern.session.v1"]);
    const notices = () =>
      client.texts
        .map((text): CloudMessage => parseCloudMessage(text))
        .filter((message): message is Extract<CloudMessage, { type: "notice" }> => message.type === "notice");
    await until("a notice", () => notices().length > 0);
    client.websocket.close(1000);
    await client.closed;
    expect(notices()).toHaveLength(1);
    expect(notices()[0]?.text).toContain("shows no certificate");
  });

  it("puts nothing into the stream of a client of others", async () => {
    const { client } = await opens(["binary"]);
    await until("the greeting", () => client.receivedBytes >= 12);
    expect(client.texts).toEqual([]);
    expect(client.received.toString("latin1")).toBe("RFB 003.008\n");
  });
});
