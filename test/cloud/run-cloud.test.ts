// The cloud as a program on real loopback ports: TLS, files, first passwords, ports that are taken.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";
import { connect as connectTcp, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openListeners } from "#cloud-stub/listeners.ts";
import { runCloud, setUserPassword } from "#cloud-stub/main.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const freePorts = { httpPort: 0, httpsPort: 0, mqttsPort: 0 };
const accounts = { adminPassword: "admin password", bootstrapPassword: "bootstrap password" };

test("serves REST and MQTT over TLS that ca.pem alone makes trusted, and stops with nothing left", async () => {
  const lines: string[] = [];
  const demoMasterKeyFile = join(folder, "master.key");
  const dataDir = join(folder, "data");
  const write = (line: string) => lines.push(line);
  const cloud = await runCloud({ dataDir, ...freePorts, demoMasterKeyFile, accounts, firstPasswords: "return", write });
  const ca = readFileSync(join(dataDir, "ca.pem"), "utf8");
  expect(ca).toBe(cloud.caPem);
  expect(lines.map((line) => JSON.parse(line)).at(-1)).toMatchObject({
    event: "cloud.ready",
    ports: cloud.ports,
    url: `https://localhost:${cloud.ports.https}`,
    ca: join(dataDir, "ca.pem"),
  });
  const authorization = `Basic ${Buffer.from(`t1000/admin:${accounts.adminPassword}`).toString("base64")}`;
  for (const host of ["localhost", "127.0.0.1"]) {
    const url = `https://${host}:${cloud.ports.https}/user/currentUser`;
    expect(await statusOf(httpsGet, url, { ca, headers: { authorization } })).toBe(200);
  }
  expect(await statusOf(httpGet, `http://localhost:${cloud.ports.http}/tenant/loginOptions`, {})).toBe(200);
  expect(await alpn(cloud.ports.https, ca)).toBe("http/1.1");
  const mqtt = await connectAsync(`mqtts://localhost:${cloud.ports.mqtts}`, {
    ca,
    clientId: "gw-1",
    username: cloud.bootstrapUser,
    password: accounts.bootstrapPassword,
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  const closed = new Promise<void>((resolve) => mqtt.once("close", () => resolve()));
  await setUserPassword({ dataDir, name: "admin", password: "another password" });
  const url = `https://localhost:${cloud.ports.https}/user/currentUser`;
  expect(await statusOf(httpsGet, url, { ca, headers: { authorization } })).toBe(401);
  await cloud.stop();
  await closed;
  await expect(statusOf(httpsGet, url, { ca })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  for (const name of readdirSync(dataDir).filter((file) => file !== "ca.pem")) {
    expect(statSync(join(dataDir, name)).mode & 0o777, name).toBe(0o600);
  }
  for (const secret of Object.values(accounts)) expect(lines.join("\n")).not.toContain(secret);
});

test("passwords that were made up go to a private file whose name is logged, when there is no terminal", async () => {
  const lines: string[] = [];
  const dataDir = join(folder, "data");
  const masterKey = { demoMasterKeyFile: join(folder, "master.key") };
  const cloud = await runCloud({
    dataDir,
    ...freePorts,
    ...masterKey,
    accounts: {},
    write: (line) => lines.push(line),
  });
  await cloud.stop();
  const file = join(dataDir, "first-passwords.txt");
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ event: "accounts.created", passwords: file }),
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toBe(
    `admin ${cloud.adminPassword}\nmanagement/devicebootstrap ${cloud.bootstrapPassword}\n`,
  );
  expect(lines.join("\n")).not.toContain(cloud.adminPassword);
});

test.each([
  { what: "a cloud that is not there", name: "admin", password: "long enough", message: /There is no cloud in / },
])("a new password for $what is refused in words", async ({ name, password, message }) => {
  await expect(setUserPassword({ dataDir: folder, name, password })).rejects.toThrow(message);
});

test.each(["*.example", "https://cloud.example", "cloud.example:8443", "abc:8443", "a:1", "dead:beef", "", "a b"])(
  "the host name %j is refused with its option",
  async (hostname) => {
    const run = runCloud({ dataDir: folder, hostname: [hostname], write: () => {} });
    await expect(run).rejects.toMatchObject({
      code: "cloud.bad-option",
      message: expect.stringMatching(/^--hostname: /),
    });
  },
);

test("a port that was asked for and is taken is named, one that was not gives way to a free one", async () => {
  const { server, port } = await takePort();
  const warnings: unknown[] = [];
  const log = {
    info: () => {},
    warn: (event: string, fields?: object) => warnings.push({ event, ...fields }),
    error: () => {},
  };
  const free = { port: 0, isExplicit: false };
  const base = { listen: "127.0.0.1", http: free, https: free, mqtts: free, server: noKey, log };
  await expect(openListeners({ ...base, mqtts: { port, isExplicit: true } })).rejects.toMatchObject({
    code: "cloud.port-taken",
    message: `Port ${port} for MQTT on 127.0.0.1 is taken by another program; name a free one.`,
  });
  const listeners = await openListeners({ ...base, https: { port, isExplicit: false } });
  expect(listeners.ports.https).not.toBe(port);
  expect(warnings).toEqual([{ event: "cloud.port-taken", for: "HTTPS", taken: port, instead: listeners.ports.https }]);
  await listeners.close();
  server.close();
});

test("an address that is not this machine's is named", async () => {
  const free = { port: 0, isExplicit: false };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const base = { listen: "192.0.2.1", http: free, https: free, mqtts: free, server: noKey, log };
  await expect(openListeners(base)).rejects.toMatchObject({
    code: "cloud.cannot-listen",
    message: expect.stringMatching(/^Cannot serve HTTPS on 192\.0\.2\.1 port 0: /),
  });
});

// Only Linux has the whole of 127.0.0.0/8 without being told.
if (process.platform === "linux") {
  test("HTTP without TLS stays on the one loopback address when the rest listens everywhere", async () => {
    const free = { port: 0, isExplicit: false };
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const options = { listen: "0.0.0.0", http: free, https: free, mqtts: free, server: noKey, log };
    const listeners = await openListeners(options);
    const { http, https, mqtts } = listeners.ports;
    expect(await Promise.all([http, https, mqtts].map((port) => isReached("127.0.0.2", port)))).toEqual([
      false,
      true,
      true,
    ]);
    expect(await isReached("127.0.0.1", http)).toBe(true);
    await listeners.close();
  });
}

function isReached(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Enough for listening; no handshake is made. */
const noKey = { certificate: "", privateKey: "" };

type Get = typeof httpGet | typeof httpsGet;

function statusOf(get: Get, url: string, options: { ca?: string; headers?: Record<string, string> }): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { ...options, agent: false }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
    }).once("error", reject);
  });
}

function alpn(port: number, ca: string): Promise<string | false | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca, ALPNProtocols: ["h2", "http/1.1"] });
    socket.once("secureConnect", () => {
      resolve(socket.alpnProtocol);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

async function takePort(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as { port: number }).port };
}
