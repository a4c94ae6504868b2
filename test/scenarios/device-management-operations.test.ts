// Commands, logs and the configuration for the cloud: each with its good and its bad ends, on simulated time.
import { describe, expect, it } from "vitest";
import { latency } from "#simulator/faults/latency.ts";
import { findCanary } from "../support/canary.ts";
import {
  asksFor,
  attachmentOf,
  configOnDisk,
  does,
  endOf,
  operation,
  startManagedSite,
} from "./device-management-site.ts";

describe("a command", () => {
  it("is run by its name, and its output is the result", async () => {
    await using site = await startManagedSite();
    const ended = await does(site, { c8y_Command: { text: "uptime" } });
    expect(ended).toMatchObject({
      status: "SUCCESSFUL",
      document: { c8y_Command: { result: "up 3 days, 2 hours\n" } },
    });
    expect(site.board.processes.started.map(({ command }) => command)).toContainEqual(["/usr/bin/uptime", "-p"]);
  });

  it.each(["/usr/bin/uptime", "uptime -p", "uptime; reboot", "sh -c reboot", "UPTIME"])(
    "that is no name of the list is not run: %s",
    async (text) => {
      await using site = await startManagedSite();
      const before = site.board.processes.started.length;
      expect(await does(site, { c8y_Command: { text } })).toMatchObject({
        status: "FAILED",
        failureReason: "[commands] of the gateway's configuration has no such name: it has uptime, slow",
      });
      expect(site.board.processes.started).toHaveLength(before);
    },
  );

  it.each([
    ["ends with another code than 0", { exitCode: 3, output: "no clock\n" }, "exit code 3: no clock"],
    ["takes too long", { takesMs: 600_000 }, "ended after 60 s: it takes too long"],
  ])("that %s fails with the reason", async (_, end, failureReason) => {
    await using site = await startManagedSite();
    site.board.processes.install("/usr/bin/uptime", () => end);
    expect(await does(site, { c8y_Command: { text: "uptime" } }, 120_000)).toMatchObject({
      status: "FAILED",
      failureReason,
    });
  });

  it("whose program is not there fails with the reason", async () => {
    await using site = await startManagedSite();
    expect(await does(site, { c8y_Command: { text: "slow" } })).toMatchObject({
      status: "FAILED",
      failureReason: "there is no program /usr/bin/slow",
    });
  });

  it("with an output longer than a message is cut, and that is said", async () => {
    await using site = await startManagedSite();
    site.board.processes.install("/usr/bin/uptime", () => ({ output: '"ü" '.repeat(20_000) }));
    const { status, document } = await does(site, { c8y_Command: { text: "uptime" } });
    const { result } = document["c8y_Command"] as { readonly result: string };
    expect(status).toBe("SUCCESSFUL");
    expect(result).toMatch(/^"ü" /);
    expect(result).toMatch(/\n\[cut: the output is longer than one message\]$/);
    expect(result.length).toBeGreaterThan(7_000);
  });

  it("that a power cut interrupts is said to have failed, and is not run again", async () => {
    await using site = await startManagedSite();
    let runs = 0;
    site.board.processes.install("/usr/bin/slow", () => {
      runs += 1;
      return { takesMs: 30_000 };
    });
    const id = await asksFor(site, { c8y_Command: { text: "slow" } });
    await site.until(() => runs === 1, { what: "the program to run" });
    await site.passes(2_000);
    expect(await operation(site, id)).toMatchObject({ status: "EXECUTING" });
    site.powerCut();
    await site.passes(5_000);
    site.powerOn();
    await site.gatewayIsOnline(120_000);
    expect(await endOf(site, id)).toMatchObject({
      status: "FAILED",
      failureReason: "the gateway was restarted in between",
    });
    await site.passes(60_000);
    expect(runs).toBe(1);
  });

  it("of a gateway without a list is refused in words, and not declared", async () => {
    await using site = await startManagedSite({ configFile: "" });
    const device = await site.operator.gets(`/inventory/managedObjects/${site.operator.deviceId}`);
    expect(device["c8y_SupportedOperations"]).toEqual([
      "c8y_RemoteAccessConnect",
      "c8y_Restart",
      "c8y_LogfileRequest",
      "c8y_UploadConfigFile",
      "c8y_DownloadConfigFile",
    ]);
    expect(await does(site, { c8y_Command: { text: "uptime" } })).toMatchObject({
      status: "FAILED",
      failureReason: "this gateway is not set up to do c8y_Command",
    });
  });

  it("that no gateway knows is refused in words", async () => {
    await using site = await startManagedSite();
    expect(await does(site, { c8y_Firmware: { name: "x", version: "1", url: "https://example.com/x" } })).toMatchObject(
      {
        status: "FAILED",
        failureReason: "this gateway is not set up to do c8y_Firmware",
      },
    );
  });

  it("is one of many that are done one after the other", async () => {
    await using site = await startManagedSite();
    const ids: string[] = [];
    for (let index = 0; index < 8; index += 1) ids.push(await asksFor(site, { c8y_Command: { text: "uptime" } }));
    for (const id of ids) expect(await endOf(site, id)).toMatchObject({ status: "SUCCESSFUL" });
    expect(site.board.processes.started.filter(({ command }) => command[0] === "/usr/bin/uptime")).toHaveLength(8);
  });
});

