// What a device says about itself, measured, raised and did: the cloud's parser after protocol.md 4.3 to 4.5.
import { describe, expect, it } from "vitest";
import { ProtocolError } from "#protocol/protocol-error.ts";
import {
  writeCommand,
  writeDownloadConfiguration,
  writeLogfileRequest,
  writeRestart,
  writeUploadConfiguration,
} from "#protocol/smartrest/downstream-operations.ts";
import { parseMessages } from "#protocol/smartrest/line.ts";
import { parseUpstream, type UpstreamMessage } from "#protocol/smartrest/upstream.ts";

const time = "2026-01-31T10:15:30.000Z";
const signal = "c8y_SignalStrength";
const software = { version: "", softwareType: "", url: "" };

function parse(line: string): UpstreamMessage {
  return parseUpstream(parseMessages(line)[0]!);
}

describe("what a device sends", () => {
  // Field orders of protocol.md 4.3.
  it.each<[string, UpstreamMessage]>([
    [
      "102,svc-1,systemd,tedge,up",
      { kind: "set-service", externalId: "svc-1", type: "systemd", name: "tedge", status: "up" },
    ],
    ["104,down", { kind: "set-service-status", status: "down" }],
    ["105", { kind: "get-children" }],
    ["107,c8y_A,c8y_B", { kind: "remove-fragments", fragments: ["c8y_A", "c8y_B"] }],
    [
      "111,imei,iccid,imsi,262,01,9,42",
      { kind: "set-mobile", imei: "imei", iccid: "iccid", imsi: "imsi", mcc: "262", mnc: "01", lac: "9", cellId: "42" },
    ],
    ["111,imei", { kind: "set-mobile", imei: "imei", iccid: "", imsi: "", mcc: "", mnc: "", lac: "", cellId: "" }],
    ["112,49.5,-8.25,112", { kind: "set-position", position: { lat: 49.5, lng: -8.25, alt: 112 } }],
    ['113,"a = 1\nb = 2"', { kind: "set-configuration", text: "a = 1\nb = 2" }],
    [
      "115,os,1.2,https://x.example/os",
      { kind: "set-firmware", name: "os", version: "1.2", url: "https://x.example/os" },
    ],
    [
      "116,a,1,u,b,2",
      {
        kind: "set-software",
        software: [
          { ...software, name: "a", version: "1", url: "u" },
          { ...software, name: "b", version: "2" },
        ],
      },
    ],
    ["116", { kind: "set-software", software: [] }],
    ["118,gateway,system", { kind: "set-supported-logs", types: ["gateway", "system"] }],
    ["119,postern-gateway", { kind: "set-supported-configurations", types: ["postern-gateway"] }],
    [
      `120,postern-gateway,https://x.example/c,gateway.toml,${time}`,
      {
        kind: "set-installed-configuration",
        type: "postern-gateway",
        url: "https://x.example/c",
        name: "gateway.toml",
        time,
      },
    ],
    ["121,true,4711", { kind: "set-device-profile", isExecuted: true, profileId: "4711" }],
    ["140,a,1,apt,u", { kind: "set-software", software: [{ name: "a", version: "1", softwareType: "apt", url: "u" }] }],
    ["141,a,1", { kind: "add-software", software: [{ ...software, name: "a", version: "1" }] }],
    ["142,a,1", { kind: "remove-software", software: [{ ...software, name: "a", version: "1" }] }],
    ["143,apt", { kind: "set-software-types", types: ["apt"] }],
    ["143", { kind: "set-software-types", types: [] }],
  ])("about itself: %s", (line, message) => {
    expect(parse(line)).toEqual(message);
  });

  // Field orders of protocol.md 4.4.
  it.each<[string, UpstreamMessage]>([
    [
      `200,c8y_Temperature,T,21.5,C,${time}`,
      {
        kind: "create-measurement",
        type: "c8y_CustomMeasurement",
        values: [{ fragment: "c8y_Temperature", series: "T", value: 21.5, unit: "C" }],
        time,
      },
    ],
    [
      "200,f,s,-1e3",
      {
        kind: "create-measurement",
        type: "c8y_CustomMeasurement",
        values: [{ fragment: "f", series: "s", value: -1000, unit: "" }],
      },
    ],
    [
      `201,postern_Health,${time},c8y_Cpu,load,3,%,c8y_Memory,used,4`,
      {
        kind: "create-measurement",
        type: "postern_Health",
        values: [
          { fragment: "c8y_Cpu", series: "load", value: 3, unit: "%" },
          { fragment: "c8y_Memory", series: "used", value: 4, unit: "" },
        ],
        time,
      },
    ],
    [
      "201,t,,f,s,1",
      { kind: "create-measurement", type: "t", values: [{ fragment: "f", series: "s", value: 1, unit: "" }] },
    ],
    [
      `210,-87,0.5,${time}`,
      {
        kind: "create-measurement",
        type: signal,
        values: [
          { fragment: signal, series: "rssi", value: -87, unit: "dBm" },
          { fragment: signal, series: "ber", value: 0.5, unit: "%" },
        ],
        time,
      },
    ],
    [
      "210,,1",
      {
        kind: "create-measurement",
        type: signal,
        values: [{ fragment: signal, series: "ber", value: 1, unit: "%" }],
      },
    ],
    [
      "211,42",
      {
        kind: "create-measurement",
        type: "c8y_TemperatureMeasurement",
        values: [{ fragment: "c8y_TemperatureMeasurement", series: "T", value: 42, unit: "C" }],
      },
    ],
    [
      "212,99.5",
      {
        kind: "create-measurement",
        type: "c8y_Battery",
        values: [{ fragment: "c8y_Battery", series: "level", value: 99.5, unit: "%" }],
      },
    ],
    [
      `301,c8y_Hot,too hot,${time}`,
      { kind: "raise-alarm", severity: "CRITICAL", type: "c8y_Hot", text: "too hot", time },
    ],
    ["302,t,x", { kind: "raise-alarm", severity: "MAJOR", type: "t", text: "x" }],
    ["303,t", { kind: "raise-alarm", severity: "MINOR", type: "t", text: "" }],
    ["304,t", { kind: "raise-alarm", severity: "WARNING", type: "t", text: "" }],
    ["305,t,MINOR", { kind: "set-alarm-severity", type: "t", severity: "MINOR" }],
    ["306,t", { kind: "clear-alarm", type: "t" }],
    ["307,t,c8y_A", { kind: "remove-alarm-fragments", type: "t", fragments: ["c8y_A"] }],
    [
      `401,49.5,8,100,5,${time}`,
      {
        kind: "create-location-event",
        position: { lat: 49.5, lng: 8, alt: 100, accuracy: 5 },
        movesDevice: false,
        time,
      },
    ],
    ["402,49.5,8", { kind: "create-location-event", position: { lat: 49.5, lng: 8 }, movesDevice: true }],
    ["407,t,c8y_A,c8y_B", { kind: "remove-event-fragments", type: "t", fragments: ["c8y_A", "c8y_B"] }],
    [
      '503,c8y_Command,"up 3 days, 2 users"',
      { kind: "set-successful-by-name", fragment: "c8y_Command", parameters: ["up 3 days, 2 users"] },
    ],
    ["506,7,a,b", { kind: "set-successful", operationId: "7", parameters: ["a", "b"] }],
  ])("of its state: %s", (line, message) => {
    expect(parse(line)).toEqual(message);
  });

  it.each([
    ["102,svc", "SmartREST 102, field 2 (service type): is missing"],
    ["107", "SmartREST 107, field 1 (fragment): is missing"],
    ["107,a b", "SmartREST 107, field 1 (fragment): must be 1 to 128 letters, digits or one of _ . : -"],
    ["112,north,8", "SmartREST 112, field 1 (lat): must be a number"],
    ["116,,1", "SmartREST 116, field 1 (name): is missing"],
    ["120", "SmartREST 120, field 1 (type): is missing"],
    ["121,yes,1", "SmartREST 121, field 1 (executed): must be true or false"],
    ["200,f,s", "SmartREST 200, field 3 (value): is missing"],
    ["200,f,s,NaN", "SmartREST 200, field 3 (value): must be a number"],
    ["200,f,s,1e999", "SmartREST 200, field 3 (value): must be a number"],
    ["200,f,s,0x10", "SmartREST 200, field 3 (value): must be a number"],
    ["200,__proto__,s,1", "SmartREST 200, field 1 (fragment): must be 1 to 128 letters, digits or one of _ . : -"],
    ["200,f,s,1,C,yesterday", "SmartREST 200, field 5 (time): must be ISO 8601 with a time zone"],
    ["201,t", "SmartREST 201, field 3 (fragment): is missing"],
    ["201,t,,f,s,1,C,g", "SmartREST 201, field 8 (series): is missing"],
    ["210", "SmartREST 210, field 1 (rssi): is missing, and so is ber: one of them must be there"],
    ["211", "SmartREST 211, field 1 (value): is missing"],
    ["301", "SmartREST 301, field 1 (type): is missing"],
    ["305,t", "SmartREST 305, field 2 (severity): is missing"],
    ["305,t,FATAL", "SmartREST 305, field 2 (severity): must be one of CRITICAL, MAJOR, MINOR, WARNING"],
    ["306", "SmartREST 306, field 1 (type): is missing"],
    ["401,1", "SmartREST 401, field 2 (lng): is missing"],
    ["407,t", "SmartREST 407, field 2 (fragment): is missing"],
  ])("refuses %j by template and field", (line, words) => {
    expect(() => parse(line)).toThrow(new ProtocolError("smartrest.malformed", words));
  });
});

