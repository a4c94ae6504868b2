// The messages for a device: golden lines after protocol.md 2.3, 4.6, 4.7 and 4.9, and JSON operations after 4.8 and 5.3.
import { describe, expect, it } from "vitest";
import {
  type DownstreamMessage,
  parseDownstream,
  writeConnect,
  writeCredentials,
  writeError,
  writeInternalId,
} from "#protocol/smartrest/downstream.ts";
import { parseMessages } from "#protocol/smartrest/line.ts";
import { notificationBytesMax, parseOperationNotification } from "#protocol/smartrest/operation-notification.ts";
import { topics } from "#protocol/smartrest/topics.ts";

const connectionKey = "3f0c8a2e-1111-4222-8333-abcdefabcdef";

function parse(line: string): DownstreamMessage {
  return parseDownstream(parseMessages(line)[0]!);
}

describe("messages for a device", () => {
  it.each<[string, DownstreamMessage]>([
    // The example of protocol.md 4.7.
    [
      "530,gw-01,192.0.2.10,5900,3f0c8a2e-1111-4222-8333-abcdefabcdef",
      { kind: "connect", deviceId: "gw-01", request: { hostname: "192.0.2.10", port: 5900, connectionKey } },
    ],
    [
      "70,t1000,device_gw-01,s3cret",
      { kind: "credentials", tenant: "t1000", user: "device_gw-01", password: "s3cret" },
    ],
    [
      '70,t1000,device_gw-01,"a,\\"b"',
      { kind: "credentials", tenant: "t1000", user: "device_gw-01", password: 'a,"b' },
    ],
    ["71,eyJh.eyJz.c2ln", { kind: "token", token: "eyJh.eyJz.c2ln" }],
    // Lines of protocol.md 4.9.
    ["41,100,Device already existing", { kind: "error", code: 41, template: "100", text: "Device already existing" }],
    ["40,999,unknown", { kind: "error", code: 40, template: "999", text: "unknown" }],
    [
      "50,100,Error on device creation, message: no",
      { kind: "error", code: 50, template: "100", text: "Error on device creation, message: no" },
    ],
    [
      "41,,MqttAuth: Cannot publish token",
      { kind: "error", code: 41, template: "", text: "MqttAuth: Cannot publish token" },
    ],
    ["510,gw-01", { kind: "manage", deviceId: "gw-01", request: { fragment: "c8y_Restart" } }],
    ["515,gw-01,image,1.2,https://x", { kind: "operation", deviceId: "gw-01", fragment: "c8y_Firmware" }],
    ["124,1001", { kind: "other", template: "124", fields: ["1001"] }],
    ["51,x", { kind: "other", template: "51", fields: ["x"] }],
    ["400,x", { kind: "other", template: "400", fields: ["x"] }],
  ])("reads %s", (line, message) => {
    expect(parse(line)).toEqual(message);
  });

  it("are written by the cloud with backslash escapes", () => {
    expect(writeConnect("gw-01", { hostname: "192.0.2.10", port: 5900, connectionKey })).toBe(
      "530,gw-01,192.0.2.10,5900,3f0c8a2e-1111-4222-8333-abcdefabcdef",
    );
    expect(writeCredentials({ tenant: "t1000", user: "device_gw-01", password: 'p"w' })).toBe(
      '70,t1000,device_gw-01,"p\\"w"',
    );
    expect(writeInternalId("1001")).toBe("124,1001");
    expect(writeError(41, "100", "Device already existing")).toBe("41,100,Device already existing");
    expect(writeError(42, "", "a, b")).toBe('42,,"a, b"');
  });

  it.each([
    ["530", "SmartREST 530, field 1 (device id): is missing"],
    ["530,gw", "SmartREST 530: hostname must be a text of 1 to 253 characters"],
    ["530,gw,h,70000,k", "SmartREST 530: port must be a whole number from 1 to 65535"],
    ["530,gw,h,5900,a b", "SmartREST 530: connectionKey must be 1 to 128 letters, digits or -._~"],
    ["70,t,u", "SmartREST 70, field 3 (password): is missing"],
    ["71", "SmartREST 71, field 1 (token): is missing"],
  ])("refuses %j saying what is wrong, without the secrets", (line, message) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ code: "smartrest.malformed", message }));
  });

  it("have the topics of protocol.md 1.5", () => {
    expect(topics).toEqual({
      staticUp: "s/us",
      staticDown: "s/ds",
      errors: "s/e",
      credentialsUp: "s/ucr",
      credentialsDown: "s/dcr",
      tokenUp: "s/uat",
      tokenDown: "s/dat",
      operations: "devicecontrol/notifications",
      jsonErrors: "error",
    });
  });
});

