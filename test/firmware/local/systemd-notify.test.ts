// What systemd is told, by its own program: in order, the latest of each kind, alive only while the gateway makes progress.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openServiceManager, type ServiceManager } from "#firmware/local/systemd-notify.ts";

let folder = "";
let managers: ServiceManager[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-notify-"));
  managers = [];
});
afterEach(async () => {
  for (const manager of managers) manager.close();
  await rm(folder, { recursive: true });
});

/** Stands in for systemd-notify: writes its arguments and environment, then waits for a line in `go` if there is such a pipe. */
async function program(script = ""): Promise<string> {
  const path = join(folder, "notify");
  const lines = [
    "#!/bin/sh",
    `printf '%s|' "$NOTIFY_SOCKET" "\${SECRET:-none}" "$@" >> ${folder}/said`,
    `echo >> ${folder}/said`,
  ];
  await writeFile(path, [...lines, script, ""].join("\n"));
  await chmod(path, 0o755);
  return path;
}

function open(
  options: Partial<Parameters<typeof openServiceManager>[0]> & { readonly program: string },
): ServiceManager {
  const manager = openServiceManager({
    environment: { NOTIFY_SOCKET: "@socket", PATH: process.env.PATH, SECRET: "not-for-it" },
    pid: 7,
    isAlive: () => true,
    failed: () => {},
    ...options,
  });
  managers.push(manager);
  return manager;
}

async function said(): Promise<readonly string[]> {
  const text = await readFile(join(folder, "said"), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}

function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  return expect.poll(holds, { message: what, timeout: 5_000, interval: 10 }).toBe(true);
}

describe("without systemd", () => {
  test.each([{}, { NOTIFY_SOCKET: "" }])("%o: nothing is run", async (environment) => {
    const manager = open({ program: await program(), environment: { ...environment, WATCHDOG_USEC: "1000" } });
    expect(manager.isListening).toBe(false);
    manager.ready();
    manager.status("x");
    manager.stopping();
    expect(await said()).toEqual([]);
  });
});

describe("with systemd", () => {
  test("its program gets the words, and of the environment only what it needs", async () => {
    const manager = open({ program: await program() });
    manager.ready();
    await until("ready to be said", async () => (await said()).length === 1);
    expect(await said()).toEqual(["@socket|none|READY=1|"]);
  });

  test("what comes while it runs is said together afterwards, of the status only the latest", async () => {
    const manager = open({ program: await program() });
    manager.ready();
    manager.status("one");
    manager.status("two\nthree");
    manager.stopping();
    await until("all to be said", async () => (await said()).length === 2);
    expect(await said()).toEqual(["@socket|none|READY=1|", "@socket|none|STATUS=two three|STOPPING=1|"]);
  });

  test("what was not taken is said again with the next word, or systemd would end a gateway that is well", async () => {
    const path = await program(`[ -e ${folder}/once ] || { touch ${folder}/once; exit 1; }`);
    const told: string[] = [];
    const manager = open({ program: path, failed: (why) => told.push(why) });
    manager.ready();
    await until("it to fail", async () => told.length === 1);
    manager.status("online");
    await until("it to be said again", async () => (await said()).length === 2);
    expect(await said()).toEqual(["@socket|none|READY=1|", "@socket|none|READY=1|STATUS=online|"]);
    manager.status("offline");
    await until("the next to be said", async () => (await said()).length === 3);
    expect((await said())[2]).toBe("@socket|none|STATUS=offline|");
  });

  test("a status is cut at 200 characters", async () => {
    const manager = open({ program: await program() });
    manager.status("x".repeat(1_000));
    await until("it to be said", async () => (await said()).length === 1);
    expect((await said())[0]).toHaveLength("@socket|none|STATUS=|".length + 200);
  });

  test.each([
    { what: "is missing", path: "/nowhere/systemd-notify", says: /cannot be run: spawn .* ENOENT/ },
    { what: "fails", path: undefined, says: /notify ended with exit code 3$/ },
  ])("a program that $what is told of once, and nothing breaks", async ({ path, says }) => {
    const told: string[] = [];
    const manager = open({ program: path ?? (await program("exit 3")), failed: (why) => told.push(why) });
    manager.ready();
    await until("it to be told", async () => told.length === 1);
    manager.status("a");
    manager.stopping();
    if (path === undefined) await until("all to be tried", async () => (await said()).length >= 2);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(says);
  });
});

describe("the watchdog", () => {
  const watched = (usec: string, pid = "7") => ({
    NOTIFY_SOCKET: "@socket",
    PATH: process.env.PATH,
    WATCHDOG_USEC: usec,
    WATCHDOG_PID: pid,
  });

  test("is told while the gateway makes progress, and no longer", async () => {
    let isAlive = true;
    let asked = 0;
    const isAliveNow = (): boolean => {
      asked += 1;
      return isAlive;
    };
    open({ program: await program(), environment: watched("1000000"), isAlive: isAliveNow });
    await until("a ping", async () => (await said()).length === 1);
    expect(await said()).toEqual(["@socket|none|WATCHDOG=1|"]);
    isAlive = false;
    const before = asked;
    await until("it to be asked again", async () => asked > before);
    expect(await said()).toHaveLength(1);
  });

  test.each([
    { environment: watched("1000000", "8"), what: "another process's" },
    { environment: watched("0"), what: "none" },
    { environment: watched("soon"), what: "no number" },
    { environment: { ...watched("1000000"), NOTIFY_SOCKET: "" }, what: "that of nobody who listens" },
  ])("that is $what starts no timer", async ({ environment }) => {
    const started = vi.spyOn(globalThis, "setInterval");
    try {
      open({ program: await program(), environment });
      expect(started).not.toHaveBeenCalled();
      open({ program: await program(), environment: watched("60000000") });
      // systemd's limit is a minute: it hears twice in it.
      expect(started).toHaveBeenCalledExactlyOnceWith(expect.any(Function), 30_000);
    } finally {
      started.mockRestore();
    }
  });
});

const notify = "/usr/bin/systemd-notify";
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, fds, flags, address = socket.recv_fds(s, 4096, 8)
    text = data.decode()
    if text.strip() != "BARRIER=1":
        print(repr(text), flush=True)
    for fd in fds:
        import os
        os.close(fd)
`;

test.runIf(existsSync(notify) && existsSync("/usr/bin/python3"))(
  "systemd's own program says it to a socket",
  async () => {
    const path = join(folder, "s");
    const child = spawn("/usr/bin/python3", ["-c", receiver, path], { stdio: ["ignore", "pipe", "inherit"] });
    let heard = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
    try {
      await until("the receiver to listen", async () => heard.includes("bound"));
      const told: string[] = [];
      const environment = { NOTIFY_SOCKET: path, PATH: process.env.PATH };
      const manager = open({ program: notify, environment, failed: (why) => told.push(why) });
      manager.ready();
      manager.status("online, https://cloud.example");
      await until("both to be heard", async () => heard.includes("STATUS"));
      expect(heard).toContain("READY=1");
      expect(heard).toContain("STATUS=online, https://cloud.example");
      expect(told).toEqual([]);
    } finally {
      child.kill("SIGKILL");
    }
  },
);
