// Each fault at each hop, and the word that each end then has: the table is written out, nothing in it is computed.
import { describe, expect, it } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import { halfOpen } from "#simulator/faults/half-open.ts";
import { oneWayPartition } from "#simulator/faults/one-way-partition.ts";
import { refuse } from "#simulator/faults/refuse.ts";
import { reset } from "#simulator/faults/reset.ts";
import { slowReader } from "#simulator/faults/slow-reader.ts";
import { stall } from "#simulator/faults/stall.ts";
import { uplinkSwap } from "#simulator/faults/uplink-swap.ts";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import { echoPanel, type RunningSink, sinkPanel, sourcePanel } from "#simulator/panels/byte-panels.ts";
import type { PanelProgram, RunningPanel } from "#simulator/panels/panel.ts";
import type { Site } from "#simulator/site.ts";
import { type CloseFrame, WebSocketTap } from "../support/websocket-tap.ts";
import { startSite } from "./start-site.ts";

type Panels = { readonly plc: PanelProgram<RunningPanel> };
type Step = (site: Site<Panels>, session: ClientSession) => void | Promise<void>;

interface Row {
  readonly what: string;
  readonly panel?: PanelProgram;
  /** Laid before the session is asked for. */
  readonly before?: (site: Site<Panels>) => void;
  /** The session does not come to stand. */
  readonly neverOpens?: boolean;
  /** Done once bytes flow. */
  readonly meanwhile?: Step;
  /** Lifts the fault and brings everything back, so that the ends can tell. */
  readonly heal?: (site: Site<Panels>) => void | Promise<void>;
  readonly operation: string;
  /** Text of the c8y_RemoteAccessClosed event, its first word; undefined: no such event. */
  readonly event: string | undefined;
  readonly device: CloseFrame | undefined;
  readonly client: CloseFrame | undefined;
  readonly audit: string;
  /** Reasons of all `tunnel.closed` lines. */
  readonly gatewayLog: readonly string[];
  /** Reasons of all `session.closed` lines. */
  readonly cloudLog: readonly string[];
}

/** Bytes that somebody sends while the fault is there. */
const typing: Step = (site, session) => typeFor(site, session, 60);

async function typeFor(site: Site<Panels>, session: ClientSession, seconds: number): Promise<void> {
  for (let second = 0; second < seconds && session.ending === undefined; second++) {
    session.says(Buffer.from("x"));
    await site.clock.advance(1000);
  }
}