describe("operations as JSON", () => {
  const golden = `{
    "id": "123456", "deviceId": "1001", "deviceName": "gw-01", "agentId": "1001",
    "creationTime": "2026-01-31T10:15:30.000Z",
    "status": "PENDING",
    "description": "Opening remote access tunnel to 'HMI panel'",
    "self": "https://tenant.example/devicecontrol/operations/123456",
    "delivery": {"status": "PENDING", "time": "2026-01-31T10:15:30.000Z", "log": []},
    "externalSource": {"externalId": "gw-01", "type": "c8y_Serial"},
    "c8y_RemoteAccessConnect": {"hostname": "192.0.2.10", "port": 5900, "connectionKey": "${connectionKey}"}
  }`;

  it("are read with their id, and fragments apart from bookkeeping", () => {
    const notification = {
      id: "123456",
      deviceId: "1001",
      externalId: "gw-01",
      status: "PENDING",
      description: "Opening remote access tunnel to 'HMI panel'",
      fragments: { c8y_RemoteAccessConnect: { hostname: "192.0.2.10", port: 5900, connectionKey } },
    };
    expect(parseOperationNotification(golden)).toEqual(notification);
    expect(parseOperationNotification(Buffer.from(golden))).toEqual(notification);
  });

  it("may lack the optional parts, and have numbers as ids", () => {
    expect(parseOperationNotification('{"id":7,"deviceId":8,"status":"PENDING","c8y_Restart":{}}')).toEqual({
      id: "7",
      deviceId: "8",
      status: "PENDING",
      fragments: { c8y_Restart: {} },
    });
  });

  it("keep a fragment named __proto__ as a plain property", () => {
    const { fragments } = parseOperationNotification(
      '{"id":"7","deviceId":"8","status":"PENDING","__proto__":{"x":1}}',
    );
    expect(Object.getPrototypeOf(fragments)).toBe(Object.prototype);
    expect(Object.keys(fragments)).toEqual(["__proto__"]);
  });

  it.each([
    ["secret key", "Operation notification: not JSON"],
    ["[]", "Operation notification: not a JSON object"],
    ["null", "Operation notification: not a JSON object"],
    ['{"deviceId":"1","status":"PENDING"}', "Operation notification: id must be 1 to 20 digits"],
    ['{"id":"../1","deviceId":"1","status":"PENDING"}', "Operation notification: id must be 1 to 20 digits"],
    ['{"id":1.5,"deviceId":"1","status":"PENDING"}', "Operation notification: id must be 1 to 20 digits"],
    ['{"id":"1","status":"PENDING"}', "Operation notification: deviceId must be 1 to 20 digits"],
    ['{"id":"1","deviceId":"1"}', "Operation notification: status must be a text"],
  ])("are refused when they are %j, without quoting them", (payload, message) => {
    expect(() => parseOperationNotification(payload)).toThrow(
      expect.objectContaining({ code: "smartrest.malformed", message }),
    );
  });

  it("may have 65536 bytes and not one more", () => {
    const start = '{"id":"7","deviceId":"8","status":"PENDING","x":"';
    const payload = `${start}${"y".repeat(notificationBytesMax - start.length - 2)}"}`;
    expect(payload).toHaveLength(65536);
    expect(parseOperationNotification(payload).id).toBe("7");
    expect(() => parseOperationNotification(`${payload} `)).toThrow(
      expect.objectContaining({ code: "smartrest.too-large" }),
    );
  });
});
