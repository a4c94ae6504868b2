// The gateway's unit of systemd: what it promises to the gateway, what it keeps from it, and what systemd itself thinks of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serviceRuntimeDir, serviceStateDir } from "#firmware/local/show-status.ts";
import { projectRoot } from "../tidy/project-files.ts";

const folder = join(projectRoot, "hardware", "image");
const text = readFileSync(join(folder, "postern-gateway.service"), "utf8");

interface Directive {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

function parse(unit: string): readonly Directive[] {
  let section = "";
  return unit.split("\n").flatMap((line) => {
    if (line === "" || line.startsWith("#")) return [];
    const header = /^\[([A-Z][a-z]+)\]$/.exec(line);
    if (header !== null) {
      section = header[1] ?? "";
      return [];
    }
    const [, name = "", value = ""] = /^([A-Z][A-Za-z]*)=(.*)$/.exec(line) ?? [];
    expect(name, line).not.toBe("");
    return [{ section, name, value }];
  });
}

const directives = parse(text);
const values = (name: string): readonly string[] =>
  directives.filter((each) => each.name === name).map(({ value }) => value);

describe("the unit", () => {
  test.each([
    ["Type", ["notify"]],
    // The words come from systemd-notify, a process of its own.
    ["NotifyAccess", ["all"]],
    ["Restart", ["always"]],
    ["StartLimitIntervalSec", ["0"]],
    ["User", ["postern"]],
    ["UMask", ["0077"]],
    ["StateDirectoryMode", ["0700"]],
    ["NoNewPrivileges", ["yes"]],
    ["CapabilityBoundingSet", [""]],
    ["AmbientCapabilities", [""]],
    ["ProtectSystem", ["strict"]],
    ["ProtectHome", ["yes"]],
    // Beside the folders that systemd makes: settings that the cloud may change, and LEDs.
    ["ReadWritePaths", ["-/etc/postern", "-/sys/devices/platform/leds"]],
    ["DevicePolicy", ["closed"]],
    ["SystemCallFilter", ["@system-service", "~@privileged @resources"]],
    ["WantedBy", ["multi-user.target"]],
  ])("has %s=%j", (name, expected) => {
    expect(values(name)).toEqual(expected);
  });

  test("makes the folders in which `gateway status` looks", () => {
    expect(`/var/lib/${values("StateDirectory")[0]}`).toBe(serviceStateDir);
    expect(`/run/${values("RuntimeDirectory")[0]}`).toBe(serviceRuntimeDir);
  });

  test("gives the gateway the time that it takes to stop", () => {
    expect(Number(values("TimeoutStopSec")[0])).toBeGreaterThan(5);
  });

  test("waits for neither network nor time", () => {
    for (const name of ["After", "Wants", "Requires"]) expect(values(name).join(" ")).not.toMatch(/online|time-/);
  });

  test("lets the gateway at serial ports, watchdog and button, and at nothing else", () => {
    expect(values("DeviceAllow")).toEqual([
      "char-ttyUSB rw",
      "char-ttyACM rw",
      "char-ttyAMA rw",
      "char-ttyS rw",
      "char-watchdog rw",
      "/dev/watchdog rw",
      "char-input r",
    ]);
  });

  test("is relaxed for [uplinks] by one capability, in a file of its own", () => {
    expect(parse(readFileSync(join(folder, "postern-gateway-uplinks.conf"), "utf8"))).toEqual([
      { section: "Service", name: "CapabilityBoundingSet", value: "CAP_NET_ADMIN" },
      { section: "Service", name: "AmbientCapabilities", value: "CAP_NET_ADMIN" },
    ]);
  });
});

describe.runIf(spawnSync("systemd-analyze", ["--version"]).error === undefined)("systemd", () => {
  /** With a program and a user that are on this machine too. */
  function analyze(...args: readonly string[]) {
    const place = mkdtempSync(join(tmpdir(), "postern-unit-"));
    try {
      const unit = join(place, "postern-gateway.service");
      const here = text
        .replace(/^ExecStart=.*$/m, "ExecStart=/bin/true")
        .replaceAll(/^(User|Group)=.*$/gm, "$1=daemon");
      writeFileSync(unit, here);
      return spawnSync("systemd-analyze", [...args, unit], { encoding: "utf8" });
    } finally {
      rmSync(place, { recursive: true });
    }
  }

  test("has nothing to say against it", () => {
    const { status, stdout, stderr } = analyze("verify", "--man=no");
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
  });

  test("finds it little exposed: 2.2 of 10 at most", () => {
    const { stdout, stderr, error, status } = analyze("security", "--offline=true", "--no-pager", "--threshold=22");
    // Before version 250 there is no judging of a file.
    if (/unrecognized option/.test(stderr)) return;
    expect({ status, error }, stdout.split("\n").at(-2)).toEqual({ status: 0, error: undefined });
  });
});
