// A canary in every secret field of every endpoint type: none is in a log, an answer, a frame, a database or a back-up.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { request as sendRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext, TLSSocket } from "node:tls";
import forge from "node-forge";
import ssh2, { type AuthContext } from "ssh2";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { backupStore } from "#cloud-stub/store/backup.ts";
import type { Connection } from "#hardware/ports.ts";
import { ExtendedServerHandshake } from "#protocol/rfb/extended-server-handshake.ts";
import { veNCryptSubtypes } from "#protocol/rfb/security.ts";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import { type Answer, readAnswer } from "#simulator/operator/cloud-http.ts";
import { PanelListener, type PanelProgram, type RunningPanel } from "#simulator/panels/panel.ts";
import type { Site } from "#simulator/site.ts";
import { goldenKeys, goldenUserCertificate } from "../keys/golden-keys.ts";
import { findCanary } from "../support/canary.ts";
import { ed25519Pair } from "../support/ed25519-pair.ts";

/**
 * They differ where they begin: in base64 the end of a text may not be seen whole.
 * Those of VNC have at most 8 characters: VNC Authentication looks at no more.
 */
const texts = {
  "VNC password": "1vNc-c4n",
  "VNC password, changed": "2vNc-c4n",
  "VNC password, refused by the panel": "3vNc-c4n",
  "VNC password, refused on save": "4vNc-c4n\u0007",
  "VNC password, typed": "5vNc-c4n",
  "VNC password, typed wrongly": "6vNc-c4n",
  "VNC password beside a user name": "7Q-pl41n-Canary",
  "VNC password beside a user name, refused by the panel": "8R-pl41n-Canary",
  "SSH password": "1-sSh/Canary+ ä",
  "SSH password, refused by the panel": "2-sSh-Canary",
  "SSH password, refused on save": "3-sSh-Canary\n",
  "SSH password, answered to a question": "4-sSh-Canary",
  "SSH answer": "1-4nswer-Canary",
  "SSH answer, wrong": "2-4nswer-Canary",
  "SSH passphrase": "1-p4ssphrase-Canary",
  "SSH passphrase, wrong": "2-p4ssphrase-Canary",
  "SSH private key that is none": "k3y-that-is-none-Canary",
  "SSH private key in broken JSON": "br0ken-JSON-Canary",
  "TELNET password, which is not kept": "t3lnet-Canary",
  "tenant option": "1-0ption-Canary",
  "tenant option, replaced": "2-0ption-Canary",
  "tenant option, refused": "3-0ption-Canary",
  "account's password": "1-acc0unt-Canary",
  "account's password, changed": "2-acc0unt-Canary",
  "account's password, wrong": "3-acc0unt-Canary",
  "account's password, refused": "4-acc0u",
} as const;

/** What the vault holds at the end of a run. */
const kept = [
  "VNC password, changed",
  "VNC password, refused by the panel",
  "VNC password beside a user name",
  "VNC password beside a user name, refused by the panel",
  "SSH password",
  "SSH password, refused by the panel",
  "SSH password, answered to a question",
  "SSH private key",
  "SSH private key, refused by the panel",
  "SSH private key with a certificate",
  "tenant option, replaced",
].sort();

const passphrase = texts["SSH passphrase"];
const lockedKey = ed25519Pair({ passphrase, cipher: "aes256-ctr", rounds: 16 }).private;
const refusedKey = ed25519Pair().private;
const certifiedKey = goldenKeys.find(({ name }) => name === "opensshClear")?.text ?? "";
const hostKey = ed25519Pair().private;

interface Hit {
  readonly secret: string;
  readonly where: string;
  readonly form: string;
}

afterEach(() => {
  vi.doUnmock("#cloud-stub/remote-access/vault.ts");
  vi.doUnmock("#cloud-stub/remote-access/endpoint-input.ts");
  vi.doUnmock("#cloud-stub/remote-access/protocols/ssh/ssh-sign-in.ts");
  vi.resetModules();
});

