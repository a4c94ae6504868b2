// The certificates of a cloud: what trusts its authority trusts it for the cloud's own names and nothing else.
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { duplexPair } from "node:stream";
import { connect, type SecureContextOptions, TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { type CertifiedKey, makeAuthority, makeServerCertificate } from "#cloud-stub/certificates/authority.ts";
import { ensureCertificates } from "#cloud-stub/certificates/certificates.ts";
import { nameConstraints } from "#cloud-stub/certificates/name-constraints.ts";
import { createVault } from "#cloud-stub/remote-access/vault.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import { ManualClock, secureRandom } from "./cloud-bench.ts";

const names = ["localhost", "127.0.0.1", "::1"];
const issue = { names, nowMs: Date.now(), random: secureRandom };
const authority = makeAuthority(issue);

test("the extension has the bytes of RFC 5280", () => {
  // By hand from RFC 5280 4.2.1.10: SEQUENCE { [0] { SEQUENCE { [2] "a" } SEQUENCE { [7] 127.0.0.1/255.255.255.255 } } }.
  expect(Buffer.from(nameConstraints(["a", "127.0.0.1"]).value, "latin1").toString("hex")).toBe(
    `3013${"a011"}${"3003820161"}${"300a8708"}${"7f000001"}${"ffffffff"}`,
  );
});

test("the authority is one for the given names only, and says so critically", () => {
  const certificate = new X509Certificate(authority.certificate);
  expect(certificate.ca).toBe(true);
  expect(nameConstraints(names)).toMatchObject({ id: "2.5.29.30", critical: true });
  expect(certificate.checkIssued(certificate)).toBe(true);
});

test.each([
  { what: "localhost", under: names, as: "localhost", outcome: "authorized" },
  { what: "a sub-domain of a permitted name", under: names, as: "a.localhost", outcome: "authorized" },
  { what: "another name", under: names, as: "cloud.example", outcome: "permitted subtree violation" },
  { what: "another address", under: names, as: "192.0.2.1", outcome: "permitted subtree violation" },
  {
    what: "an address where only names are permitted",
    under: ["cloud.example"],
    as: "192.0.2.1",
    outcome: "permitted subtree violation",
  },
  {
    what: "a name where only addresses are permitted",
    under: ["192.0.2.1"],
    as: "cloud.example",
    outcome: "permitted subtree violation",
  },
  { what: "a permitted address", under: ["192.0.2.1"], as: "192.0.2.1", outcome: "authorized" },
])("a server certificate for $what is $outcome", async ({ under, as, outcome }) => {
  const issuer = under === names ? authority : makeAuthority({ ...issue, names: under });
  const server = makeServerCertificate(issuer, { ...issue, names: [as] });
  expect(await handshake(server, issuer.certificate, as)).toBe(outcome);
});

test("certificates are kept, renewed before they run out, and reissued when the names change", async () => {
  const clock = new ManualClock();
  const store = openStore(":memory:");
  const vault = createVault(new Uint8Array(32).fill(7), secureRandom);
  const ensure = (wanted: readonly string[]) =>
    ensureCertificates({ store, vault, clock, random: secureRandom, names: wanted });
  const first = await ensure(names);
  expect(first.authorityIs).toBe("first");
  expect(await ensure(names)).toEqual({ ...first, authorityIs: "kept" });
  const fewer = await ensure(["localhost"]);
  expect(fewer).toEqual({ ...first, authorityIs: "kept" });
  clock.advance((365 - 30) * 86_400_000 + 1);
  const renewed = await ensure(names);
  expect(renewed.authority).toBe(first.authority);
  expect(renewed.server.certificate).not.toBe(first.server.certificate);
  const moved = await ensure(["cloud.example"]);
  expect(moved.authorityIs).toBe("replaced");
  expect(moved.authority).not.toBe(first.authority);
  expect(new X509Certificate(moved.server.certificate).subjectAltName).toBe("DNS:cloud.example");
  store.close();
});

test.each(["authority-key", "server-key", "authority-certificate", "server-certificate"])(
  "a pair of which only the %s was renewed before the end of power is made anew",
  async (half) => {
    const clock = new ManualClock();
    const store = openStore(":memory:");
    const vault = createVault(new Uint8Array(32).fill(7), secureRandom);
    const deps = { store, vault, clock, random: secureRandom, names };
    await ensureCertificates(deps);
    const others = openStore(":memory:");
    await ensureCertificates({ ...deps, store: others });
    const { value } = await others.db
      .selectFrom("settings")
      .select("value")
      .where("name", "=", half)
      .executeTakeFirstOrThrow();
    await store.db.updateTable("settings").set({ value }).where("name", "=", half).execute();
    const { authority: trusted, server } = await ensureCertificates(deps);
    expect(await handshake(server, trusted, "localhost")).toBe("authorized");
    store.close();
    others.close();
  },
);

test("a server certificate of an earlier authority is not kept", async () => {
  const store = openStore(":memory:");
  const vault = createVault(new Uint8Array(32).fill(7), secureRandom);
  const deps = { store, vault, clock: new ManualClock(), random: secureRandom, names };
  const first = await ensureCertificates(deps);
  const others = openStore(":memory:");
  await ensureCertificates({ ...deps, store: others });
  for (const name of ["authority-key", "authority-certificate"]) {
    const row = others.db.selectFrom("settings").select("value").where("name", "=", name);
    const { value } = await row.executeTakeFirstOrThrow();
    await store.db.updateTable("settings").set({ value }).where("name", "=", name).execute();
  }
  const second = await ensureCertificates(deps);
  expect(second.server.certificate).not.toBe(first.server.certificate);
  expect(await handshake(second.server, second.authority, "localhost")).toBe("authorized");
  store.close();
  others.close();
});

test("private keys stand in the store only sealed", async () => {
  const store = openStore(":memory:");
  const vault = createVault(new Uint8Array(32).fill(7), secureRandom);
  const { server } = await ensureCertificates({ store, vault, clock: new ManualClock(), random: secureRandom, names });
  const rows = JSON.stringify(await store.db.selectFrom("settings").selectAll().execute());
  expect(rows).toContain("BEGIN CERTIFICATE");
  expect(rows).not.toContain("PRIVATE KEY");
  expect(rows).not.toContain(server.privateKey.split("\n")[1]);
  store.close();
});

/** `authorized`, or OpenSSL's words for the refusal. */
async function handshake(server: CertifiedKey, ca: string, name: string): Promise<string> {
  const [near, far] = duplexPair();
  const options: SecureContextOptions = { cert: server.certificate, key: server.privateKey };
  const answering = new TLSSocket(far as never, { isServer: true, ...options });
  answering.on("error", () => {});
  // RFC 6066 knows no addresses in SNI; `host` is what the certificate is held against.
  const client = connect({ socket: near as never, ca, host: name, ...(isIP(name) === 0 ? { servername: name } : {}) });
  const outcome = await new Promise<string>((resolve) => {
    client.once("secureConnect", () => resolve("authorized"));
    client.once("error", (error) => resolve(error.message));
  });
  client.destroy();
  answering.destroy();
  return outcome;
}
