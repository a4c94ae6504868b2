// The Linux form of each port, held to the same contract as the simulated one, and what only a real machine can show.
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { readLinuxIdentity } from "#hardware/linux/identity.ts";
import { listInterfaces } from "#hardware/linux/interfaces.ts";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { openLinuxStorage } from "#hardware/linux/storage.ts";
import type { Connection } from "#hardware/ports.ts";
import { describeClockContract } from "./clock.contract.ts";
import { describeIdentityContract } from "./identity.contract.ts";
import { makeLinuxWorld } from "./linux-world.ts";
import { describeNetworkContract } from "./network.contract.ts";
import { describeRandomContract } from "./random.contract.ts";
import { describeStorageContract } from "./storage.contract.ts";
import { closes, readBytes } from "./streams.ts";

const folders: string[] = [];

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "postern-hardware-"));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeClockContract("Linux", () => ({
  clock: linuxClock,
  passes: (ms) => new Promise((resolve) => linuxClock.setTimeout(resolve, ms)),
}));

describeRandomContract("Linux", () => linuxRandom);

describeStorageContract("Linux", async () => {
  const folder = join(await makeFolder(), "state");
  return { storage: await openLinuxStorage(folder), reopen: () => openLinuxStorage(folder) };
});

describeIdentityContract("Linux", async () => {
  const stateDir = await makeFolder();
  const read = async () => (await openLinuxHardware({ stateDir })).identity;
  return { identity: await read(), restart: read };
});

describeNetworkContract("Linux", makeLinuxWorld);

describe("interfaces", () => {
  it("tells the addresses of interfaces without a carrier too, as no neighbour's network", async () => {
    const root = await makeFolder();
    await mkdir(join(root, "proc/net"), { recursive: true });
    const table = "Local:\n  |-- 10.77.0.1\n     /32 host LOCAL\n  |-- 127.0.0.1\n     /32 host LOCAL\n";
    await writeFile(join(root, "proc/net/fib_trie"), table);
    await writeFile(join(root, "proc/net/if_inet6"), "fd770000000000000000000000000001 09 40 00 c0      eth9\n");
    const [unlisted, ...more] = (await listInterfaces(root)).filter(({ name }) => name === "without-a-carrier");
    expect(more).toEqual([]);
    expect(unlisted).toMatchObject({ isLoopback: false, hasDefaultRoute: true });
    expect(unlisted?.addresses).toEqual([
      { address: "10.77.0.1", family: 4, prefixLength: 32 },
      { address: "fd77::1", family: 6, prefixLength: 128 },
    ]);
  });
});