const rows: readonly Row[] = [
  {
    what: "the panel refuses",
    before: (site) => void site.between("gateway", "plc").apply(refuse()),
    neverOpens: true,
    operation: "FAILED panel.refused",
    event: undefined,
    // The panel says no before the device websocket stands.
    device: undefined,
    client: { by: "cloud", code: 4010, text: "panel.refused" },
    audit: "panel.refused",
    gatewayLog: ["panel.refused"],
    cloudLog: ["panel.refused"],
  },
  {
    what: "the panel is a black hole when it is dialled",
    before: (site) => void site.between("gateway", "plc").apply(blackHole()),
    neverOpens: true,
    operation: "FAILED panel.timeout",
    event: undefined,
    device: { by: "gateway", code: 4012, text: "panel.timeout" },
    client: { by: "cloud", code: 4012, text: "panel.timeout" },
    audit: "panel.timeout",
    gatewayLog: ["panel.timeout"],
    cloudLog: ["panel.timeout"],
  },
  {
    what: "the panel resets in mid-session",
    meanwhile: (site) => void site.between("gateway", "plc").apply(reset()),
    operation: "SUCCESSFUL",
    event: "panel.reset",
    device: { by: "gateway", code: 4013, text: "panel.reset" },
    client: { by: "cloud", code: 4013, text: "panel.reset" },
    audit: "panel.reset",
    gatewayLog: ["panel.reset"],
    cloudLog: ["panel.reset"],
  },
  {
    what: "the panel becomes a black hole while somebody types",
    meanwhile: async (site, session) => {
      site.between("gateway", "plc").apply(blackHole());
      await typing(site, session);
    },
    operation: "SUCCESSFUL",
    event: "panel.lost",
    device: { by: "gateway", code: 4014, text: "panel.lost" },
    client: { by: "cloud", code: 4014, text: "panel.lost" },
    audit: "panel.lost",
    gatewayLog: ["panel.lost"],
    cloudLog: ["panel.lost"],
  },
  {
    what: "the panel becomes a black hole while nobody types",
    meanwhile: async (site) => {
      site.between("gateway", "plc").apply(blackHole());
      await site.clock.advance(200_000);
    },
    operation: "SUCCESSFUL",
    event: "panel.lost",
    device: { by: "gateway", code: 4014, text: "panel.lost" },
    client: { by: "cloud", code: 4014, text: "panel.lost" },
    audit: "panel.lost",
    gatewayLog: ["panel.lost"],
    cloudLog: ["panel.lost"],
  },
  {
    what: "the panel ends its stream with data under way in both directions",
    panel: sourcePanel({ bytes: 300_000 }),
    meanwhile: (_site, session) => session.says(Buffer.alloc(50_000, 1)),
    operation: "SUCCESSFUL",
    event: "panel.closed",
    device: { by: "gateway", code: 1000, text: "panel.closed" },
    client: { by: "cloud", code: 1000, text: "panel.closed" },
    audit: "panel.closed",
    gatewayLog: ["panel.closed"],
    cloudLog: ["panel.closed"],
  },
  {
    what: "the gateway's power is cut while it opens the tunnel",
    before: (site) => void site.between("gateway", "plc").apply(blackHole()),
    neverOpens: true,
    meanwhile: async (site) => {
      await site.clock.until(() => site.gatewayLog.some(({ event }) => event === "tunnel.requested"), {
        what: "the gateway to take the request",
      });
      await site.clock.advance(2_000);
      site.powerCut();
    },
    heal: async (site) => {
      site.powerOn();
      await site.gatewayIsOnline();
    },
    operation: "FAILED gateway.lost",
    event: undefined,
    device: { by: "cloud", code: 4032, text: "gateway.lost" },
    client: { by: "cloud", code: 4032, text: "gateway.lost" },
    audit: "gateway.lost",
    gatewayLog: [],
    cloudLog: ["gateway.lost"],
  },
  {
    what: "the gateway's power is cut in mid-session",
    meanwhile: (site) => site.powerCut(),
    heal: async (site) => {
      site.powerOn();
      await site.gatewayIsOnline();
    },
    operation: "SUCCESSFUL",
    event: undefined,
    device: { by: "cloud", code: 4032, text: "gateway.lost" },
    client: { by: "cloud", code: 4032, text: "gateway.lost" },
    audit: "gateway.lost",
    gatewayLog: [],
    cloudLog: ["gateway.lost"],
  },
  {
    what: "the cloud restarts in order in mid-session",
    meanwhile: (site) => site.cloudRestarts(),
    heal: (site) => site.gatewayIsOnline(120_000),
    operation: "SUCCESSFUL",
    event: "cloud.stopping",
    device: { by: "cloud", code: 4034, text: "cloud.stopping" },
    client: { by: "cloud", code: 4034, text: "cloud.stopping" },
    audit: "cloud.stopping",
    gatewayLog: ["cloud.stopping"],
    cloudLog: ["cloud.stopping"],
  },
  {
    what: "the cloud is killed in mid-session",
    meanwhile: (site) => site.cloudRestarts({ hard: true }),
    heal: async (site) => {
      await site.clock.until(() => site.gatewayLog.some(({ event }) => event === "connectivity.offline"), {
        what: "the gateway to notice",
      });
      await site.gatewayIsOnline(120_000);
    },
    operation: "SUCCESSFUL",
    event: "cloud.lost",
    device: undefined,
    client: undefined,
    audit: "cloud.lost",
    gatewayLog: ["cloud.lost"],
    cloudLog: ["cloud.lost"],
  },
  {
    what: "MQTT is cut in mid-session, and the session lives on until the person closes it",
    meanwhile: async (site, session) => {
      const lift = site.between("gateway", "cloud").apply(reset({ port: 8883 }));
      await site.clock.until(() => site.gateway.status().connectivity !== "online", { what: "the gateway to notice" });
      const before = session.bytesReceived;
      session.says(Buffer.from("still"));
      await session.receives(before + 5);
      lift();
      await site.gatewayIsOnline(120_000);
      await session.disconnects();
    },
    operation: "SUCCESSFUL",
    event: "client.closed",
    device: { by: "cloud", code: 1000, text: "client.closed" },
    client: { by: "operator", code: 1000, text: "client.closed" },
    audit: "client.closed",
    gatewayLog: ["client.closed"],
    cloudLog: ["client.closed"],
  },
  {
    what: "the client's way to the cloud becomes a black hole",
    meanwhile: async (site) => {
      await site.between("operator", "cloud").during(blackHole(), () => site.clock.advance(60_000));
    },
    operation: "SUCCESSFUL",
    event: "client.lost",
    device: { by: "cloud", code: 4001, text: "client.lost" },
    client: undefined,
    audit: "client.lost",
    gatewayLog: ["client.lost"],
    cloudLog: ["client.lost"],
  },
  {
    what: "the client breaks off without a word",
    meanwhile: (_site, session) => session.breaks(),
    operation: "SUCCESSFUL",
    event: "client.lost",
    device: { by: "cloud", code: 4001, text: "client.lost" },
    client: undefined,
    audit: "client.lost",
    gatewayLog: ["client.lost"],
    cloudLog: ["client.lost"],
  },
  {
    what: "the client takes nothing while the panel streams",
    panel: sourcePanel({ bytes: 5_000_000 }),
    meanwhile: async (site, session) => {
      session.pauses();
      await site.clock.advance(60_000);
      session.resumes();
    },
    operation: "SUCCESSFUL",
    event: "client.stalled",
    device: { by: "cloud", code: 4002, text: "client.stalled" },
    client: undefined,
    audit: "client.stalled",
    gatewayLog: ["client.stalled"],
    cloudLog: ["client.stalled"],
  },
  {
    what: "the panel takes nothing while the client sends bulk",
    panel: sinkPanel(),
    meanwhile: async (site, session) => {
      (site.panels.plc as RunningSink).paused = true;
      for (let sent = 0; sent < 1_000_000; sent += 50_000) session.says(Buffer.alloc(50_000));
      await site.clock.advance(60_000);
    },
    heal: (site) => {
      (site.panels.plc as RunningSink).paused = false;
    },
    operation: "SUCCESSFUL",
    event: "panel.stalled",
    device: { by: "gateway", code: 4015, text: "panel.stalled" },
    client: { by: "cloud", code: 4015, text: "panel.stalled" },
    audit: "panel.stalled",
    gatewayLog: ["panel.stalled"],
    cloudLog: ["panel.stalled"],
  },
  {
    what: "the gateway's way to the cloud becomes a black hole",
    meanwhile: async (site) => {
      await site.between("gateway", "cloud").during(blackHole(), () => site.clock.advance(60_000));
      await site.gatewayIsOnline(180_000);
    },
    operation: "SUCCESSFUL",
    event: "cloud.lost",
    device: undefined,
    client: { by: "cloud", code: 4032, text: "gateway.lost" },
    audit: "gateway.lost",
    gatewayLog: ["cloud.lost"],
    cloudLog: ["gateway.lost"],
  },
  {
    what: "the gateway's bytes do not reach the panel while somebody types",
    meanwhile: async (site, session) => {
      site.from("gateway").to("plc").apply(oneWayPartition());
      await typing(site, session);
    },
    operation: "SUCCESSFUL",
    event: "panel.lost",
    device: { by: "gateway", code: 4014, text: "panel.lost" },
    client: { by: "cloud", code: 4014, text: "panel.lost" },
    audit: "panel.lost",
    gatewayLog: ["panel.lost"],
    cloudLog: ["panel.lost"],
  },
  {
    what: "the panel's bytes and acknowledgements do not come back while somebody types",
    meanwhile: async (site, session) => {
      site.from("plc").to("gateway").apply(oneWayPartition());
      await typing(site, session);
    },
    operation: "SUCCESSFUL",
    event: "panel.lost",
    device: { by: "gateway", code: 4014, text: "panel.lost" },
    client: { by: "cloud", code: 4014, text: "panel.lost" },
    audit: "panel.lost",
    gatewayLog: ["panel.lost"],
    cloudLog: ["panel.lost"],
  },
  {
    what: "the gateway's bytes do not reach the cloud",
    meanwhile: async (site) => {
      const lift = site.from("gateway").to("cloud").apply(oneWayPartition());
      await site.clock.advance(60_000);
      lift();
      await site.gatewayIsOnline(180_000);
    },
    operation: "SUCCESSFUL",
    event: "gateway.lost",
    device: { by: "cloud", code: 4032, text: "gateway.lost" },
    client: { by: "cloud", code: 4032, text: "gateway.lost" },
    audit: "gateway.lost",
    gatewayLog: ["gateway.lost"],
    cloudLog: ["gateway.lost"],
  },
  {
    what: "the cloud's bytes do not reach the gateway",
    meanwhile: async (site) => {
      const lift = site.from("cloud").to("gateway").apply(oneWayPartition());
      await site.clock.advance(60_000);
      lift();
      await site.gatewayIsOnline(180_000);
    },
    operation: "SUCCESSFUL",
    event: "cloud.lost",
    device: { by: "gateway", code: 4033, text: "cloud.lost" },
    client: { by: "cloud", code: 4033, text: "cloud.lost" },
    audit: "cloud.lost",
    gatewayLog: ["cloud.lost"],
    cloudLog: ["cloud.lost"],
  },
  {
    what: "the panel's system forgets the connection while somebody types",
    meanwhile: async (site, session) => {
      site.between("gateway", "plc").apply(halfOpen());
      await typing(site, session);
    },
    operation: "SUCCESSFUL",
    event: "panel.reset",
    device: { by: "gateway", code: 4013, text: "panel.reset" },
    client: { by: "cloud", code: 4013, text: "panel.reset" },
    audit: "panel.reset",
    gatewayLog: ["panel.reset"],
    cloudLog: ["panel.reset"],
  },
  {
    what: "the panel's system forgets the connection while nobody types",
    meanwhile: async (site) => {
      site.between("gateway", "plc").apply(halfOpen());
      await site.clock.advance(120_000);
    },
    operation: "SUCCESSFUL",
    event: "panel.reset",
    device: { by: "gateway", code: 4013, text: "panel.reset" },
    client: { by: "cloud", code: 4013, text: "panel.reset" },
    audit: "panel.reset",
    gatewayLog: ["panel.reset"],
    cloudLog: ["panel.reset"],
  },
  {
    what: "the cloud's system forgets the device websocket",
    meanwhile: async (site) => {
      site.between("gateway", "cloud").apply(halfOpen({ port: 8443 }));
      await site.clock.advance(60_000);
    },
    operation: "SUCCESSFUL",
    event: "cloud.lost",
    device: undefined,
    client: { by: "cloud", code: 4032, text: "gateway.lost" },
    audit: "gateway.lost",
    gatewayLog: ["cloud.lost"],
    cloudLog: ["gateway.lost"],
  },
  {
    what: "the gateway's system forgets the device websocket",
    meanwhile: async (site) => {
      site.between("gateway", "cloud").apply(halfOpen({ end: "near", port: 8443 }));
      await site.clock.advance(60_000);
    },
    operation: "SUCCESSFUL",
    event: "cloud.lost",
    device: undefined,
    client: { by: "cloud", code: 4032, text: "gateway.lost" },
    audit: "gateway.lost",
    gatewayLog: ["cloud.lost"],
    cloudLog: ["gateway.lost"],
  },
  {
    what: "a middlebox alters what passes between gateway and cloud",
    meanwhile: async (site, session) => {
      const lift = site.between("gateway", "cloud").apply(corrupt());
      await typeFor(site, session, 5);
      lift();
      await site.gatewayIsOnline(180_000);
    },
    operation: "SUCCESSFUL",
    event: "cloud.lost",
    device: undefined,
    client: { by: "cloud", code: 4032, text: "gateway.lost" },
    audit: "gateway.lost",
    gatewayLog: ["cloud.lost"],
    cloudLog: ["gateway.lost"],
  },
  {
    what: "the panel's program is frozen while the client sends bulk",
    panel: sinkPanel(),
    meanwhile: async (site, session) => {
      site.from("gateway").to("plc").apply(stall());
      for (let sent = 0; sent < 1_000_000; sent += 50_000) session.says(Buffer.alloc(50_000));
      await site.clock.advance(60_000);
    },
    operation: "SUCCESSFUL",
    event: "panel.stalled",
    device: { by: "gateway", code: 4015, text: "panel.stalled" },
    client: { by: "cloud", code: 4015, text: "panel.stalled" },
    audit: "panel.stalled",
    gatewayLog: ["panel.stalled"],
    cloudLog: ["panel.stalled"],
  },
  {
    what: "the panel only reads slowly while the client sends bulk, and the session lives until the person closes it",
    panel: sinkPanel(),
    meanwhile: async (site, session) => {
      site.from("gateway").to("plc").apply(slowReader(20_000));
      for (let sent = 0; sent < 1_000_000; sent += 50_000) session.says(Buffer.alloc(50_000));
      await site.clock.advance(120_000);
      await session.disconnects();
    },
    operation: "SUCCESSFUL",
    event: "client.closed",
    device: { by: "cloud", code: 1000, text: "client.closed" },
    client: { by: "operator", code: 1000, text: "client.closed" },
    audit: "client.closed",
    gatewayLog: ["client.closed"],
    cloudLog: ["client.closed"],
  },
  {
    what: "the panel reads so slowly that its window opens less than once in the limit",
    panel: sinkPanel(),
    meanwhile: async (site, session) => {
      site.from("gateway").to("plc").apply(slowReader(200));
      for (let sent = 0; sent < 1_000_000; sent += 50_000) session.says(Buffer.alloc(50_000));
      await site.clock.advance(60_000);
    },
    operation: "SUCCESSFUL",
    event: "panel.stalled",
    device: { by: "gateway", code: 4015, text: "panel.stalled" },
    client: { by: "cloud", code: 4015, text: "panel.stalled" },
    audit: "panel.stalled",
    gatewayLog: ["panel.stalled"],
    cloudLog: ["panel.stalled"],
  },
  {
    what: "the gateway's uplink goes down and another one takes over",
    meanwhile: async (site) => {
      await site.during(uplinkSwap(), async () => {
        await site.clock.advance(60_000);
        await site.gatewayIsOnline(180_000);
      });
    },
    operation: "SUCCESSFUL",
    event: "cloud.lost",
    device: undefined,
    client: { by: "cloud", code: 4032, text: "gateway.lost" },
    audit: "gateway.lost",
    gatewayLog: ["cloud.lost"],
    cloudLog: ["gateway.lost"],
  },
];

