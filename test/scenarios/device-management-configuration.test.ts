// A configuration from the cloud: used, kept or taken back, over power cuts, and never beyond what the gateway's own file allows.
import { describe, expect, it } from "vitest";
import { storesFile } from "#simulator/operator/stored-file.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import type { Site, SitePanels } from "#simulator/site.ts";
import {
  asksFor,
  configOnDisk,
  configures,
  does,
  endOf,
  startManagedSite,
  usualConfig,
} from "./device-management-site.ts";

/** The file as the operator edits it: with its secrets hidden, as the cloud has it. */
function edited(site: Site<SitePanels>, change: (text: string) => string): string {
  return change(configOnDisk(site).replace(/password = ".*"/, 'password = "***"'));
}

const withInterval = (text: string): string => `${text}\n[health]\ninterval_s = 120\n`;

/** The modules' limits, with room for the boot. */
const longMs = 900_000;

describe("a configuration from the cloud", () => {
  it("is used once it has brought the gateway online, its secrets as they were", async () => {
    await using site = await startManagedSite({ panels: { press4: vncPanel() } });
    const before = configOnDisk(site);
    const ended = await configures(site, edited(site, withInterval));
    expect(ended).toMatchObject({ status: "SUCCESSFUL" });
    expect(configOnDisk(site)).toBe(withInterval(before));
    expect(site.board.disk.files.has("gateway.toml.previous")).toBe(false);
    // The machine was not restarted for it.
    expect(site.board.boots).toHaveLength(1);
    await site.gatewayIsOnline();
    const vnc = await site.operator.opensVnc("press4");
    await vnc.disconnects();
  });

  it("closes open tunnels with the reason", async () => {
    await using site = await startManagedSite({ panels: { press4: vncPanel() } });
    const open = await site.operator.opensVnc("press4");
    await open.showsPicture();
    expect(await configures(site, edited(site, withInterval))).toMatchObject({ status: "SUCCESSFUL" });
    expect(site.gatewayLog.filter(({ event }) => event === "tunnel.closed")).toMatchObject([
      { reason: "gateway.stopping" },
    ]);
  });

  it("that changes nothing is successful, and nothing begins anew", async () => {
    await using site = await startManagedSite();
    expect(
      await configures(
        site,
        edited(site, (text) => `# a comment more\n${text}`),
      ),
    ).toMatchObject({
      status: "SUCCESSFUL",
    });
    expect(site.gatewayLog.filter(({ event }) => event === "gateway.started")).toHaveLength(1);
  });

  it.each<[what: string, change: (text: string) => string, words: RegExp]>([
    ["no TOML", () => "[cloud\nurl = ", /^not valid TOML in line 1$/],
    ["empty", () => "", /^\[registration\] password cannot be set or removed from the cloud/],
    [
      "an unknown key",
      (text) => text.replace("[device]", "[device]\nnmae = 1"),
      /nmae: is not known \(did you mean name\?\)/,
    ],
    ["a wrong value", (text) => `${text}\n[health]\ninterval_s = 1\n`, /interval_s: must be .*10/],
    [
      "another cloud",
      (text) => text.replace("cloud.example:8443", "evil.example"),
      /^\[cloud\] can be changed at the gateway only/,
    ],
    [
      "wider tunnels",
      (text) => `${text}\n[tunnels]\nallow = ["0.0.0.0/0"]\n`,
      /^\[tunnels\] can be changed at the gateway only/,
    ],
    [
      "a new command",
      (text) => text.replace("[commands]", '[commands]\nsh = ["/bin/sh"]'),
      /^\[commands\] can be changed at/,
    ],
    ["a new password", (text) => text.replace('"***"', '"mine"'), /^\[registration\] password cannot be set/],
    [
      "what allows it",
      (text) => `${text}\n[remote_configuration]\nallow = ["tunnels"]\n`,
      /^\[remote_configuration\] can be/,
    ],
    [
      "the state's folder",
      (text) => `${text}\n[state]\ndir = "elsewhere"\n`,
      /^\[state\] can be changed at the gateway only/,
    ],
    ["a serial console", (text) => `${text}\n[serial.plc]\nport = "/dev/ttyUSB0"\n`, /^\[serial\] can be changed at/],
  ])("with %s is refused in words and changes nothing", async (_, change, words) => {
    await using site = await startManagedSite();
    const before = configOnDisk(site);
    const ended = await configures(site, edited(site, change));
    expect(ended.status).toBe("FAILED");
    expect(ended.failureReason).toMatch(words);
    expect(configOnDisk(site)).toBe(before);
    expect(site.gatewayLog.filter(({ event }) => event === "gateway.started")).toHaveLength(1);
  });

  it("may change what the gateway's own file allows", async () => {
    await using site = await startManagedSite({
      configFile: `${usualConfig}\n[remote_configuration]\nallow = ["tunnels"]\n`,
    });
    const wanted = edited(site, (text) => `${text}\n[tunnels]\nmax = 3\n`);
    expect(await configures(site, wanted)).toMatchObject({ status: "SUCCESSFUL" });
    expect(configOnDisk(site)).toContain("max = 3");
  });

  it.each([
    [
      "another machine",
      "https://evil.example/inventory/binaries/1",
      "it is at evil.example: files are fetched from the gateway's own cloud only, cloud.example:8443",
    ],
    ["another port", "https://cloud.example:8444/x", "it is at cloud.example:8444"],
    ["plain HTTP", "http://cloud.example:8443/x", "its address begins with http:, not https:"],
    ["a user in it", "https://a:b@cloud.example:8443/x", "its address has a user or password in it"],
    ["no address at all", "gateway.toml", "its address cannot be read"],
  ])("is not fetched from an address with %s", async (_, url, words) => {
    await using site = await startManagedSite();
    const ended = await does(site, { c8y_DownloadConfigFile: { url, type: "postern-gateway" } });
    expect(ended.status).toBe("FAILED");
    expect(ended.failureReason).toContain(words);
  });

  it("that is not there is said with the cloud's answer", async () => {
    await using site = await startManagedSite();
    const url = "https://cloud.example:8443/inventory/binaries/999999";
    expect(await does(site, { c8y_DownloadConfigFile: { url, type: "postern-gateway" } })).toMatchObject({
      status: "FAILED",
      failureReason: "the file could not be fetched: HTTP status 404",
    });
  });

  it("that is too long is not read", async () => {
    await using site = await startManagedSite();
    const ended = await configures(
      site,
      edited(site, (text) => `${text}\n${"# filler\n".repeat(10_000)}`),
    );
    expect(ended).toMatchObject({
      status: "FAILED",
      failureReason: "the file could not be fetched: the answer is longer than 65536 bytes (http.too-large)",
    });
  });

  it("that does not bring the gateway online is taken back after a limit, and why is said", async () => {
    await using site = await startManagedSite({
      configFile: `${usualConfig}\n[remote_configuration]\nallow = ["cloud"]\n`,
    });
    const before = configOnDisk(site);
    const wanted = edited(site, (text) =>
      text
        .replace("mqtts://cloud.example:8883", "mqtts://nowhere.example:8883")
        .replace("mqtt =", 'mqtt_over = "tls"\nmqtt ='),
    );
    const ended = await configures(site, wanted);
    expect(ended.status).toBe("FAILED");
    expect(ended.failureReason).toBe(
      "the gateway did not come online with it within 5 minutes (name-unknown): the old configuration is used again",
    );
    expect(configOnDisk(site)).toBe(before);
    expect(site.board.disk.files.has("gateway.toml.previous")).toBe(false);
    await site.gatewayIsOnline();
    // And the next one is tried as if nothing had been.
    expect(await configures(site, edited(site, withInterval))).toMatchObject({ status: "SUCCESSFUL" });
  });

  it("is one at a time", async () => {
    await using site = await startManagedSite();
    const url = await storesFile(site, edited(site, withInterval));
    const first = await asksFor(site, { c8y_DownloadConfigFile: { url, type: "postern-gateway" } });
    const second = await asksFor(site, { c8y_DownloadConfigFile: { url, type: "postern-gateway" } });
    expect(await endOf(site, first, longMs)).toMatchObject({ status: "SUCCESSFUL" });
    expect(await endOf(site, second, longMs)).toMatchObject({
      status: "FAILED",
      failureReason: "the gateway is about to restart: try again after that",
    });
    expect(configOnDisk(site)).toContain("interval_s = 120");
  });
});