describe("storage on a real disk", () => {
  it("makes its folder with mode 0700 and its files with mode 0600", async () => {
    const folder = join(await makeFolder(), "state");
    const storage = await openLinuxStorage(folder);
    await storage.write("credentials.json", new Uint8Array(1));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "credentials.json"))).mode & 0o777).toBe(0o600);
  });

  it("replaces a file and does not write in place: whoever has the old one open still reads the old contents", async () => {
    const folder = await makeFolder();
    const storage = await openLinuxStorage(folder);
    await storage.write("state", Buffer.from("old"));
    const path = join(folder, "state");
    const old = await open(path, "r");
    await storage.write("state", Buffer.from("new and longer"));
    expect(await old.readFile("utf8")).toBe("old");
    expect((await stat(path)).ino).not.toBe((await old.stat()).ino);
    expect((await old.stat()).nlink).toBe(0);
    expect(await readFile(path, "utf8")).toBe("new and longer");
    await old.close();
  });

  it("leaves the old contents and no half-written file when a write fails", async () => {
    const folder = await makeFolder();
    const storage = await openLinuxStorage(folder);
    await storage.write("state", Buffer.from("old"));
    await rm(folder, { recursive: true });
    await expect(storage.write("state", Buffer.from("new"))).rejects.toMatchObject({ code: "ENOENT" });
    const again = await openLinuxStorage(folder);
    await again.write("state", Buffer.from("newer"));
    expect(await readdir(folder)).toEqual(["state"]);
  });

  it("removes what a power cut left of a write", async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, ".writing-state"), "half");
    const storage = await openLinuxStorage(folder);
    expect(await storage.read("state")).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("identity of a real machine", () => {
  const sources = async (files: Record<string, string>) => {
    const root = await makeFolder();
    const { mkdir } = await import("node:fs/promises");
    for (const [path, contents] of Object.entries(files)) {
      await mkdir(join(root, path, ".."), { recursive: true });
      await writeFile(join(root, path), contents);
    }
    return { root, storage: await openLinuxStorage(join(root, "state")), random: linuxRandom };
  };

  it("takes a Raspberry Pi's serial number, model and revision", async () => {
    // As a Raspberry Pi 4 has them; device tree texts end in a zero byte.
    const files = {
      "proc/device-tree/serial-number": "10000000a1b2c3d4\0",
      "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
      "proc/cpuinfo": "processor\t: 0\n\nHardware\t: BCM2835\nRevision\t: c03114\nSerial\t\t: 10000000a1b2c3d4\n",
      "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    };
    expect(await readLinuxIdentity(await sources(files))).toEqual({
      serialNumber: "10000000a1b2c3d4",
      model: "Raspberry Pi 4 Model B Rev 1.4",
      revision: "c03114",
    });
  });

  it("takes the machine id where there is no device tree", async () => {
    const identity = await readLinuxIdentity(
      await sources({
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "sys/class/dmi/id/product_name": "NUC\n",
      }),
    );
    expect(identity).toEqual({
      serialNumber: "0123456789abcdef0123456789abcdef",
      model: "NUC",
      revision: "unknown",
    });
  });

  it("takes no placeholder for an id: many boards would share it", async () => {
    const files = { "proc/device-tree/serial-number": "0000000000000000\0", "etc/machine-id": "uninitialized\n" };
    const { serialNumber } = await readLinuxIdentity(await sources(files));
    expect(serialNumber).toMatch(/^[0-9a-f]{32}$/);
  });

  it("draws an id once and keeps it on a machine that has none", async () => {
    const machine = await sources({});
    const first = await readLinuxIdentity(machine);
    expect(first.serialNumber).toMatch(/^[0-9a-f]{32}$/);
    expect(await readLinuxIdentity(machine)).toEqual(first);
  });

  it("replaces a colon in a serial number", async () => {
    const identity = await readLinuxIdentity(await sources({ "etc/machine-id": "aa:bb\n" }));
    expect(identity.serialNumber).toBe("aa-bb");
  });
});

describe("network of a real machine", () => {
  it.runIf(process.platform === "linux")("has the system probe an idle peer of a dialled connection", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const dialled = await openLinuxNetwork().dial({ address: "127.0.0.1", port }, { timeoutMs: 5_000 });
    if (!dialled.ok) throw new Error(dialled.detail);
    const { localPort } = dialled.connection;
    const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, "0");
    const row = (await readFile("/proc/net/tcp", "utf8"))
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .find(([, local, remote]) => local?.endsWith(`:${hex(localPort)}`) && remote?.endsWith(`:${hex(port)}`));
    // Column "tr": 02 is the keep-alive timer (Linux, Documentation/networking/proc_net_tcp.rst).
    expect(row?.[5]?.split(":")[0]).toBe("02");
    dialled.connection.reset();
    server.close();
  });

  it("names an IP literal that a certificate must bear, without sending it as SNI", async () => {
    const world = await makeLinuxWorld();
    const target = { ...(await world.openTlsServer("good")), ...world.tls, serverName: "127.0.0.1" };
    const right = await world.dialer.dialTls(target, { timeoutMs: 5_000 });
    const wrong = await world.dialer.dialTls({ ...target, serverName: "127.0.0.2" }, { timeoutMs: 5_000 });
    if (right.ok) right.connection.reset();
    expect([right.ok, wrong.ok || wrong.reason]).toEqual([true, "tls.wrong-name"]);
    await world.close();
  });

  it("reports bytes that a peer does not take as unacknowledged, with no retransmit while it answers probes", async () => {
    const network = openLinuxNetwork();
    const accepted = Promise.withResolvers<Connection>();
    const listening = await network.listen({ address: "127.0.0.1", port: 0 }, accepted.resolve);
    if (!listening.ok) throw new Error(listening.detail);
    const { port } = listening.listener;
    const dialled = await network.dial({ address: "127.0.0.1", port }, { timeoutMs: 5_000 });
    if (!dialled.ok) throw new Error(dialled.detail);
    const { connection } = dialled;
    const far = await accepted.promise;
    const bytes = Buffer.alloc(16 * 1024 * 1024);
    connection.stream.write(bytes);
    await expect
      .poll(async () => (await connection.delivery())?.unacknowledgedBytes, { timeout: 5_000 })
      .toBeGreaterThan(64 * 1024);
    expect(connection.heldBytes()).toBe(bytes.length);
    expect((await connection.delivery())?.retransmits).toBeLessThanOrEqual(1);
    await readBytes(far.stream, bytes.length);
    await expect.poll(async () => (await connection.delivery())?.unacknowledgedBytes, { timeout: 5_000 }).toBe(0);
    connection.reset();
    await listening.listener.close();
    expect(await connection.delivery()).toBeUndefined();
  });

  it("lists a connection over IPv6 too", async () => {
    const network = openLinuxNetwork();
    const listening = await network.listen({ address: "::1", port: 0 }, () => {});
    if (!listening.ok) throw new Error(listening.detail);
    const target = { address: "::1", port: listening.listener.port };
    const dialled = await network.dial(target, { timeoutMs: 5_000 });
    if (!dialled.ok) throw new Error(dialled.detail);
    expect(await dialled.connection.delivery()).toEqual({ unacknowledgedBytes: 0, retransmits: 0 });
    dialled.connection.reset();
    await listening.listener.close();
  });

  it("calls it ECONNRESET too when the peer ends its stream and then resets what we still write", async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.resetAndDestroy());
      socket.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const dialled = await openLinuxNetwork().dial({ address: "127.0.0.1", port }, { timeoutMs: 5_000 });
    if (!dialled.ok) throw new Error(dialled.detail);
    const { stream } = dialled.connection;
    const closed = closes(stream);
    await new Promise((resolve) => stream.once("end", resolve));
    while (!stream.destroyed) {
      stream.write(Buffer.alloc(1024));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await closed).errorCode).toBe("ECONNRESET");
    await new Promise((resolve) => server.close(resolve));
  });

  it("rejects what no gateway may ask: a name instead of a literal", async () => {
    await expect(openLinuxNetwork().dial({ address: "localhost", port: 1 }, { timeoutMs: 1 })).rejects.toThrow(
      "not an IP literal",
    );
  });
});