describe("operations of device management on s/ds", () => {
  // Field orders of protocol.md 4.7; inner quotes after a backslash (4.1).
  it.each([
    [writeRestart("gw-1"), "510,gw-1"],
    [writeCommand("gw-1", 'say "hi", twice'), '511,gw-1,"say \\"hi\\", twice"'],
    [
      writeLogfileRequest("gw-1", {
        logFile: "gateway",
        dateFrom: "2026-01-30T00:00:00Z",
        dateTo: time,
        searchText: "",
        maximumLines: 100,
      }),
      `522,gw-1,gateway,2026-01-30T00:00:00Z,${time},,100`,
    ],
    [
      writeDownloadConfiguration("gw-1", "https://c.example/inventory/binaries/7", "postern-gateway"),
      "524,gw-1,https://c.example/inventory/binaries/7,postern-gateway",
    ],
    [writeDownloadConfiguration("gw-1", "https://c.example/x", undefined), "521,gw-1,https://c.example/x"],
    [writeUploadConfiguration("gw-1", "postern-gateway"), "526,gw-1,postern-gateway"],
    [writeUploadConfiguration("gw-1", undefined), "520,gw-1"],
  ])("%s", (written, golden) => {
    expect(written).toBe(golden);
  });

  it("refuses a command that does not fit into a message", () => {
    expect(() => writeCommand("gw-1", "x".repeat(16_000))).toThrow(/at most 16000 are allowed/);
  });
});