describe("the secrets of endpoints of every type, of options and of accounts", () => {
  it("occur in no log, no answer, no frame to a client, no file of the database and no back-up", async () => {
    const { hits, places } = await searchedRun();
    expect(hits).toEqual([]);
    for (const part of ["", "-wal", "-shm"]) expect(places).toContain(`the cloud's database${part}`);
  });

  it("are found by this search when the vault no longer seals, each that is kept, in the back-up as well", async () => {
    vi.doMock("#cloud-stub/remote-access/vault.ts", async (original) => ({
      ...(await original<object>()),
      createVault: () => ({
        seal: (clear: Uint8Array | string) => Buffer.from(clear as Uint8Array).toString("base64url"),
        open: (sealed: string) => new Uint8Array(Buffer.from(sealed, "base64url")),
      }),
    }));
    const { hits } = await searchedRun();
    expect(secretsIn(hits, /^the back-up$/)).toEqual(kept);
    expect(secretsIn(hits, /^the cloud's database/)).toEqual(expect.arrayContaining(kept));
  });

  it("are found by this search when a refusal quotes what was sent, keys too", async () => {
    vi.doMock("#cloud-stub/remote-access/endpoint-input.ts", async (original) => {
      const real = await original<typeof import("#cloud-stub/remote-access/endpoint-input.ts")>();
      return {
        ...real,
        readEndpointInput: (...given: Parameters<typeof real.readEndpointInput>) => {
          const outcome = real.readEndpointInput(...given);
          const message = `body cannot be used: ${JSON.stringify(given[0])}`;
          return outcome.ok ? outcome : { ok: false, problems: [{ field: "body", message }] };
        },
      };
    });
    const { hits } = await searchedRun();
    for (const place of [/^the answer to POST /, /^what clients were sent$/]) {
      expect(secretsIn(hits, place)).toEqual(
        expect.arrayContaining([
          "VNC password, refused on save",
          "SSH password, refused on save",
          "SSH passphrase, wrong",
          "SSH private key",
          "SSH private key with a certificate",
        ]),
      );
    }
  });

  it("are found by this search when the reason of a failed login quotes the password", async () => {
    vi.doMock("#cloud-stub/remote-access/protocols/ssh/ssh-sign-in.ts", async (original) => {
      const real = await original<typeof import("#cloud-stub/remote-access/protocols/ssh/ssh-sign-in.ts")>();
      class Talkative extends real.SshSignIn {
        readonly #password: string;
        constructor(deps: ConstructorParameters<typeof real.SshSignIn>[0]) {
          super(deps);
          this.#password = String(deps.credentials.password);
        }
        override failure() {
          return { ...super.failure(), text: `The panel does not like ${this.#password}.` };
        }
      }
      return { ...real, SshSignIn: Talkative };
    });
    const { hits } = await searchedRun();
    const secret = "SSH password, refused by the panel";
    const places = new Set(hits.filter((hit) => hit.secret === secret).map(({ where }) => where));
    expect([...places]).toEqual(expect.arrayContaining(quotingPlaces));
    expect(secretsIn(hits, /^the cloud's database/)).toContain(secret);
  });
});

/** Where the reason of a failed login comes to stand. */
const quotingPlaces = [
  "what clients were sent",
  "the answer to GET /audit/auditRecords?pageSize=1000",
  "the answer to GET /audit/auditRecords as a table",
  "the back-up",
];

function secretsIn(hits: readonly Hit[], place: RegExp): string[] {
  return [...new Set(hits.filter(({ where }) => place.test(where)).map(({ secret }) => secret))].sort();
}

/** Everything that a run does with secrets, then the search. Modules are loaded anew, so that what is mocked is used. */
async function searchedRun(): Promise<{ readonly hits: readonly Hit[]; readonly places: readonly string[] }> {
  vi.resetModules();
  const { Site } = await import("#simulator/site.ts");
  const { vncPanel } = await import("#simulator/panels/vnc-panel.ts");
  const { echoPanel } = await import("#simulator/panels/byte-panels.ts");
  const panels = {
    press4: withoutPassword(vncPanel({ password: texts["VNC password"] })),
    kiosk: withoutPassword(vncPanel({ password: texts["VNC password, typed"] })),
    hmi9: plainVncPanel(),
    robot7: sshPanel(),
    drive2: echoPanel(23),
  };
  await using site = await Site.start({ seed: 6, panels });
  const toClients: Buffer[] = [];
  site.network.watchArrivals((conversation, { at, kind, bytes }) => {
    if (kind === "bytes" && at === "client" && conversation.client.host === "operator") {
      toClients.push(Buffer.from(bytes));
    }
  });
  const person = new Person(site);
  await usesVnc(person);
  await usesSsh(person);
  await usesTheRest(person);
  await looksAtEverything(person);
  const places: Record<string, Uint8Array | string> = {
    "the cloud's log": JSON.stringify(site.cloudLog),
    "the gateway's log": JSON.stringify(site.gatewayLog),
    "what clients were sent": Buffer.concat(toClients),
    ...person.answers,
    "the back-up": backUp(site.databaseFile),
  };
  for (const ending of ["", "-wal", "-shm"]) {
    const file = `${site.databaseFile}${ending}`;
    if (existsSync(file)) places[`the cloud's database${ending}`] = readFileSync(file);
  }
  for (const [name, contents] of site.board.disk.files) places[`the gateway's file ${name}`] = contents;
  return {
    hits: Object.entries(places).flatMap(([where, contents]) => search(where, contents)),
    places: Object.keys(places),
  };
}

function backUp(databaseFile: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "postern-canaries-"));
  try {
    symlinkSync(databaseFile, join(folder, "postern.db"));
    const to = join(folder, "back-up.db");
    backupStore({ dataDir: folder, to });
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function search(where: string, contents: Uint8Array | string): Hit[] {
  const hits: Hit[] = [];
  for (const [secret, text] of Object.entries(texts)) {
    // A control character would be escaped in most forms.
    hits.push(
      ...findCanary(where, contents, text.replace(/\p{Cc}/gu, "")).map(({ form }) => ({ secret, where, form })),
    );
  }
  for (const { secret, lines, seed } of keyCanaries) {
    for (const line of lines) {
      hits.push(...findCanary(where, contents, line).map(({ form }) => ({ secret, where, form })));
    }
    const haystack = Buffer.from(contents as Uint8Array);
    for (const [form, bytes] of Object.entries(formsOf(seed))) {
      if (haystack.includes(bytes)) hits.push({ secret, where, form: `secret number, ${form}` });
    }
  }
  return hits;
}

const keyCanaries = [
  keyCanary("SSH private key", lockedKey, passphrase),
  keyCanary("SSH private key, refused by the panel", refusedKey),
  keyCanary("SSH private key with a certificate", certifiedKey),
];

/** Lines of the key as it is given and as it is kept that hold a part of its secret, and the secret number itself. */
function keyCanary(secret: string, text: string, opening?: string) {
  const { forSsh, publicKey } = readPrivateKey(text, opening);
  const point = Buffer.from(publicKey.split(" ")[1] ?? "", "base64").subarray(-32);
  const blob = Buffer.from(base64Lines(forSsh).join(""), "base64");
  // ED25519 keeps seed and point behind one another (draft-miller-ssh-agent).
  const at = blob.lastIndexOf(point) - 32;
  const seed = blob.subarray(at, at + 32);
  const lines = [
    ...secretLines(forSsh, at),
    ...(opening === undefined ? secretLines(text, at) : base64Lines(text).slice(3)),
  ];
  const whole = [...new Set(lines)].filter((line) => line.length >= 16);
  expect(whole.length).toBeGreaterThanOrEqual(opening === undefined ? 1 : 2);
  expect(pointOf(seed)).toBe(point.toString("base64url"));
  return { secret, seed, lines: whole };
}

/** Proves that a seed is one. */
function pointOf(seed: Uint8Array): string {
  // The PKCS#8 header of an ED25519 key (RFC 8410 section 7).
  const header = Buffer.from("302e020100300506032b657004220420", "hex");
  const key = createPrivateKey({ key: Buffer.concat([header, seed]), format: "der", type: "pkcs8" });
  return String(createPublicKey(key).export({ format: "jwk" }).x);
}

function base64Lines(text: string): string[] {
  return text.split("\n").filter((line) => /^[A-Za-z0-9+/=]+$/.test(line));
}

function secretLines(text: string, seedAt: number): string[] {
  let start = 0;
  return base64Lines(text).filter((line) => {
    const from = start;
    start += line.length;
    return start > ((seedAt + 4) * 8) / 6 && from < ((seedAt + 28) * 8) / 6;
  });
}

function formsOf(bytes: Buffer): Record<string, Buffer> {
  const forms: Record<string, Buffer> = { raw: bytes, hex: Buffer.from(bytes.toString("hex")) };
  for (const offset of [0, 1, 2]) {
    for (const encoding of ["base64", "base64url"] as const) {
      const text = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(2)]).toString(encoding);
      forms[`${encoding} at alignment ${offset}`] = Buffer.from(text.slice(4, 40));
    }
  }
  return forms;
}

/** The person at the console, who keeps every answer. */
class Person {
  readonly answers: Record<string, string> = {};
  readonly site: Site;

  constructor(site: Site) {
    this.site = site;
  }

  get endpointsPath(): string {
    return `/service/remoteaccess/devices/${this.site.operator.deviceId}/configurations`;
  }

  async asks(method: string, path: string, status: number, body?: unknown): Promise<Record<string, unknown>> {
    return this.#answered(`${method} ${path}`, status, await this.site.operator.asks(method, path, body));
  }

  /** With headers of one's own and a body as it is. */
  async sends(method: string, path: string, status: number, headers: Record<string, string>, body = ""): Promise<void> {
    const { http } = this.site.operator;
    const send = async (): Promise<Answer> => {
      const { stream } = await http.connect();
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const common = { Host: http.authority, Authorization: http.authorization, Connection: "close" };
      const length = { "Content-Length": Buffer.byteLength(body) };
      const request = sendRequest({
        method,
        path,
        createConnection: () => stream,
        headers: { ...common, ...(body === "" ? {} : length), ...headers },
      });
      request.on("error", reject);
      request.on("response", (response) => void readAnswer(response).then(resolve, reject));
      request.end(body);
      return promise.finally(() => stream.destroy());
    };
    const answer = await this.site.clock.until(send(), { what: `${method} ${path}` });
    this.#answered(`${method} ${path}${headers["Accept"] === undefined ? "" : " as a table"}`, status, answer);
  }

  async adds(name: string, panel: number, fields: Record<string, unknown>): Promise<Record<string, unknown>> {
    return this.asks("POST", this.endpointsPath, 201, { name, ...at(panel), ...fields });
  }

  /** Says yes to a panel's key and answers its questions; gives "open" or why not. */
  async signsIn(session: ClientSession, answers: readonly string[] = []): Promise<string> {
    let seen = 0;
    const settled = (): boolean => {
      for (const message of session.messages.slice(seen)) {
        seen += 1;
        if (message.type === "host-key") {
          session.tells({ type: "accept-host-key", fingerprint: message.fingerprint });
        } else if (message.type === "prompt") session.tells({ type: "answer", id: message.id, answers });
      }
      return session.steps.includes("open") || session.ending !== undefined;
    };
    await this.site.clock.until(settled, { what: "the sign-in to end", limitMs: 120_000 });
    if (session.ending === undefined) {
      const questions = session.messages.map(({ type }) => type).filter((type) => type !== "step");
      await session.disconnects();
      return `open after ${questions.join(", ") || "nothing"}`;
    }
    return session.ending.said?.reason ?? String(session.ending.code);
  }

  #answered(what: string, status: number, answer: Answer): Record<string, unknown> {
    const where = `the answer to ${what}`;
    this.answers[where] = `${this.answers[where] ?? ""}${JSON.stringify(answer.headers)}\n${answer.text}\n`;
    expect(`${what}: ${answer.status}`).toBe(`${what}: ${status}`);
    return answer.text.startsWith("{") ? (answer.json() as Record<string, unknown>) : {};
  }
}

/** Where the n-th panel of the run is. */
function at(panel: number): { readonly hostname: string; readonly port: number } {
  return { hostname: `192.168.10.${11 + panel}`, port: [5900, 5900, 5900, 22, 23][panel] ?? 0 };
}

async function usesVnc(person: Person): Promise<void> {
  const { operator } = person.site;
  const path = person.endpointsPath;
  const opens = async (name: string) => person.signsIn((await operator.opensVnc(name)).session);
  const vnc = { protocol: "VNC", credentialsType: "PASS_ONLY" };
  const good = await person.adds("vnc", 0, { ...vnc, password: texts["VNC password"] });
  expect(await opens("vnc")).toBe("open after nothing");
  // What was shown comes back, flat and nested; then something is wrong with it; then the password is another.
  const endpoint = `${path}/${String(good["id"])}`;
  await person.asks("PUT", endpoint, 200, good);
  await person.asks("PUT", endpoint, 200, { ...good, ...vnc, password: "***" });
  expect(await opens("vnc")).toBe("open after nothing");
  await person.asks("PUT", endpoint, 422, { ...good, ...vnc, password: texts["VNC password, changed"], port: 0 });
  await person.asks("PUT", endpoint, 200, { ...good, ...vnc, password: texts["VNC password, changed"] });
  await person.adds("vnc wrong", 0, { ...vnc, password: texts["VNC password, refused by the panel"] });
  expect(await opens("vnc wrong")).toBe("auth.failed");
  const control = texts["VNC password, refused on save"];
  await person.asks("POST", path, 422, { name: "no", ...at(0), ...vnc, password: control });
  await person.adds("vnc asks", 1, { protocol: "VNC", credentialsType: "NONE" });
  // The viewer asks the person and proves it to the panel, which hangs up if it is wrong; the cloud only carries that.
  const asked = await operator.opensVnc("vnc asks", { password: texts["VNC password, typed"] });
  await asked.showsPicture();
  await asked.disconnects();
  const wrongly = await operator.opensVnc("vnc asks", { password: texts["VNC password, typed wrongly"] });
  expect((await wrongly.ends()).said?.reason).toBe("panel.closed");
  await person.adds("vnc plain", 2, {
    ...vnc,
    username: "anna",
    password: texts["VNC password beside a user name"],
  });
  expect(await opens("vnc plain")).toBe("open after host-key");
  await person.adds("vnc plain wrong", 2, {
    ...vnc,
    username: "anna",
    password: texts["VNC password beside a user name, refused by the panel"],
  });
  expect(await opens("vnc plain wrong")).toBe("auth.failed");
}

async function usesSsh(person: Person): Promise<void> {
  const { operator } = person.site;
  const opens = async (name: string, answers?: string[]) => person.signsIn(await operator.opens(name), answers);
  const userPass = { protocol: "SSH", credentialsType: "USER_PASS" };
  await person.adds("ssh", 3, { ...userPass, username: "root", password: texts["SSH password"] });
  expect(await opens("ssh")).toBe("open after host-key");
  const wrong = texts["SSH password, refused by the panel"];
  await person.adds("ssh wrong", 3, { ...userPass, username: "root", password: wrong });
  expect(await opens("ssh wrong")).toBe("auth.failed");
  await person.adds("ssh asks", 3, {
    ...userPass,
    username: "kim",
    password: texts["SSH password, answered to a question"],
  });
  expect(await opens("ssh asks", [texts["SSH answer"]])).toBe("open after host-key, prompt");
  expect(await opens("ssh asks", [texts["SSH answer, wrong"]])).toBe("auth.failed");
  await usesKeys(person, opens);
}

async function usesKeys(person: Person, opens: (name: string) => Promise<string>): Promise<void> {
  const path = person.endpointsPath;
  const keyPair = { protocol: "SSH", credentialsType: "KEY_PAIR", username: "kurt", ...at(3) };
  const key = await person.adds("ssh key", 3, { ...keyPair, privateKey: lockedKey, passphrase });
  expect(await opens("ssh key")).toBe("open after host-key");
  await person.asks("PUT", `${path}/${String(key["id"])}`, 200, key);
  await person.asks("PUT", `${path}/${String(key["id"])}`, 200, { ...keyPair, name: "ssh key", privateKey: "***" });
  expect(await opens("ssh key")).toBe("open after host-key");
  await person.adds("ssh key wrong", 3, { ...keyPair, privateKey: refusedKey });
  expect(await opens("ssh key wrong")).toBe("auth.failed");
  const certified = { ...keyPair, credentialsType: "CERTIFICATE", username: "anna" };
  await person.adds("ssh certificate", 3, {
    ...certified,
    privateKey: certifiedKey,
    certificate: goldenUserCertificate,
  });
  expect(await opens("ssh certificate")).toBe("open after host-key");
  await refusesKeys(person, { keyPair, certified });
}

async function refusesKeys(
  person: Person,
  { keyPair, certified }: Record<"keyPair" | "certified", Record<string, unknown>>,
): Promise<void> {
  const path = person.endpointsPath;
  const none = texts["SSH private key that is none"];
  for (const refused of [
    { ...userPassOf("root"), password: texts["SSH password, refused on save"] },
    { ...keyPair, privateKey: lockedKey },
    { ...keyPair, privateKey: lockedKey, passphrase: texts["SSH passphrase, wrong"] },
    { ...keyPair, privateKey: lockedKey, passphrase, publicKey: readPrivateKey(refusedKey).publicKey },
    { ...keyPair, privateKey: lockedKey.replace(/.{20}(?=\n-----END)/, ""), passphrase },
    { ...keyPair, privateKey: none },
    { ...keyPair, privateKey: `-----BEGIN ${none} PRIVATE KEY-----\n${none}\n-----END ${none} PRIVATE KEY-----\n` },
    { ...certified, privateKey: refusedKey, certificate: goldenUserCertificate },
    { ...certified, privateKey: certifiedKey, certificate: certifiedKey },
    { ...keyPair, privateKey: lockedKey, passphrase, publicKey: certifiedKey, hostKey: certifiedKey },
  ]) {
    await person.asks("POST", path, 422, { name: "no", ...at(3), ...refused });
  }
  const broken = `{"name":"no","privateKey":${texts["SSH private key in broken JSON"]}}`;
  await person.sends("POST", path, 400, { "Content-Type": "application/json" }, broken);
}

function userPassOf(username: string): Record<string, unknown> {
  return { protocol: "SSH", credentialsType: "USER_PASS", username };
}

/** Telnet, the tenant's options, and accounts. */
async function usesTheRest(person: Person): Promise<void> {
  const password = texts["TELNET password, which is not kept"];
  await person.adds("telnet", 4, { protocol: "TELNET", credentialsType: "NONE", password, privateKey: refusedKey });
  expect(await person.signsIn(await person.site.operator.opens("telnet"))).toMatch(/^open/);

  const option = { category: "remoteaccess", key: "credentials.panels" };
  await person.asks("POST", "/tenant/options", 200, { ...option, value: texts["tenant option"] });
  const path = "/tenant/options/remoteaccess/credentials.panels";
  await person.asks("PUT", path, 200, { value: texts["tenant option, replaced"] });
  await person.asks("PUT", path, 200, { value: "<<Encrypted>>" });
  await person.asks("PUT", path, 422, { value: texts["tenant option, refused"].repeat(2_000) });
  const unnamed = { category: "remoteaccess", key: "credentials./", value: texts["tenant option, refused"] };
  await person.asks("POST", "/tenant/options", 422, unnamed);

  const first = texts["account's password"];
  const changed = texts["account's password, changed"];
  const wrong = texts["account's password, wrong"];
  await person.asks("POST", "/user/t1000/users", 422, {
    userName: "eve",
    password: texts["account's password, refused"],
  });
  await person.asks("POST", "/user/t1000/users", 201, { userName: "eve", password: first });
  const basic = (given: string) => ({ Authorization: `Basic ${Buffer.from(`t1000/eve:${given}`).toString("base64")}` });
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const login = (given: string) => `grant_type=PASSWORD&username=eve&password=${encodeURIComponent(given)}`;
  await person.sends("GET", "/user/currentUser", 200, basic(first));
  await person.sends("GET", "/user/currentUser", 401, basic(wrong));
  await person.sends("POST", "/tenant/oauth?tenant_id=t1000", 200, form, login(first));
  await person.sends("POST", "/tenant/oauth?tenant_id=t1000", 401, form, login(wrong));
  const json = { "Content-Type": "application/json", ...basic(first) };
  const change = (present: string) => JSON.stringify({ currentUserPassword: present, newPassword: changed });
  await person.sends("PUT", "/user/currentUser/password", 422, json, change(wrong));
  await person.sends("PUT", "/user/currentUser/password", 204, json, change(first));
}

async function looksAtEverything(person: Person): Promise<void> {
  const { deviceId } = person.site.operator;
  const endpoints = await person.site.operator.endpoints();
  for (const path of [
    person.endpointsPath,
    ...endpoints.map(({ id }) => `${person.endpointsPath}/${String(id)}`),
    `/inventory/managedObjects/${deviceId}`,
    `/devicecontrol/operations?deviceId=${deviceId}&pageSize=100`,
    `/event/events?source=${deviceId}&pageSize=100`,
    "/audit/auditRecords?pageSize=1000",
    "/tenant/options?pageSize=100",
    "/tenant/options/remoteaccess",
    "/tenant/options/remoteaccess/credentials.panels",
    "/user/t1000/users?pageSize=100",
    "/user/t1000/users/eve",
  ]) {
    await person.asks("GET", path, 200);
  }
  await person.sends("GET", "/audit/auditRecords", 200, { Accept: "text/csv" });
}

/** The site enters each panel under its name; here that entry shall have no secret. */
function withoutPassword<Running extends RunningPanel>(panel: PanelProgram<Running>): PanelProgram<Running> {
  return { ...panel, endpoint: { protocol: "PASSTHROUGH" } };
}

function passthroughPanel(port: number, serve: (connection: Connection) => void): PanelProgram {
  return { port, endpoint: { protocol: "PASSTHROUGH" }, start: (host) => PanelListener.open(host, port, serve) };
}

/** VeNCrypt's X509Plain, for anna; shows no picture. */
function plainVncPanel(): PanelProgram {
  const secureContext = createSecureContext(selfSigned());
  return passthroughPanel(5900, ({ stream }) => {
    const handshake = new ExtendedServerHandshake({
      security: {
        type: "vencrypt",
        subtypes: [veNCryptSubtypes.x509Plain],
        username: "anna",
        password: texts["VNC password beside a user name"],
      },
    });
    const clear = (bytes: Uint8Array): void => {
      const { send, startTls } = handshake.receive(bytes);
      for (const part of send) stream.write(part);
      if (startTls === undefined) return;
      stream.off("data", clear);
      const tls = new TLSSocket(stream, { isServer: true, secureContext });
      tls.on("error", () => undefined);
      for (const part of handshake.tlsStarted().send) tls.write(part);
      tls.on("data", (inside: Uint8Array) => {
        for (const part of handshake.receive(inside).send) tls.write(part);
      });
    };
    stream.on("data", clear);
    stream.on("end", () => stream.end());
    stream.write(handshake.start());
  });
}

function selfSigned(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(2048);
  const cert = forge.pki.createCertificate();
  cert.publicKey = publicKey;
  cert.serialNumber = "01";
  cert.validity.notBefore = new Date(Date.UTC(2020, 0, 1));
  cert.validity.notAfter = new Date(Date.UTC(2040, 0, 1));
  cert.setSubject([{ name: "commonName", value: "hmi9" }]);
  cert.setIssuer([{ name: "commonName", value: "hmi9" }]);
  cert.sign(privateKey, forge.md.sha256.create());
  return { key: forge.pki.privateKeyToPem(privateKey), cert: forge.pki.certificateToPem(cert) };
}

function sshPanel(): PanelProgram {
  return passthroughPanel(22, ({ stream }) => {
    const server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
      connection.on("error", () => undefined);
      connection.on("authentication", judge);
      connection.on("session", (accept) => {
        const session = accept();
        session.on("pty", (acceptPty) => acceptPty?.());
        session.on("shell", (acceptShell) => acceptShell().write("ready\r\n"));
      });
    });
    // The types of ssh2's Server do not have it; its own tests use it.
    (server as unknown as { injectSocket(socket: unknown): void }).injectSocket(stream);
  });
}

/** root has a password, kim a password and a code, kurt a key and anna a certificate. */
function judge(context: AuthContext): void {
  const { method, username } = context;
  if (method === "password" && username === "root" && context.password === texts["SSH password"]) context.accept();
  else if (method === "publickey" && username === "kurt" && context.key.data.equals(blobOf(lockedKey)))
    context.accept();
  else if (method === "publickey" && username === "anna" && context.key.algo.includes("-cert-v01@")) context.accept();
  else if (method === "keyboard-interactive" && username === "kim") {
    context.prompt([{ prompt: "Password: ", echo: false }], ([password]) => {
      if (password !== texts["SSH password, answered to a question"]) return context.reject();
      context.prompt([{ prompt: "Verification code: ", echo: true }], ([code]) => {
        if (code === texts["SSH answer"]) context.accept();
        else context.reject();
      });
    });
  } else context.reject(username === "kim" ? ["keyboard-interactive"] : ["password", "publickey"]);
}

function blobOf(privateKey: string): Buffer {
  return Buffer.from(readPrivateKey(privateKey, passphrase).publicKey.split(" ")[1] ?? "", "base64");
}
