// The console's own channel: JSON text frames as literals, and what is refused.
import { describe, expect, it } from "vitest";
import {
  type ClientMessage,
  type CloudMessage,
  parseClientMessage,
  parseCloudMessage,
  sessionMessageLengthMax,
  writeSessionMessage,
} from "#protocol/session-channel.ts";

describe("session channel", () => {
  // Section 5 of the design.
  it.each<[string, CloudMessage]>([
    ['{"type":"step","step":"waiting-for-gateway"}', { type: "step", step: "waiting-for-gateway" }],
    ['{"type":"step","step":"opening-tunnel"}', { type: "step", step: "opening-tunnel" }],
    ['{"type":"step","step":"handshaking"}', { type: "step", step: "handshaking" }],
    ['{"type":"step","step":"open"}', { type: "step", step: "open" }],
    [
      '{"type":"host-key","fingerprint":"SHA256:abc","algorithm":"ssh-ed25519"}',
      { type: "host-key", fingerprint: "SHA256:abc", algorithm: "ssh-ed25519" },
    ],
    [
      '{"type":"closed","reason":"panel.closed","text":"The panel closed the connection."}',
      { type: "closed", reason: "panel.closed", text: "The panel closed the connection." },
    ],
  ])("the cloud says %s", (text, message) => {
    expect(writeSessionMessage(message)).toBe(text);
    expect(parseCloudMessage(text)).toEqual(message);
  });

  it.each<[string, ClientMessage]>([
    ['{"type":"resize","columns":80,"rows":24}', { type: "resize", columns: 80, rows: 24 }],
    ['{"type":"resize","columns":1000,"rows":1}', { type: "resize", columns: 1000, rows: 1 }],
    ['{"type":"accept-host-key","fingerprint":"SHA256:abc"}', { type: "accept-host-key", fingerprint: "SHA256:abc" }],
    ['{"type":"break"}', { type: "break" }],
  ])("a client says %s", (text, message) => {
    expect(writeSessionMessage(message)).toBe(text);
    expect(parseClientMessage(text)).toEqual(message);
  });

  it.each([
    "",
    "break",
    "null",
    "[]",
    '"break"',
    "{}",
    '{"type":"step","step":"open"}',
    '{"type":"toString"}',
    '{"type":"resize","columns":0,"rows":24}',
    '{"type":"resize","columns":80,"rows":1001}',
    '{"type":"resize","columns":"80","rows":24}',
    '{"type":"resize","columns":80.5,"rows":24}',
    '{"type":"accept-host-key"}',
  ])("a client may not say %j", (text) => {
    expect(() => parseClientMessage(text)).toThrow(expect.objectContaining({ code: "session-channel.malformed" }));
  });

  it.each([
    '{"type":"break"}',
    '{"type":"step","step":"sleeping"}',
    '{"type":"closed","reason":"panel.exploded","text":"x"}',
    '{"type":"closed","reason":"panel.closed"}',
    '{"type":"host-key","fingerprint":7,"algorithm":"x"}',
  ])("the cloud may not say %j", (text) => {
    expect(() => parseCloudMessage(text)).toThrow(expect.objectContaining({ code: "session-channel.malformed" }));
  });

  it("takes 4096 characters and not one more", () => {
    const frame = (length: number) => `{"type":"break"}${" ".repeat(length - 16)}`;
    expect(sessionMessageLengthMax).toBe(4096);
    expect(parseClientMessage(frame(4096))).toEqual({ type: "break" });
    expect(() => parseClientMessage(frame(4097))).toThrow("longer than 4096 characters");
  });

  it("never quotes what it refuses", () => {
    expect(() => parseClientMessage("hunter2")).toThrow(/^Session message: not JSON$/);
  });
});
