// The closed list of words against the table of the design, and failure reasons in both directions.
import { describe, expect, it } from "vitest";
import {
  closeCode,
  closeReasons,
  closeText,
  isCloseReason,
  readFailureReason,
  writeFailureReason,
} from "#protocol/close-reason.ts";

// Section 7 of the design: word and code, copied by hand.
const table: readonly (readonly [string, number])[] = [
  ["client.closed", 1000],
  ["client.lost", 4001],
  ["client.stalled", 4002],
  ["panel.closed", 1000],
  ["panel.refused", 4010],
  ["panel.unreachable", 4011],
  ["panel.timeout", 4012],
  ["panel.reset", 4013],
  ["panel.lost", 4014],
  ["panel.stalled", 4015],
  ["panel.name-unknown", 4016],
  ["policy.refused", 4020],
  ["gateway.busy", 4021],
  ["gateway.hot", 4022],
  ["gateway.stopping", 4023],
  ["gateway.offline", 4030],
  ["gateway.timeout", 4031],
  ["gateway.lost", 4032],
  ["cloud.lost", 4033],
  ["cloud.stopping", 4034],
  ["session.idle", 4040],
  ["session.expired", 4041],
  ["session.ended-by-admin", 4042],
  ["endpoint.removed", 4043],
  ["permission.revoked", 4044],
  ["device.removed", 4045],
  ["protocol.unsupported", 4050],
  ["protocol.malformed", 4051],
  ["protocol.too-large", 4052],
  ["auth.failed", 4060],
  ["auth.required", 4061],
  ["hostkey.unknown", 4062],
  ["hostkey.mismatch", 4063],
  ["internal.error", 4099],
];

describe("close reasons", () => {
  it("are exactly the words and codes of the table", () => {
    expect(closeReasons.map((reason) => [reason, closeCode(reason)])).toEqual(table);
  });

  it.each(table)("%s fits into a close frame and has a sentence for people", (word) => {
    expect(Buffer.byteLength(word)).toBeLessThanOrEqual(123);
    expect(isCloseReason(word)).toBe(true);
    if (isCloseReason(word)) expect(closeText(word)).toMatch(/^[A-Z].*\.$/);
  });

  it.each(["", "panel", "PANEL.CLOSED", "toString", "__proto__", "panel.closed "])("%j is not a word", (word) => {
    expect(isCloseReason(word)).toBe(false);
  });
});

describe("failure reasons", () => {
  it("are the word, one sentence and the target", () => {
    expect(writeFailureReason("panel.refused", "192.168.10.11:5900")).toBe(
      "panel.refused: The panel refused the connection: nothing listens on that port. (192.168.10.11:5900)",
    );
    expect(writeFailureReason("gateway.busy")).toBe(
      "gateway.busy: The gateway already has as many tunnels as it may open.",
    );
  });

  it.each(closeReasons)("%s comes back as it was written", (reason) => {
    expect(readFailureReason(writeFailureReason(reason, "10.0.0.5:23"))).toEqual({
      reason,
      text: `${closeText(reason)} (10.0.0.5:23)`,
    });
  });

  it.each([
    ["panel.timeout", "panel.timeout", "The panel did not answer."],
    ["panel.timeout:", "panel.timeout", "The panel did not answer."],
    ["Failed to connect: os error 111", "panel.unreachable", "Failed to connect: os error 111"],
    ["panel.exploded: boom", "panel.unreachable", "panel.exploded: boom"],
    ["panel.closed by somebody", "panel.unreachable", "panel.closed by somebody"],
    ["panel.closedness: x", "panel.unreachable", "panel.closedness: x"],
    ["", "panel.unreachable", "The panel cannot be reached from the gateway."],
    ["bad\u001b[31m\r\nnews\u202e!", "panel.unreachable", "bad [31m news !"],
    ["toString: x", "panel.unreachable", "toString: x"],
  ])("reads %j as %s", (written, reason, text) => {
    expect(readFailureReason(written)).toEqual({ reason, text });
  });

  it("cuts a foreign text to 500 characters", () => {
    expect(readFailureReason("x".repeat(501)).text).toBe("x".repeat(500));
  });
});