describe("fault by hop", () => {
  it.each(rows)("$what", async (row) => {
    await using site = await startSite({
      seed: 11,
      panels: { plc: row.panel ?? echoPanel() },
      gateway: { cloud: { mqttOver: "tls" } },
    });
    const tap = new WebSocketTap(site.network);
    row.before?.(site);
    const session = await site.operator.opens("plc");
    if (row.neverOpens !== true) {
      await session.reaches("open");
      await proveThatBytesFlow(row, session);
    }
    await row.meanwhile?.(site, session);
    await session.ends(200_000);
    await row.heal?.(site);
    await site.clock.until(() => site.gateway.status().tunnels.length === 0, { what: "the tunnel to end" });
    await site.clock.advance(5_000);

    expect(await ends(site, tap)).toEqual({
      operation: row.operation,
      timesEnded: 1,
      event: row.event,
      device: row.device,
      client: row.client,
      audit: [row.audit],
      gatewayLog: row.gatewayLog,
      cloudLog: row.cloudLog,
    });
    expect(site.cloud.status().sessions).toBe(0);
    // What only the panel's own system still has is not ours.
    await site.clock.advance(1_000);
    const left = site.openConnections().filter((name) => /> (plc|cloud):(7|9|19|8443)\b/.test(name));
    expect(left.filter((name) => !name.endsWith("(only plc still has it)"))).toEqual([]);
    // What else might be left (sockets, timers, actors) fails the site's own end.
  });
});