/** Each change that a good configuration makes to the disk, by file and how often it was made before. */
const changes = [
  ["management.json", 1],
  ["gateway.toml.previous", 1],
  ["gateway.toml", 1],
  ["management.json", 2],
  ["management.json", 3],
  ["gateway.toml.previous", 2],
  ["management.json", 4],
] as const;

describe("a power cut while a configuration is changed", () => {
  it.each(changes)(
    "at the change of %s, time %i, leaves one of the two files whole, and the operation is told",
    async (name, time) => {
      for (const isGood of [true, false]) {
        await using site = await startManagedSite({
          configFile: `${usualConfig}\n[remote_configuration]\nallow = ["cloud"]\n`,
        });
        const before = configOnDisk(site);
        const bad = (text: string): string =>
          text
            .replace("mqtts://cloud.example:8883", "mqtts://nowhere.example:8883")
            .replace("mqtt =", 'mqtt_over = "tls"\nmqtt =');
        const wanted = isGood ? withInterval : bad;
        const url = await storesFile(site, edited(site, wanted));
        let count = 0;
        let wasCut = false;
        site.powerCut({
          at: (change) => {
            if (change.name !== name) return false;
            count += 1;
            wasCut = count === time;
            return wasCut;
          },
        });
        const id = await asksFor(site, { c8y_DownloadConfigFile: { url, type: "postern-gateway" } });
        await site.passes(60_000);
        const isOn = site.isGatewayOn;
        // Of a bad one fewer changes come before the limit: then the cut comes in its undoing.
        if (isOn) await site.passes(400_000);
        if (!site.isGatewayOn) site.powerOn();
        await site.gatewayIsOnline(longMs);
        const ended = await endOf(site, id, longMs);
        await site.passes(30_000);
        const found = configOnDisk(site);
        expect([before, wanted(before)]).toContain(found);
        expect(ended.status).toBe(found === before ? "FAILED" : "SUCCESSFUL");
        if (!isGood) expect(found).toBe(before);
        expect(site.board.disk.files.has("gateway.toml.previous")).toBe(false);
        expect(
          await configures(
            site,
            edited(site, (text) => `${text}\n[log]\nlevel = "debug"\n`),
          ),
        ).toMatchObject({
          status: "SUCCESSFUL",
        });
      }
    },
  );
});

