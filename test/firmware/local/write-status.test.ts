// The status for people: every state with since when, why and what to do; what there is of tunnels, certificate and queue.
import { describe, expect, test } from "vitest";
import { statusLine } from "#firmware/local/local-services.ts";
import { durationText, writeStatus } from "#firmware/status/write-status.ts";
import { aStatus } from "./a-status.ts";

const atMs = aStatus().atMs;

describe("the table", () => {
  test("of a gateway that is online with a tunnel", () => {
    expect(writeStatus(aStatus())).toEqual([
      "Gateway       gw-1 (Line 3), Board, version 0.1.0",
      "Running       since 2026-11-25 03:00:00 UTC (1 h 1 min)",
      "Registration  registered since 2026-11-25 03:00:01 UTC (1 h 1 min)",
      "Connection    online since 2026-11-25 03:00:02 UTC (1 h 1 min)",
      "Cloud         https://cloud.example, MQTT at cloud.example:8883",
      "Login         t1000/device_gw-1 with a password",
      "Queue         0 messages for the cloud",
      "Since start   1 time online, 1 tunnel opened",
      "",
      "OPERATION  PANEL               STATE  FOR  UP     DOWN",
      "4711       192.168.10.11:5900  open   1 h  900 B  4.8 MiB",
    ]);
  });

  test("says why a gateway is offline, when it tries again and what to do", () => {
    const why = {
      event: "connectivity.offline",
      reason: "proxy.refused",
      detail: "status 403",
      advice: "ask somebody",
    };
    const lines = writeStatus(
      aStatus({
        connectivity: "offline",
        connectivitySince: { sinceMs: atMs - 61_000, why, retryAtMs: atMs + 12_000 },
        queue: { messages: 3, dropped: 1 },
        cloud: { url: "https://c", mqtt: "c:8883", mqttOver: "tls", proxy: "proxy:3128" },
        tunnels: [],
      }),
    );
    expect(lines.slice(3)).toEqual([
      "Connection    offline since 2026-11-25 04:00:39 UTC (1 min 1 s)",
      "  why         proxy.refused: status 403; next try in 12 s",
      "  to do       ask somebody",
      "Cloud         https://c, MQTT at c:8883, by the proxy proxy:3128",
      "Login         t1000/device_gw-1 with a password",
      "Queue         3 messages for the cloud, 1 dropped",
      "Since start   1 time online, 1 tunnel opened",
      "",
      "No tunnel is open.",
    ]);
  });

  test.each([
    { identity: undefined, login: "none yet" },
    {
      identity: { kind: "certificate", source: "files", certificateNotAfterMs: atMs + 86_400_000 * 30.5 } as const,
      login: /^certificate, given in files, expires at 2026-12-25 16:01:40 UTC \(in 30 days\)$/,
    },
    {
      identity: { kind: "certificate", source: "enrolment", certificateNotAfterMs: atMs - 1_000 } as const,
      login: /^certificate, issued by the cloud, EXPIRED at 2026-11-25 04:01:39 UTC$/,
    },
  ])("tells as whom it logs in: $login", ({ identity, login }) => {
    const { identity: _identity, ...rest } = aStatus();
    const lines = writeStatus(identity === undefined ? rest : { ...rest, identity });
    const line = lines.find((each) => each.startsWith("Login"))?.replace(/^Login +/, "");
    if (typeof login === "string") expect(line).toBe(login);
    else expect(line).toMatch(login);
  });

  test.each([
    { uplink: { name: "eth0", uplinks: [] }, text: "eth0" },
    { uplink: { name: undefined, uplinks: [] }, text: "none" },
    {
      uplink: {
        name: "wwan0",
        uplinks: [
          { name: "eth0", isUp: false },
          { name: "wwan0", isUp: true },
        ],
      },
      text: "wwan0 (by preference: eth0 down, wwan0 up)",
    },
    {
      uplink: { name: "eth0", uplinks: [{ name: "wlan0", isUp: true }], wanted: "wlan0", why: "ip: not permitted" },
      text: "eth0 (by preference: wlan0 up); wlan0 cannot be taken: ip: not permitted",
    },
  ])("tells the uplink: $text", ({ uplink, text }) => {
    expect(writeStatus(aStatus({ uplink }))).toContain(`Uplink        ${text}`);
  });

  test("tells how the board is, and its alarms", () => {
    const lines = writeStatus(
      aStatus({
        health: {
          celsius: 81.26,
          load1: 0.5,
          memoryUsedPercent: 40.4,
          diskUsedPercent: 91.6,
          isClockSynchronised: false,
          isHot: true,
          alarms: [{ alarmType: "postern_Hot", severity: "MAJOR", text: "The CPU is hot" }],
        },
      }),
    );
    expect(lines).toContain(
      "Board         81.3 °C, too hot for another tunnel, load 0.50, memory 40 %, disk 92 %, clock not synchronised",
    );
    expect(lines).toContain("Alarm         MAJOR: The CPU is hot");
  });

  test("tells that MQTT goes through a websocket", () => {
    const cloud = { url: "https://c", mqtt: "c:8883", mqttOver: "auto", mqttWay: "websocket" } as const;
    expect(writeStatus(aStatus({ cloud }))).toContain("Cloud         https://c, MQTT through a websocket");
  });

  test("tells of modem and serial consoles", () => {
    const modem = {
      port: "/dev/ttyUSB2",
      model: "Maker M1",
      sim: "ready",
      registration: "home",
      operator: "Net",
      signalDbm: -71,
    };
    const serialConsoles = [
      { name: "press4", port: "/dev/ttyUSB0", operation: "4711" },
      { name: "oven", port: "/dev/ttyUSB1" },
    ];
    const lines = writeStatus(aStatus({ modem: { ...modem, resets: 1 }, serialConsoles }));
    expect(lines).toContain("Modem         Maker M1, home with Net, -71 dBm, reset 1 time");
    expect(lines).toContain("Serial        press4 at /dev/ttyUSB0, used by 4711");
    expect(lines).toContain("Serial        oven at /dev/ttyUSB1, free");
    const silent = { port: "/dev/ttyUSB2", trouble: "missing", why: "no such port", resets: 0 } as const;
    expect(writeStatus(aStatus({ modem: silent }))).toContain("Modem         /dev/ttyUSB2, missing: no such port");
  });

  test("writes an IPv6 panel in brackets, and the state of a tunnel that is not open", () => {
    const [tunnel] = aStatus().tunnels;
    if (tunnel === undefined) throw new Error("must hold: there is a tunnel");
    const lines = writeStatus(aStatus({ tunnels: [{ ...tunnel, host: "fd00::1", isOpen: false, state: "checking" }] }));
    expect(lines.at(-1)).toMatch(/^4711 {7}\[fd00::1\]:5900 {2}checking /);
  });
});

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [999, "0 s"],
  [59_000, "59 s"],
  [60_000, "1 min"],
  [3_599_000, "59 min 59 s"],
  [86_400_000, "1 d"],
  [90_061_000, "1 d 1 h"],
])("%i ms are %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test.each([
  { status: aStatus(), line: "online, https://cloud.example, 1 tunnel" },
  { status: aStatus({ tunnels: [] }), line: "online, https://cloud.example" },
  {
    status: aStatus({
      tunnels: [],
      connectivity: "offline",
      connectivitySince: { sinceMs: 0, why: { event: "connectivity.offline", reason: "timeout" } },
    }),
    line: "offline, https://cloud.example (timeout)",
  },
  {
    status: aStatus({
      tunnels: [],
      registration: "registering",
      connectivity: "offline",
      registrationSince: { sinceMs: 0, why: { event: "registration.waiting" } },
    }),
    line: "registering with https://cloud.example (registration.waiting)",
  },
])("systemd's line: $line", ({ status, line }) => {
  expect(statusLine(status)).toBe(line);
});
