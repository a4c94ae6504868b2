// Each key that the tools write opens a real sshd, through ssh2 and what the reader made of the file.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Client } from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { type KeyCase, opensslCases, puttygenCases, sshKeygenCases } from "../keys/key-matrix.ts";
import { isAnyMissing, pathOf, peers } from "../support/peers.ts";
import { Program } from "../support/processes.ts";

const isSkipped = isAnyMissing(peers.sshd, peers.ssh, peers.sshKeygen, peers.puttygen, peers.openssl);
const cases = [...sshKeygenCases, ...puttygenCases, ...opensslCases];

let folder = "";
let port = 0;
let sshd: Program | undefined;
const made = new Map<string, ReturnType<KeyCase["make"]>>();

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
}

beforeAll(async () => {
  if (isSkipped) return;
  console.info(`puttygen: ${execFileSync("puttygen", ["--version"], { encoding: "utf8" }).split("\n")[0]}`);
  console.info(`ssh: ${spawnSync("ssh", ["-V"], { encoding: "utf8" }).stderr.trim()}`);
  folder = mkdtempSync(join(tmpdir(), "postern-logins-"));
  for (const one of cases) made.set(one.name, one.make(folder));
  const [hostKey, authorized] = [join(folder, "host-key"), join(folder, "authorized-keys")];
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", hostKey]);
  writeFileSync(authorized, [...made.values()].map(({ publicLine }) => `${publicLine}\n`).join(""), { mode: 0o600 });
  port = await freePort();
  const config = join(folder, "sshd-config");
  const lines = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorized}`,
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    // DSA and SHA-1 are off by default since 2015 and 2021; a panel's server has them on.
    "PubkeyAcceptedAlgorithms +ssh-dss,ssh-rsa",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  // Where Debian's sshd keeps the folder that it locks itself into; its service would make it.
  if (userInfo().uid === 0 && !existsSync("/run/sshd")) mkdirSync("/run/sshd", { mode: 0o755 });
  sshd = new Program("sshd", pathOf(peers.sshd) ?? "", ["-D", "-e", "-f", config]);
  const running = sshd;
  await running.until(() => running.output.includes("Server listening") || undefined, "word that it listens", 10_000);
}, 60_000);

afterAll(async () => {
  await sshd?.stop();
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

/** How a login with the key ends. */
async function login(privateKey: string): Promise<string> {
  const client = new Client();
  try {
    return await new Promise<string>((resolve) => {
      client.once("ready", () => resolve("logged in"));
      client.once("error", (error) => resolve(error.message));
      client.connect({ host: "127.0.0.1", port, username: userInfo().username, privateKey, readyTimeout: 10_000 });
    });
  } finally {
    client.end();
  }
}

describe.skipIf(isSkipped)("a real sshd", () => {
  it.each(cases.map((one) => [one.name, one] as const))("lets in the key %s", async (_, { name, passphrase }) => {
    const { forSsh } = readPrivateKey(readFileSync(made.get(name)?.file ?? ""), passphrase);
    expect(await login(forSsh)).toBe("logged in");
  });

  it("lets in no key that it does not know", async () => {
    const file = join(folder, "unknown");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
    expect(await login(readPrivateKey(readFileSync(file)).forSsh)).toMatch(/authentication methods failed/);
  });
});
