// A bug in our own code costs the session in which it happens, and says so everywhere; other sessions do not notice.
import { CompiledQuery } from "kysely";
import ssh2 from "ssh2";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Leg } from "#cloud-stub/remote-access/leg.ts";
import { PanelKeyGuard } from "#cloud-stub/remote-access/protocols/panel-key.ts";
import { PassthroughStream } from "#cloud-stub/remote-access/protocols/passthrough.ts";
import { Relay } from "#cloud-stub/remote-access/relay.ts";
import { settle, until } from "./manual-clock.ts";
import { hostKeys, SshPanel } from "./ssh-panel.ts";
import { World } from "./world.ts";

let world: World;
const unheard: unknown[] = [];
const hear = (error: unknown) => unheard.push(error);

beforeEach(async () => {
  world = await World.start();
  process.on("uncaughtException", hear);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await world.stop();
  process.off("uncaughtException", hear);
  expect(unheard.splice(0)).toEqual([]);
});

const hostKey = ssh2.utils.parseKey(hostKeys.ed25519);
if (hostKey instanceof Error) throw hostKey;
const publicHostKey = `${hostKey.type} ${hostKey.getPublicSSH().toString("base64")}`;

const internalError = { code: 4099, reason: "internal.error" };
const bug = () => {
  throw new TypeError(`cannot parse "hunter2" at 11111111-1111-4111-8111-111111111111`);
};

/** A session in which nothing is wrong, beside the one with the bug. */
async function neighbour() {
  const { client, gateway } = await world.opensPassthrough();
  return {
    async isWell() {
      client.send("up");
      await gateway.receives("up");
      gateway.send("down");
      await client.receives("down");
      client.websocket.close(1000);
      await client.closed;
    },
  };
}

function throwsOnce(method: "start" | "fromClient" | "fromPanel" | "panelEnded"): void {
  vi.spyOn(PassthroughStream.prototype, method).mockImplementationOnce(bug);
}

/** What remains when a session has ended of a bug. */
async function toldEverywhere(status: "FAILED" | "SUCCESSFUL"): Promise<void> {
  await until("the session is gone", () => world.remoteAccess.sessions() === 0);
  const operation = await world.operation();
  expect(operation.status).toBe(status);
  if (status === "FAILED") expect(operation.failureReason).toMatch(/^internal\.error: /);
  const ended = (await world.auditOfSessions()).filter(({ activity }) => activity === "Remote access session ended");
  expect(ended).toEqual([expect.objectContaining({ reason: "internal.error", session: ended[0]?.["session"] })]);
  expect(world.events("session.failed")).toEqual([
    expect.objectContaining({
      level: "error",
      what: "exception",
      why: 'TypeError: cannot parse "…" at …',
      session: ended[0]?.["session"],
    }),
  ]);
  expect(world.logLines.join("\n")).not.toContain("hunter2");
  await world.nothingIsLeft();
}

it.each(["fromClient", "fromPanel", "panelEnded"] as const)(
  "an exception in the stream's %s ends that session at both ends, and only that",
  async (method) => {
    const { client, gateway } = await world.opensPassthrough();
    throwsOnce(method);
    if (method === "fromClient") client.send("up");
    else if (method === "fromPanel") gateway.send("down");
    else gateway.websocket.close(1000, "panel.closed");
    expect(await client.closed).toEqual(internalError);
    if (method !== "panelEnded") expect(await gateway.closed).toEqual(internalError);
    await toldEverywhere("SUCCESSFUL");
    await (await neighbour()).isWell();
  },
);

it("an exception while the stream starts fails the session, whose client hears it on its channel", async () => {
  throwsOnce("start");
  const endpoint = await world.addsEndpoint();
  const client = world.client(endpoint, { subprotocols: ["postern.session.v1"] });
  await client.opened;
  const gateway = world.gateway(await world.connectionKey());
  await gateway.opened;
  await world.reports("EXECUTING");
  await world.reports("SUCCESSFUL");
  expect([await client.closed, await gateway.closed]).toEqual([internalError, internalError]);
  expect(JSON.parse(client.texts.at(-1)!)).toMatchObject({ type: "closed", reason: "internal.error" });
  await toldEverywhere("SUCCESSFUL");
});

