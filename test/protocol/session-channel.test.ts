// The console's own channel: JSON text frames as literals, and what is refused.
import { describe, expect, it } from "vitest";
import {
  type ClientMessage,
  type CloudMessage,
  parseClientMessage,
  parseCloudMessage,
  promptsMax,
  promptTextLengthMax,
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
      '{"type":"host-key","fingerprint":"SHA256:abc","algorithm":"ssh-rsa","known":"SHA256:def"}',
      { type: "host-key", fingerprint: "SHA256:abc", algorithm: "ssh-rsa", known: "SHA256:def" },
    ],
    [
      '{"type":"prompt","id":1,"title":"Sign in","instruction":"","prompts":[{"text":"Password: ","echo":false}]}',
      { type: "prompt", id: 1, title: "Sign in", instruction: "", prompts: [{ text: "Password: ", echo: false }] },
    ],
    ['{"type":"notice","text":"Telnet is not encrypted."}', { type: "notice", text: "Telnet is not encrypted." }],
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
    ['{"type":"answer","id":1,"answers":["hunter2",""]}', { type: "answer", id: 1, answers: ["hunter2", ""] }],
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
    '{"type":"answer","id":1}',
    '{"type":"answer","id":-1,"answers":["x"]}',
    '{"type":"answer","id":"1","answers":["x"]}',
    '{"type":"answer","id":1,"answers":[]}',
    '{"type":"answer","id":1,"answers":[7]}',
    '{"type":"answer","id":1,"answers":["1","2","3","4","5","6","7","8","9"]}',
    `{"type":"answer","id":1,"answers":["${"x".repeat(1025)}"]}`,
  ])("a client may not say %j", (text) => {
    expect(() => parseClientMessage(text)).toThrow(expect.objectContaining({ code: "session-channel.malformed" }));
  });

  it.each([
    '{"type":"break"}',
    '{"type":"step","step":"sleeping"}',
    '{"type":"closed","reason":"panel.exploded","text":"x"}',
    '{"type":"closed","reason":"panel.closed"}',
    '{"type":"host-key","fingerprint":7,"algorithm":"x"}',
    '{"type":"host-key","fingerprint":"x","algorithm":"x","known":1}',
    '{"type":"prompt","id":1,"title":"","instruction":"","prompts":[]}',
    '{"type":"prompt","id":1,"title":"","instruction":"","prompts":[{"text":"x"}]}',
    '{"type":"prompt","id":1,"title":"","instruction":"","prompts":[null]}',
    '{"type":"prompt","id":1,"instruction":"","prompts":[{"text":"x","echo":true}]}',
    `{"type":"notice","text":"${"x".repeat(1025)}"}`,
  ])("the cloud may not say %j", (text) => {
    expect(() => parseCloudMessage(text)).toThrow(expect.objectContaining({ code: "session-channel.malformed" }));
  });

  it("has room for the largest prompt and the largest answer, with every character escaped", () => {
    const text = "\u0001".repeat(promptTextLengthMax);
    const prompts = Array.from({ length: promptsMax }, () => ({ text, echo: false }));
    const prompt: CloudMessage = { type: "prompt", id: 2 ** 53 - 1, title: text, instruction: text, prompts };
    expect(parseCloudMessage(writeSessionMessage(prompt))).toEqual(prompt);
    const answer: ClientMessage = { type: "answer", id: 2 ** 53 - 1, answers: prompts.map(() => text) };
    expect(parseClientMessage(writeSessionMessage(answer))).toEqual(answer);
  });

  it("takes 65536 characters and not one more", () => {
    const frame = (length: number) => `{"type":"break"}${" ".repeat(length - 16)}`;
    expect(sessionMessageLengthMax).toBe(65_536);
    expect(parseClientMessage(frame(65_536))).toEqual({ type: "break" });
    expect(() => parseClientMessage(frame(65_537))).toThrow("longer than 65536 characters");
  });

  it("never quotes what it refuses", () => {
    expect(() => parseClientMessage("hunter2")).toThrow(/^Session message: not JSON$/);
  });
});
