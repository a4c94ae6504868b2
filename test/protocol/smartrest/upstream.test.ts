// The messages of a device: golden lines after protocol.md 4.3 to 4.5, and the cloud's parser.
import { describe, expect, it } from "vitest";
import { parseMessages } from "#protocol/smartrest/line.ts";
import {
  createDevice,
  createEvent,
  failExecuting,
  failureReasonBytesMax,
  heartbeat,
  parseUpstream,
  requestInternalId,
  requestPendingOperations,
  setAgent,
  setExecuting,
  setExecutingByName,
  setFailed,
  setFailedByName,
  setHardware,
  setRequiredAvailability,
  setSuccessful,
  setSuccessfulByName,
  setSupportedOperations,
  setSupportedProtocols,
  type UpstreamMessage,
} from "#protocol/smartrest/upstream.ts";

const time = "2026-01-31T10:15:30.000Z";

// Field orders of protocol.md 4.3 (100 to 150), 4.4 (400), 4.5 (500 to 507).
const messages: readonly (readonly [string, string, UpstreamMessage])[] = [
  [createDevice("Line 3", "gw"), "100,Line 3,gw", { kind: "create-device", name: "Line 3", type: "gw" }],
  [
    setHardware({ serialNumber: "10000000abc", model: "Raspberry Pi 4", revision: "c03114" }),
    "110,10000000abc,Raspberry Pi 4,c03114",
    { kind: "set-hardware", serialNumber: "10000000abc", model: "Raspberry Pi 4", revision: "c03114" },
  ],
  [
    setSupportedOperations(["c8y_RemoteAccessConnect", "c8y_Restart"]),
    "114,c8y_RemoteAccessConnect,c8y_Restart",
    { kind: "set-supported-operations", operations: ["c8y_RemoteAccessConnect", "c8y_Restart"] },
  ],
  [setRequiredAvailability(10), "117,10", { kind: "set-required-availability", minutes: 10 }],
  [setRequiredAvailability(-1), "117,-1", { kind: "set-required-availability", minutes: -1 }],
  [
    setAgent({ name: "postern", version: "0.1.0", url: "", maintainer: "us, them" }),
    '122,postern,0.1.0,,"us, them"',
    { kind: "set-agent", name: "postern", version: "0.1.0", url: "", maintainer: "us, them" },
  ],
  [requestInternalId(), "123", { kind: "get-internal-id" }],
  [heartbeat(), "125", { kind: "heartbeat" }],
  [
    setSupportedProtocols(["VNC", "PASSTHROUGH"]),
    "150,VNC,PASSTHROUGH",
    { kind: "set-supported-protocols", protocols: ["VNC", "PASSTHROUGH"] },
  ],
  [setSupportedProtocols([]), "150", { kind: "set-supported-protocols", protocols: [] }],
  [
    createEvent({ type: "c8y_RemoteAccessClosed", text: "panel.closed (1 bytes up, 2 bytes down)" }),
    '400,c8y_RemoteAccessClosed,"panel.closed (1 bytes up, 2 bytes down)"',
    { kind: "create-event", type: "c8y_RemoteAccessClosed", text: "panel.closed (1 bytes up, 2 bytes down)" },
  ],
  [
    createEvent({ type: "t", text: "x", time }),
    "400,t,x,2026-01-31T10:15:30.000Z",
    { kind: "create-event", type: "t", text: "x", time },
  ],
  [requestPendingOperations(), "500", { kind: "request-pending-operations" }],
  [
    setExecutingByName("c8y_RemoteAccessConnect"),
    "501,c8y_RemoteAccessConnect",
    { kind: "set-executing-by-name", fragment: "c8y_RemoteAccessConnect" },
  ],
  [
    setFailedByName("c8y_RemoteAccessConnect", 'no "route"'),
    '502,c8y_RemoteAccessConnect,"no ""route"""',
    { kind: "set-failed-by-name", fragment: "c8y_RemoteAccessConnect", reason: 'no "route"' },
  ],
  [
    setSuccessfulByName("c8y_RemoteAccessConnect"),
    "503,c8y_RemoteAccessConnect",
    { kind: "set-successful-by-name", fragment: "c8y_RemoteAccessConnect", parameters: [] },
  ],
  [setExecuting("123456"), "504,123456", { kind: "set-executing", operationId: "123456" }],
  [
    setFailed("123456", "panel.refused: no"),
    "505,123456,panel.refused: no",
    { kind: "set-failed", operationId: "123456", reason: "panel.refused: no" },
  ],
  [setSuccessful("123456"), "506,123456", { kind: "set-successful", operationId: "123456", parameters: [] }],
  [
    failExecuting("c8y_RemoteAccessConnect", "restarted"),
    "507,c8y_RemoteAccessConnect,restarted",
    { kind: "fail-executing", fragment: "c8y_RemoteAccessConnect", reason: "restarted" },
  ],
  [failExecuting(undefined, "restarted"), "507,,restarted", { kind: "fail-executing", reason: "restarted" }],
];

