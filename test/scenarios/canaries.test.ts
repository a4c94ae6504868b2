// Secrets of a whole run, looked for in every output, answer, frame and file; and the search finds them when masking is taken out.
import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import type { Site } from "#simulator/site.ts";
import { type CanaryHit, findCanary } from "../support/canary.ts";

/** At most 8 characters: VNC Authentication looks at no more. */
const panelPassword = "cAn4ry_P";
const wrongPassword = "wr0ng_cA";
const freshPassword = "fr3sh-cA";

type Places = Readonly<Record<string, Uint8Array | string>>;

interface Evidence {
  readonly keys: readonly string[];
  readonly places: Places;
  readonly hits: readonly CanaryHit[];
}

afterEach(() => {
  vi.doUnmock("#protocol/remote-access.ts");
  vi.doUnmock("#cloud-stub/remote-access/vault.ts");
  vi.doUnmock("#firmware/tunnel/tunnel-words.ts");
  vi.resetModules();
});

describe("the panels' passwords and the connection keys", () => {
  it("occur in no log, no answer, no frame to a client and no file", async () => {
    const { keys, places, hits } = await searchedRun();
    expect(keys.length).toBeGreaterThanOrEqual(3);
    expect(hits).toEqual([]);
    // A copy of a log with one line more: each secret is found in it, and nowhere else.
    for (const log of ["the gateway's log", "the cloud's log"]) {
      for (const secret of secretsWith(keys)) {
        const line = JSON.stringify({ event: "tunnel.closed", why: `no answer for ${secret}` });
        const planted = search({ ...places, [log]: `${String(places[log])}\n${line}` }, keys);
        expect(planted).toContainEqual({ where: log, form: "raw" });
        expect(new Set(planted.map(({ where }) => where))).toEqual(new Set([log]));
      }
    }
  });

  it("are found by this search when the gateway logs what it was asked for as it is", async () => {
    vi.doMock("#firmware/tunnel/tunnel-words.ts", async (original) => {
      const real = await original<typeof import("#firmware/tunnel/tunnel-words.ts")>();
      return {
        ...real,
        requestedEntry: (requested: Parameters<typeof real.requestedEntry>[0]) => {
          const entry = real.requestedEntry(requested);
          return { ...entry, fields: { ...entry.fields, request: JSON.stringify(requested.request) } };
        },
      };
    });
    const { hits } = await searchedRun();
    expect(new Set(hits.map(({ where }) => where))).toEqual(new Set(["the gateway's log"]));
  });

  it("are found by this search when paths are no longer redacted", async () => {
    vi.doMock("#protocol/remote-access.ts", async (original) => ({
      ...(await original<object>()),
      redactPath: (path: string) => path,
    }));
    const { hits } = await searchedRun();
    expect(hits.map(({ where }) => where)).toContain("the cloud's log");
  });

  it("are found by this search when the vault no longer seals", async () => {
    vi.doMock("#cloud-stub/remote-access/vault.ts", async (original) => ({
      ...(await original<object>()),
      createVault: () => ({
        seal: (clear: Uint8Array | string) => Buffer.from(clear as Uint8Array).toString("base64url"),
        open: (sealed: string) => new Uint8Array(Buffer.from(sealed, "base64url")),
      }),
    }));
    const { hits } = await searchedRun();
    expect(hits.some(({ where }) => where.startsWith("the cloud's database"))).toBe(true);
  });
});

/** Everything that a run does with secrets, then the search. Modules are loaded anew, so that what is mocked is used. */
async function searchedRun(): Promise<Evidence> {
  vi.resetModules();
  const { Site } = await import("#simulator/site.ts");
  const { vncPanel } = await import("#simulator/panels/vnc-panel.ts");
  const panels = {
    press4: vncPanel({ password: panelPassword }),
    mixer2: vncPanel({ password: panelPassword, endpointPassword: wrongPassword }),
  };
  await using site = await Site.start({ seed: 5, panels });
  const toClients: Buffer[] = [];
  const toCloud: Buffer[] = [];
  site.network.watchArrivals((conversation, { at, kind, bytes }) => {
    if (kind !== "bytes") return;
    if (at === "client" && conversation.client.host === "operator") toClients.push(Buffer.from(bytes));
    if (at === "server" && conversation.server.host === "cloud") toCloud.push(Buffer.from(bytes));
  });
  await handleSecrets(site);
  const upstream = Buffer.concat(toCloud).toString("latin1");
  const keys = [
    ...new Set(
      [...upstream.matchAll(/GET \/service\/remoteaccess\/device\/([0-9a-f-]{36})/g)].map(([, key]) => String(key)),
    ),
  ];
  const places: Record<string, Uint8Array | string> = {
    "the cloud's log": JSON.stringify(site.cloudLog),
    "the gateway's log": JSON.stringify(site.gatewayLog),
    "what clients were sent": Buffer.concat(toClients),
  };
  for (const ending of ["", "-wal", "-shm"]) {
    const file = `${site.databaseFile}${ending}`;
    if (existsSync(file)) places[`the cloud's database ${ending}`] = readFileSync(file);
  }
  for (const [name, contents] of site.board.disk.files) places[`the gateway's file ${name}`] = contents;
  return { keys, places, hits: search(places, keys) };
}