async function proveThatBytesFlow(row: Row, session: ClientSession): Promise<void> {
  if (row.panel !== undefined) return;
  session.says(Buffer.from("hello"));
  await session.receives(5);
}

/** What each end has to say of the only session. */
async function ends(site: Site<Panels>, tap: WebSocketTap) {
  const [operation, ...more] = await site.operator.operations();
  expect(more).toEqual([]);
  const [word] = String(operation?.["failureReason"] ?? "").split(":");
  const records = (await site.operator.auditRecords()).map(
    ({ postern_Session }) => postern_Session as Reasoned | undefined,
  );
  const events = (await site.operator.events()).filter(({ type }) => type === "c8y_RemoteAccessClosed");
  expect(events.length).toBeLessThanOrEqual(1);
  return {
    operation: [operation?.["status"], word].filter(Boolean).join(" "),
    timesEnded: await timesEnded(site),
    event: events.map(({ text }) => String(text).split(" ")[0])[0],
    device: tap.deviceClose(),
    client: tap.clientClose(),
    audit: records.flatMap((record) => (record?.reason === undefined ? [] : [record.reason])),
    gatewayLog: reasons(site.gatewayLog, "tunnel.closed"),
    cloudLog: reasons(site.cloudLog, "session.closed"),
  };
}

interface Reasoned {
  readonly reason?: string;
}

/** How often the operation's record went to an ended status, by the audit trail of the operation itself. */
async function timesEnded(site: Site<Panels>): Promise<number> {
  const records = await site.operator.auditRecords();
  return records.filter(
    ({ activity, text }) => activity === "Operation updated" && /SUCCESSFUL|FAILED/.test(String(text)),
  ).length;
}

function reasons(log: readonly { readonly event: string }[], event: string): string[] {
  return log.filter((line) => line.event === event).map((line) => String((line as Reasoned).reason));
}
