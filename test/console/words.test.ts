// What the console says: times, sizes, statuses, reasons and complaints in words, and what a role allows.
import { describe, expect, it } from "vitest";
import { ApiError, codeOfStatus } from "#cloud-stub/console/src/cloud/api-error.ts";
import { readXsrfToken } from "#cloud-stub/console/src/cloud/xsrf-token.ts";
import { stepsInOrder, stepWords } from "#cloud-stub/console/src/connect/step-words.ts";
import {
  failureText,
  operationStatus,
  operationText,
  sessionText,
} from "#cloud-stub/console/src/control/operation-words.ts";
import { readAgo, readBytes, readDuration } from "#cloud-stub/console/src/frame/readable.ts";
import { backOffMaxMs, nextWaitMs } from "#cloud-stub/console/src/polling/back-off.ts";
import { readDeviceIdError } from "#cloud-stub/console/src/registration/device-id-error.ts";
import { statusWords } from "#cloud-stub/console/src/registration/status-words.ts";
import { readSaveErrors } from "#cloud-stub/console/src/remote-access/field-errors.ts";
import {
  mayConfigureEndpoints,
  mayConnect,
  mayReadOperations,
  mayRegisterDevices,
} from "#cloud-stub/console/src/sign-in/permissions.ts";
import { signInErrorText } from "#cloud-stub/console/src/sign-in/sign-in-error.ts";

describe("times and sizes", () => {
  const nowMs = Date.parse("2026-11-24T12:00:00Z");
  it.each([
    ["2026-11-24T11:59:58Z", "just now"],
    ["2026-11-24T12:00:30Z", "just now"],
    ["2026-11-24T11:59:40Z", "20 seconds ago"],
    ["2026-11-24T11:59:00Z", "1 minute ago"],
    ["2026-11-24T10:00:01Z", "1 hour ago"],
    ["2026-11-22T12:00:00Z", "2 days ago"],
    ["not a time", undefined],
    [undefined, undefined],
  ])("reads %s as %s", (iso, words) => {
    expect(readAgo(iso, nowMs)).toBe(words);
  });

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [9_960, "10 kB"],
    [999_400, "999 kB"],
    [999_500, "1.0 MB"],
    [100_000_000, "100 MB"],
    [5e15, "5000 TB"],
  ])("reads %d bytes as %s", (bytes, words) => {
    expect(readBytes(bytes)).toBe(words);
  });

  it.each([
    [400, "0.4 s"],
    [12_000, "12 s"],
    [185_000, "3 min 5 s"],
    [7_440_000, "2 h 4 min"],
  ])("reads %d ms as %s", (ms, words) => {
    expect(readDuration(ms)).toBe(words);
  });
});

describe("a poll that fails", () => {
  it("waits twice as long each time, up to a limit, and as usual again once it works", () => {
    expect([0, 1, 2, 3, 4, 10].map((failures) => nextWaitMs(4000, failures))).toEqual([
      4000,
      8000,
      16_000,
      32_000,
      backOffMaxMs,
      backOffMaxMs,
    ]);
  });
});

describe("operations", () => {
  it("says in plain words why one failed", () => {
    const failureReason =
      "panel.refused: The panel refused the connection: nothing listens on that port. (10.0.0.9:5900)";
    expect(failureText({ id: "1", status: "FAILED", failureReason })).toBe(
      "The panel refused the connection: nothing listens on that port. (10.0.0.9:5900)",
    );
  });

  it("shows another agent's own words", () => {
    expect(failureText({ id: "1", status: "FAILED", failureReason: "proxy no respond" })).toBe("proxy no respond");
  });

  it("says so when a failed one has no reason, and nothing for one that did not fail", () => {
    expect(failureText({ id: "1", status: "FAILED" })).toBe("The gateway gave no reason.");
    expect(failureText({ id: "1", status: "SUCCESSFUL", failureReason: "old" })).toBeUndefined();
  });

  it("has a word for each status, and shows one it does not know as it is", () => {
    const statuses = ["PENDING", "EXECUTING", "SUCCESSFUL", "FAILED", "ODD"];
    expect(statuses.map((status) => operationStatus(status).text)).toEqual([
      "Pending",
      "Executing",
      "Successful",
      "Failed",
      "ODD",
    ]);
  });

  it("names the target of one without a description", () => {
    const c8y_RemoteAccessConnect = { hostname: "10.0.0.9", port: 5900 };
    expect(operationText({ id: "1", status: "PENDING", c8y_RemoteAccessConnect })).toBe(
      "Remote access to 10.0.0.9:5900",
    );
    expect(operationText({ id: "1", status: "PENDING", description: "Restart" })).toBe("Restart");
  });

  it("says how a session ended, how long it was and what it carried", () => {
    expect(sessionText({ reason: "panel.lost", durationMs: 62_000, bytesDown: 2_000_000, bytesUp: 900 })).toBe(
      "The panel vanished in mid-session. 1 min 2 s, 2.0 MB received, 900 B sent.",
    );
    expect(sessionText({ reason: "cloud.lost" })).toBe("The gateway lost the cloud.");
  });
});