function secretsWith(keys: readonly string[]): readonly string[] {
  return [panelPassword, wrongPassword, freshPassword, ...keys];
}

function search(places: Places, keys: readonly string[]): readonly CanaryHit[] {
  return Object.entries(places).flatMap(([where, contents]) =>
    secretsWith(keys).flatMap((secret) => findCanary(where, contents, secret)),
  );
}

async function handleSecrets(site: Site): Promise<void> {
  const { operator } = site;
  const vnc = await operator.opensVnc("press4");
  await vnc.showsPicture();
  await vnc.disconnects();
  const raw = await operator.opensVnc("press4", { subprotocols: ["binary"] });
  await raw.showsPicture();
  await raw.disconnects();
  await (await operator.opensVnc("mixer2")).ends();
  await readWhileOpening(site);

  // Somebody tries keys that are not theirs, with what the cloud then logs and answers.
  await operator.asks("GET", "/service/remoteaccess/device/00000000-0000-4000-8000-000000000000?token=abc");
  await presentKeyAgain(site);

  // Answers with endpoints, good and bad.
  const base = `/service/remoteaccess/devices/${operator.deviceId}/configurations`;
  const [endpoint] = await operator.endpoints();
  const changed = { ...endpoint, credentialsType: "PASS_ONLY", password: freshPassword };
  expect((await operator.asks("PUT", `${base}/${String(endpoint?.["id"])}`, { ...changed, port: 70000 })).status).toBe(
    422,
  );
  expect((await operator.asks("PUT", `${base}/${String(endpoint?.["id"])}`, changed)).status).toBe(200);
  for (const path of [
    base,
    `${base}/${String(endpoint?.["id"])}`,
    `/inventory/managedObjects/${operator.deviceId}`,
    `/devicecontrol/operations?deviceId=${operator.deviceId}`,
    `/audit/auditRecords?source=${operator.deviceId}`,
    `/event/events?source=${operator.deviceId}`,
  ]) {
    expect((await operator.asks("GET", path)).status).toBe(200);
  }
  const open = await operator.opensVnc("mixer2");
  void open.ends();
  await site.cloudRestarts({ hard: true });
  await site.gatewayIsOnline(180_000);
}

/** While a tunnel is being opened its key is kept for the gateway: an administrator who reads the operation does not get it. */
async function readWhileOpening(site: Site): Promise<void> {
  const { operator } = site;
  await site.between("gateway", "press4").during(blackHole(), async () => {
    const session = await operator.opensVnc("press4");
    const path = `/devicecontrol/operations?deviceId=${operator.deviceId}&status=EXECUTING`;
    await site.clock.until(async () => (await operator.asks("GET", path)).text.includes('"connectionKey":"'), {
      what: "the operation to be read while it is under way",
    });
    await session.ends();
  });
}

/** A client presents the key of a session that is over: refused, and said in the log without the key. */
async function presentKeyAgain(site: Site): Promise<void> {
  let key = "";
  const stop = site.network.watchArrivals((_conversation, { kind, bytes }) => {
    const found =
      kind === "bytes" ? /remoteaccess\/device\/([0-9a-f-]{36})/.exec(Buffer.from(bytes).toString("latin1")) : null;
    key ||= found?.[1] ?? "";
  });
  const session = await site.operator.opensVnc("press4");
  await session.showsPicture();
  await session.disconnects();
  stop();
  expect(key).toMatch(/^[0-9a-f-]{36}$/);
  const answer = await site.operator.asks("GET", `/service/remoteaccess/device/${key}`);
  expect(answer.status).toBeGreaterThanOrEqual(400);
}
