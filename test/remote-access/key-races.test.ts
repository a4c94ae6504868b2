// Several sessions of an endpoint whose panel's key is not known yet: only one key can become the known one, for all of them.
import { createHash } from "node:crypto";
import ssh2, { type AuthContext } from "ssh2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "#cloud-stub/remote-access/endpoints.ts";
import { type CloudMessage, parseCloudMessage, writeSessionMessage } from "#protocol/session-channel.ts";
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

function blobOf(privateKey: string): Buffer {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return key.getPublicSSH();
}
const fingerprintOf = (privateKey: string) =>
  `SHA256:${createHash("sha256").update(blobOf(privateKey)).digest("base64").replace(/=+$/, "")}`;
const lineOf = (privateKey: string) => `ssh-ed25519 ${blobOf(privateKey).toString("base64")}`;

function takesPassword(context: AuthContext): void {
  if (context.method === "password" && context.password === "hunter22") context.accept();
  else context.reject(["password"]);
}

const addsEndpoint = () =>
  world.addsEndpoint({
    protocol: "SSH",
    port: 22,
    credentialsType: "USER_PASS",
    username: "root",
    password: "hunter22",
  });

const messages = (client: Peer): CloudMessage[] => client.texts.map((text) => parseCloudMessage(text));
const question = (client: Peer) => messages(client).find((message) => message.type === "host-key");
const closing = (client: Peer) => messages(client).find((message) => message.type === "closed");
const says = (client: Peer, message: Parameters<typeof writeSessionMessage>[0]) =>
  client.websocket.send(writeSessionMessage(message));

async function asksForATunnel(endpoint: Endpoint): Promise<{ readonly client: Peer; readonly connectionKey: string }> {
  const client = world.client(endpoint, { subprotocols: ["postern.session.v1"] });
  await client.opened;
  return { client, connectionKey: await world.connectionKey() };
}

async function reaches(connectionKey: string, privateKey: string): Promise<SshPanel> {
  const gateway = world.gateway(connectionKey);
  await gateway.opened;
  return new SshPanel(gateway, { judge: takesPassword, config: { hostKeys: [privateKey] } });
}

async function opens(endpoint: Endpoint, privateKey: string) {
  const { client, connectionKey } = await asksForATunnel(endpoint);
  return { client, panel: await reaches(connectionKey, privateKey) };
}

const keptKey = async (endpoint: Endpoint) =>
  (await world.remoteAccess.endpoints.get(endpoint.deviceId, endpoint.id))?.hostKey;

describe("a key that a person confirms", () => {
  it("ends another session that is asking about a different one, before that one gets the password", async () => {
    const endpoint = await addsEndpoint();
    const one = await opens(endpoint, hostKeys.ed25519);
    const other = await opens(endpoint, hostKeys.otherEd25519);
    await until("both questions", () => question(one.client) && question(other.client));
    says(one.client, { type: "accept-host-key", fingerprint: fingerprintOf(hostKeys.ed25519) });
    await until("the first shell", () => one.panel.channel);
    expect(await other.client.closed).toEqual({ code: 4063, reason: "hostkey.mismatch" });
    const { text } = closing(other.client) as { text: string };
    expect(text).toContain(fingerprintOf(hostKeys.ed25519));
    expect(text).toContain(fingerprintOf(hostKeys.otherEd25519));
    expect(other.panel.attempts).toEqual([]);
    expect(await keptKey(endpoint)).toBe(lineOf(hostKeys.ed25519));
  });

  it("leaves one of two that are confirmed in the same moment", async () => {
    const endpoint = await addsEndpoint();
    const one = await opens(endpoint, hostKeys.ed25519);
    const other = await opens(endpoint, hostKeys.otherEd25519);
    await until("both questions", () => question(one.client) && question(other.client));
    says(other.client, { type: "accept-host-key", fingerprint: fingerprintOf(hostKeys.otherEd25519) });
    says(one.client, { type: "accept-host-key", fingerprint: fingerprintOf(hostKeys.ed25519) });
    await until("one is closed", () => one.client.isClosed || other.client.isClosed);
    await settle();
    const kept = await keptKey(endpoint);
    const [loser, winner] = kept === lineOf(hostKeys.ed25519) ? [other, one] : [one, other];
    expect((await loser.client.closed).reason).toBe("hostkey.mismatch");
    expect(winner.client.isClosed).toBe(false);
  });

  it("is known to a session that waited for its gateway meanwhile: a different one is not even asked about", async () => {
    const endpoint = await addsEndpoint();
    const late = await asksForATunnel(endpoint);
    const one = await opens(endpoint, hostKeys.ed25519);
    await until("the question", () => question(one.client));
    says(one.client, { type: "accept-host-key", fingerprint: fingerprintOf(hostKeys.ed25519) });
    await until("kept", () => one.panel.channel);
    await settle();
    const panel = await reaches(late.connectionKey, hostKeys.otherEd25519);
    expect(await late.client.closed).toEqual({ code: 4063, reason: "hostkey.mismatch" });
    expect(question(late.client)).toBeUndefined();
    expect(panel.attempts).toEqual([]);
  });

  it("opens that session without a question if its panel shows the same", async () => {
    const endpoint = await addsEndpoint();
    const late = await asksForATunnel(endpoint);
    const one = await opens(endpoint, hostKeys.ed25519);
    await until("the question", () => question(one.client));
    says(one.client, { type: "accept-host-key", fingerprint: fingerprintOf(hostKeys.ed25519) });
    await until("kept", () => one.panel.channel);
    await settle();
    const panel = await reaches(late.connectionKey, hostKeys.ed25519);
    await until("a shell", () => panel.channel);
    expect(question(late.client)).toBeUndefined();
  });
});

describe("a client whose upgrade is being judged while a key is kept", () => {
  it("is judged anew, so that its session knows the key", async () => {
    const endpoint = await addsEndpoint();
    const one = await opens(endpoint, hostKeys.ed25519);
    await until("the question", () => question(one.client));
    // Held back once its endpoint has been read, without a key.
    const { endpoints } = world.remoteAccess;
    const get = endpoints.get.bind(endpoints);
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    endpoints.get = async (deviceId, endpointId) => {
      const read = await get(deviceId, endpointId);
      reached.resolve();
      await released.promise;
      return read;
    };
    const late = world.client(endpoint, { subprotocols: ["postern.session.v1"] });
    await reached.promise;
    endpoints.get = get;
    says(one.client, { type: "accept-host-key", fingerprint: fingerprintOf(hostKeys.ed25519) });
    await until("kept", () => one.panel.channel);
    await settle();
    released.resolve();
    await late.opened;
    await reaches(await world.connectionKey(), hostKeys.otherEd25519);
    expect(await late.closed).toEqual({ code: 4063, reason: "hostkey.mismatch" });
    expect(question(late)).toBeUndefined();
  });
});

describe("a key that is kept without a question", () => {
  it("ends a session that signed in at a panel with a different one", async () => {
    world.tenantOptions.set("remoteaccess/hostkey-autosave", "true");
    const endpoint = await addsEndpoint();
    const late = await asksForATunnel(endpoint);
    const one = await opens(endpoint, hostKeys.ed25519);
    await until("the first shell", () => one.panel.channel);
    await settle();
    const panel = await reaches(late.connectionKey, hostKeys.otherEd25519);
    expect(await late.client.closed).toEqual({ code: 4063, reason: "hostkey.mismatch" });
    expect(panel.attempts).toEqual([]);
    expect(await keptKey(endpoint)).toBe(lineOf(hostKeys.ed25519));
    expect(one.client.isClosed).toBe(false);
  });
});