function parse(line: string): UpstreamMessage {
  return parseUpstream(parseMessages(line)[0]!);
}

describe("messages of a device", () => {
  it.each(messages)("%s is written as %s", (written, golden) => {
    expect(written).toBe(golden);
  });

  it.each(messages)("%s is read as %o", (_, golden, message) => {
    expect(parse(golden)).toEqual(message);
  });

  it("cuts a failure reason to 500 bytes without splitting a character", () => {
    expect(failureReasonBytesMax).toBe(500);
    expect(setFailed("1", "x".repeat(500))).toBe(`505,1,${"x".repeat(500)}`);
    expect(setFailed("1", "x".repeat(501))).toBe(`505,1,${"x".repeat(500)}`);
    expect(setFailed("1", `${"x".repeat(499)}ä`)).toBe(`505,1,${"x".repeat(499)}`);
    expect(setFailedByName("f", `${"x".repeat(497)}🛠`)).toBe(`502,f,${"x".repeat(497)}`);
    expect(setFailedByName("f", `${"x".repeat(496)}🛠!`)).toBe(`502,f,${"x".repeat(496)}🛠`);
    expect(failExecuting(undefined, "ä".repeat(251))).toBe(`507,,${"ä".repeat(250)}`);
  });

  it.each<[string, UpstreamMessage]>([
    ["100", { kind: "create-device", name: "", type: "" }],
    ["100,name only", { kind: "create-device", name: "name only", type: "" }],
    ["110,serial", { kind: "set-hardware", serialNumber: "serial", model: "", revision: "" }],
    ["114", { kind: "set-supported-operations", operations: [] }],
    ["150,", { kind: "set-supported-protocols", protocols: [] }],
    ["400,t", { kind: "create-event", type: "t", text: "" }],
    ["400,t,x,", { kind: "create-event", type: "t", text: "x" }],
    [
      "400,t,x,2026-01-31T10:15:30+0100",
      { kind: "create-event", type: "t", text: "x", time: "2026-01-31T10:15:30+0100" },
    ],
    ["503,c8y_Command,result", { kind: "set-successful-by-name", fragment: "c8y_Command", parameters: ["result"] }],
    ["506,7,more", { kind: "set-successful", operationId: "7", parameters: ["more"] }],
    ["505,7", { kind: "set-failed", operationId: "7", reason: "" }],
    ["999,x", { kind: "unknown", template: "999" }],
    ["hello", { kind: "unknown", template: "hello" }],
  ])("takes %j from other agents", (line, message) => {
    expect(parse(line)).toEqual(message);
  });

  it.each([
    ["117", "SmartREST 117, field 1 (minutes): is missing"],
    ["117,ten", "SmartREST 117, field 1 (minutes): must be a whole number"],
    ["117,1e3", "SmartREST 117, field 1 (minutes): must be a whole number"],
    ["400", "SmartREST 400, field 1 (type): is missing"],
    ["400,t,x,yesterday", "SmartREST 400, field 3 (time): must be ISO 8601 with a time zone"],
    ["400,t,x,2026-01-31T10:15:30", "SmartREST 400, field 3 (time): must be ISO 8601 with a time zone"],
    ["501", "SmartREST 501, field 1 (fragment): is missing"],
    ["502,,why", "SmartREST 502, field 1 (fragment): is missing"],
    ["503", "SmartREST 503, field 1 (fragment): is missing"],
    ["504,", "SmartREST 504, field 1 (operationId): is missing"],
    ["505,abc,why", "SmartREST 505, field 1 (operationId): must be 1 to 20 digits"],
    ["506,-1", "SmartREST 506, field 1 (operationId): must be 1 to 20 digits"],
  ])("refuses %j naming template and field", (line, message) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code: "smartrest.malformed", message }));
  });
});