describe("a hostile sequence of configurations", () => {
  it("never widens what the gateway's own file allows", async () => {
    await using site = await startManagedSite({
      configFile: `${usualConfig}\n[tunnels]\nallow = ["192.168.10.11:5900"]\n`,
    });
    const before = configOnDisk(site);
    const steps: readonly ((text: string) => string)[] = [
      (text) => text.replace("[tunnels]\nallow = [", '[tunnels]\nallow = ["0.0.0.0/0", '),
      (text) => text.replace(/\[tunnels\]\n.*\n/, ""),
      (text) => text.replace("[tunnels]", '["tunnels"]').replace("192.168.10.11:5900", "10.0.0.0/8"),
      (text) => `tunnels.allow = ["10.0.0.0/8"]\n${text.replace(/\[tunnels\]\n.*\n/, "")}`,
      (text) => `tunnels = { allow = ["10.0.0.0/8"] }\n${text.replace(/\[tunnels\]\n.*\n/, "")}`,
      (text) => `${text}\n[remote_configuration]\nallow = ["tunnels", "commands", "cloud", "registration"]\n`,
      (text) => `${text}\n[tunnels.extra]\nallow = ["10.0.0.0/8"]\n`,
      (text) => text.replace("[commands]", '[commands]\nreboot = ["/sbin/reboot"]'),
      (text) => text.replace('["/usr/bin/uptime", "-p"]', '["/bin/sh", "-c", "id"]'),
      (text) => text.replace('password = "***"', 'password_file = "/etc/shadow"'),
      (text) => text.replace('password = "***"', 'password = "***"\nmethod = "enrolment"'),
      (text) => text.replace("[cloud]", '[cloud]\nproxy = "http://evil.example:3128"'),
      (text) => text.replace("[cloud]", '[cloud]\nca = "/tmp/evil.pem"'),
      (text) => `${text}\n[serial.tunnels]\nport = "/dev/ttyS0"\n`,
    ];
    for (const change of steps) {
      const ended = await configures(site, edited(site, change));
      expect(ended.status, ended.failureReason).toBe("FAILED");
      expect(configOnDisk(site)).toBe(before);
    }
    expect(site.gatewayLog.filter(({ event }) => event === "gateway.started")).toHaveLength(1);
  });
});