describe("the gateway's log", () => {
  const request = (more: object = {}) => ({
    c8y_LogfileRequest: { logFile: "postern-gateway", searchText: "", maximumLines: 1_000, ...more },
  });

  it("is sent to the cloud, and the operation says where it is", async () => {
    await using site = await startManagedSite();
    const ended = await does(site, request());
    expect(ended.status).toBe("SUCCESSFUL");
    const lines = (await attachmentOf(site, ended, "c8y_LogfileRequest")).trimEnd().split("\n");
    const events = lines.map((line) => (JSON.parse(line) as { readonly event: string }).event);
    expect(events).toContain("gateway.started");
    expect(events).toContain("connectivity.online");
    expect(events.at(-1)).toBe("management.requested");
  });

  it("is sent in part: of a time, with a text, the newest lines", async () => {
    await using site = await startManagedSite();
    const startMs = site.clock.nowMs();
    await site.passes(60_000);
    site.between("cloud", "gateway");
    await does(site, { c8y_Command: { text: "uptime" } });
    const dateFrom = new Date(startMs + 30_000).toISOString();
    const ended = await does(site, request({ dateFrom, searchText: "MANAGEMENT.", maximumLines: 2 }));
    const text = await attachmentOf(site, ended, "c8y_LogfileRequest");
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).event),
    ).toEqual(["management.succeeded", "management.requested"]);
  });

  it("comes from the system's journal where there is one", async () => {
    await using site = await startManagedSite();
    const asked: (readonly string[])[] = [];
    site.board.processes.install("journalctl", (args) => {
      asked.push(args);
      return {
        output:
          '{"time":"2026-01-02T00:00:00.000Z","event":"newer"}\n{"time":"2026-01-01T00:00:00.000Z","event":"older"}\n',
      };
    });
    const ended = await does(site, request({ dateFrom: "2025-12-31T00:00:00.000Z" }));
    expect(await attachmentOf(site, ended, "c8y_LogfileRequest")).toBe(
      '{"time":"2026-01-01T00:00:00.000Z","event":"older"}\n{"time":"2026-01-02T00:00:00.000Z","event":"newer"}\n',
    );
    expect(asked[0]).toContain("--unit=postern-gateway");
    expect(asked[0]).toContain("--since=@1767139200");
  });

  it("has no secret in it, whoever wrote it there", async () => {
    await using site = await startManagedSite();
    const { password } = JSON.parse(Buffer.from(site.board.disk.files.get("credentials.json")!).toString());
    const secrets = [password, "site-bootstrap-Pa55", "C4nary-7", "3f0c8a2e-1111-4222-8333-abcdefabcdef"];
    const lines = [
      `the cloud took ${password} and ${Buffer.from(`t1000/device:${password}`).toString("base64")}`,
      "asked as site-bootstrap-Pa55",
      'password = "C4nary-7"',
      "530,gw-0001,192.168.10.11,5900,3f0c8a2e-1111-4222-8333-abcdefabcdef",
      "GET /service/remoteaccess/device/3f0c8a2e-1111-4222-8333-abcdefabcdef",
    ];
    site.board.processes.install("journalctl", () => ({ output: `${lines.join("\n")}\n` }));
    const text = await attachmentOf(site, await does(site, request()), "c8y_LogfileRequest");
    expect(text.trimEnd().split("\n")).toHaveLength(lines.length);
    for (const secret of secrets) expect(findCanary("the log", text, secret)).toEqual([]);
    // The search finds them where nobody has taken them out.
    for (const secret of secrets) expect(findCanary("the journal", lines.join("\n"), secret)).not.toEqual([]);
  });

  it("is none of another name", async () => {
    await using site = await startManagedSite();
    expect(await does(site, request({ logFile: "../../etc/shadow" }))).toMatchObject({
      status: "FAILED",
      failureReason: "there is no such log: this gateway has postern-gateway",
    });
  });
});

describe("what is being sent to the cloud", () => {
  it("is given up when the gateway stops, and nothing of it is left", async () => {
    await using site = await startManagedSite();
    await asksFor(site, { c8y_UploadConfigFile: { type: "postern-gateway" } });
    await site.between("cloud", "gateway").during(latency(1_000), async () => {
      await site.until(() => site.gatewayLog.some(({ event }) => event === "management.requested"), {
        what: "the gateway to begin with it",
      });
      await site.passes(1_500);
      await site.gatewayStops();
    });
    // The end of the site looks for timers that were left.
  });
});

describe("the gateway's configuration", () => {
  it("is sent without its secrets", async () => {
    await using site = await startManagedSite();
    const ended = await does(site, { c8y_UploadConfigFile: { type: "postern-gateway" } });
    const text = await attachmentOf(site, ended, "c8y_UploadConfigFile");
    expect(text).toBe(configOnDisk(site).replace(/password = ".*"/, 'password = "***"'));
    expect(text).toContain('password = "***"');
    expect(text).toContain("# gw-0001, written when it was installed");
  });

  it("is none of another type", async () => {
    await using site = await startManagedSite();
    expect(await does(site, { c8y_UploadConfigFile: { type: "passwd" } })).toMatchObject({
      status: "FAILED",
      failureReason: "there is no such configuration: this gateway has postern-gateway",
    });
  });
});