describe("the cloud's complaints about an endpoint", () => {
  it("go to the fields they name, under the form's labels", () => {
    const message =
      "name must be provided; hostname must not contain the port; port is a field of its own; port must be a whole number from 1 to 65535.";
    expect(readSaveErrors(message)).toEqual({
      fields: {
        name: "Name must be provided.",
        hostname: "IP address must not contain the port; port is a field of its own.",
        port: "Port must be a whole number from 1 to 65535.",
      },
    });
  });

  it("reads a sign-in that the protocol does not have", () => {
    expect(readSaveErrors("credentialsType PASS_ONLY is not supported for protocol PASSTHROUGH.")).toEqual({
      fields: { credentialsType: "Sign-in PASS_ONLY is not supported for protocol PASSTHROUGH." },
    });
  });

  it("stand by themselves when they name no field", () => {
    expect(readSaveErrors("There is no such endpoint on this device.")).toEqual({
      fields: {},
      general: "There is no such endpoint on this device.",
    });
  });
});

describe("the steps of a connection", () => {
  it("are told in these words, in this order", () => {
    expect(stepsInOrder.map((step) => stepWords[step])).toEqual([
      "waiting for gateway",
      "opening tunnel",
      "starting VNC handshake",
      "connected",
    ]);
    expect(stepWords).toMatchObject({ preparing: "preparing the connection", disconnected: "disconnected" });
  });
});

describe("a sign-in that failed", () => {
  it.each([
    [
      "api.unauthorized",
      "The login is not valid: wrong user, password or token.",
      "The user or the password is wrong.",
    ],
    [
      "api.rate-limited",
      "Too many failed logins; try again in a minute.",
      "Too many failed logins; try again in a minute.",
    ],
  ] as const)("with %s is said in words for a person", (code, message, words) => {
    expect(signInErrorText(new ApiError(code, message, 401))).toBe(words);
  });
});

describe("a device ID that is not one", () => {
  it.each([
    ["id: must be a text of at most 100 characters", "The device ID must be a text of at most 100 characters"],
    ["There is a request for this device already.", "There is a request for this device already."],
  ])("%s", (message, words) => {
    expect(readDeviceIdError(message)).toBe(words);
  });
});

describe("registration requests", () => {
  it.each([
    ["WAITING_FOR_CONNECTION", "Waiting for connection"],
    ["PENDING_ACCEPTANCE", "Pending acceptance"],
    ["ACCEPTED", "Accepted"],
    ["BLOCKED", "Blocked"],
  ])("reads %s as %s and says what happens next", (status, title) => {
    expect(statusWords(status)).toMatchObject({ title, next: expect.stringMatching(/\.$/) });
  });
});

describe("HTTP statuses", () => {
  it.each([
    [400, "api.invalid"],
    [401, "api.unauthorized"],
    [403, "api.forbidden"],
    [404, "api.not-found"],
    [422, "api.invalid"],
    [429, "api.rate-limited"],
    [500, "api.failed"],
    [503, "api.unreachable"],
  ])("reads %d as %s", (status, code) => {
    expect(codeOfStatus(status)).toBe(code);
  });
});

describe("the XSRF token", () => {
  const cookies = "XSRF-TOKEN-8443=aaa; other=1; XSRF-TOKEN-8080=b%2Fb; XSRF-TOKEN=plain";
  it.each([
    [{ port: "8443", protocol: "https:" }, "aaa"],
    [{ port: "8080", protocol: "http:" }, "b/b"],
    [{ port: "", protocol: "https:" }, undefined],
  ])("is that of the port of the page: %j", (place, token) => {
    expect(readXsrfToken(cookies, place)).toBe(token);
  });

  it("is found on the scheme's own port", () => {
    expect(readXsrfToken("XSRF-TOKEN-443=ccc", { port: "", protocol: "https:" })).toBe("ccc");
  });
});

describe("permissions", () => {
  const withRoles = (...ids: readonly string[]) => ({ userName: "op", effectiveRoles: ids.map((id) => ({ id })) });
  const abilities = { mayConnect, mayConfigureEndpoints, mayRegisterDevices, mayReadOperations };
  const abilitiesOf = (...ids: readonly string[]) =>
    Object.entries(abilities).flatMap(([name, may]) => (may(withRoles(...ids)) ? [name] : []));

  it.each<[readonly string[], readonly string[]]>([
    [[], []],
    [["ROLE_REMOTE_ACCESS_READ"], ["mayConnect"]],
    [["ROLE_REMOTE_ACCESS_ADMIN"], ["mayConnect"]],
    [["ROLE_DEVICE_CONTROL_READ"], ["mayReadOperations"]],
    [["ROLE_DEVICE_CONTROL_ADMIN"], ["mayRegisterDevices", "mayReadOperations"]],
    [
      ["ROLE_REMOTE_ACCESS_READ", "ROLE_DEVICE_CONTROL_ADMIN"],
      ["mayConnect", "mayRegisterDevices", "mayReadOperations"],
    ],
    [
      ["ROLE_REMOTE_ACCESS_ADMIN", "ROLE_DEVICE_CONTROL_ADMIN"],
      ["mayConnect", "mayConfigureEndpoints", "mayRegisterDevices", "mayReadOperations"],
    ],
  ])("with %j are %j", (roles, expected) => {
    expect(abilitiesOf(...roles)).toEqual(expected);
  });
});