it.each([
  ["an action of the machine", "sendText"],
  ["the legs' own calls", "pause"],
] as const)("an exception in %s ends the one session", async (_what, method) => {
  const other = await neighbour();
  const endpoint = await world.addsEndpoint({ name: "Second" });
  const client = world.client(endpoint, { subprotocols: ["postern.session.v1"] });
  await client.opened;
  const key = await world.connectionKey();
  vi.spyOn(Leg.prototype, method).mockImplementationOnce(bug);
  if (method === "sendText") await world.reports("EXECUTING");
  else client.send(Buffer.alloc(70_000));
  expect(await client.closed).toEqual(internalError);
  await until("one session left", () => world.remoteAccess.sessions() === 1);
  expect((await world.operation()).failureReason).toMatch(/^internal\.error: /);
  await expect(world.gateway(key).refused).resolves.toMatchObject({ status: 404 });
  await other.isWell();
  await world.nothingIsLeft();
});

it.each(["judge", "signedIn"] as const)(
  "an exception on a turn of ssh2's own ends that session: %s",
  async (method) => {
    vi.spyOn(PanelKeyGuard.prototype, method).mockImplementationOnce(bug);
    const fields = { protocol: "SSH", port: 22, credentialsType: "USER_PASS", username: "root", password: "hunter22" };
    const endpoint = await world.addsEndpoint({ ...fields, hostKey: publicHostKey });
    const client = world.client(endpoint, { subprotocols: ["postern.session.v1"] });
    await client.opened;
    const gateway = world.gateway(await world.connectionKey());
    await gateway.opened;
    await world.reports("EXECUTING");
    await world.reports("SUCCESSFUL");
    new SshPanel(gateway, { judge: (context) => context.accept() });
    expect([await client.closed, await gateway.closed]).toEqual([internalError, internalError]);
    await toldEverywhere("SUCCESSFUL");
  },
);

it("a machine that breaks while its session opens closes both websockets and leaves nothing", async () => {
  vi.spyOn(Relay.prototype, "activeAtMs", "get").mockImplementationOnce(bug);
  const { client, gateway } = await world.opensPassthrough();
  expect([await client.closed, await gateway.closed]).toEqual([internalError, internalError]);
  await toldEverywhere("SUCCESSFUL");
});

it("a machine that breaks while its session closes still lets go of it", async () => {
  const { client } = await world.opensPassthrough();
  vi.spyOn(world.audit, "record").mockImplementationOnce(() => new Promise(() => {}));
  client.websocket.close(1000);
  await settle();
  expect(world.remoteAccess.sessions()).toBe(1);
  vi.spyOn(Leg.prototype, "terminate").mockImplementationOnce(bug);
  await world.clock.advance(120_000);
  await world.nothingIsLeft();
});

it("an exception while a session is made closes the client's websocket with the word", async () => {
  vi.spyOn(world.devices, "isOnline").mockImplementationOnce(bug);
  const client = world.client(await world.addsEndpoint());
  expect(await client.closed).toEqual(internalError);
  expect(world.remoteAccess.sessions()).toBe(0);
  await (await neighbour()).isWell();
});

it.each(["Remote access session started", "Remote access session ended"])(
  "row and audit record stand both or neither: %s",
  async (activity) => {
    const trigger = `create trigger full_disk before insert on audit_records when new.activity = '${activity}'
      begin select raise(abort, 'disk full'); end`;
    await world.store.db.executeQuery(CompiledQuery.raw(trigger));
    const { client } = await world.opensPassthrough();
    client.websocket.close(1000);
    await client.closed;
    await until("the session is gone", () => world.remoteAccess.sessions() === 0);
    const rows = await world.store.db.selectFrom("sessions").select(["id", "closed_at_ms", "reason"]).execute();
    const records = (await world.auditOfSessions()).map((record) => record["activity"]);
    if (activity === "Remote access session started") {
      expect([rows, records]).toEqual([[], ["Remote access session ended"]]);
    } else {
      expect(rows).toEqual([expect.objectContaining({ closed_at_ms: null, reason: null })]);
      expect(records).toEqual(["Remote access session started"]);
    }
    expect(world.events("session.failed")).toMatchObject([{ why: "disk full" }]);
  },
);
