// The splitter: the stream in a client's binary messages stays the same, in pieces of a limited size; all else passes as it is.
import type { Writable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as ws from "ws";
import { MessageSplitter } from "#cloud-stub/remote-access/message-splitter.ts";

/** ws's own reader of frames: exported, but not in its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

const mebibyte = 1024 * 1024;

/** RFC 6455 section 5.2, as a client writes it. */
function frame(options: {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly isFinal?: boolean;
  readonly mask?: readonly [number, number, number, number];
  readonly lengthForm?: 7 | 16 | 64;
}): Buffer {
  const { opcode, payload, isFinal = true, mask = [0x37, 0xfa, 0x21, 0x3d] } = options;
  const length = payload.length;
  const form = options.lengthForm ?? (length < 126 ? 7 : length < 65_536 ? 16 : 64);
  const header = [(isFinal ? 0x80 : 0) | opcode, 0x80 | (form === 7 ? length : form === 16 ? 126 : 127)];
  if (form === 16) header.push(length >> 8, length & 0xff);
  const extended = Buffer.alloc(form === 64 ? 8 : 0);
  if (form === 64) extended.writeBigUInt64BE(BigInt(length));
  const masked = Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]!));
  return Buffer.concat([Buffer.from(header), extended, Buffer.from(mask), masked]);
}

/** What ws makes of bytes. */
async function read(bytes: Buffer): Promise<{
  readonly messages: { data: Buffer; isBinary: boolean }[];
  readonly pongs: string[];
  error: string;
}> {
  const result = { messages: [] as { data: Buffer; isBinary: boolean }[], pongs: [] as string[], error: "" };
  const receiver = new Receiver({ isServer: true, maxPayload: mebibyte });
  receiver.on("message", (data: Buffer, isBinary: boolean) => result.messages.push({ data, isBinary }));
  receiver.on("pong", (data: Buffer) => result.pongs.push(data.toString()));
  receiver.on("error", (error: Error & { code?: string }) => {
    result.error = error.code ?? error.message;
  });
  receiver.write(bytes);
  await new Promise((resolve) => setImmediate(resolve));
  return result;
}

function split(bytes: Buffer, pieceLengths: readonly number[]): Buffer {
  const splitter = new MessageSplitter(mebibyte);
  const out: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    const length = pieceLengths[turn % Math.max(1, pieceLengths.length)] ?? bytes.length;
    out.push(...splitter.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(out);
}

describe("message splitter", () => {
  it("leaves a small message as it is (RFC 6455 section 5.7)", async () => {
    // "A single-frame masked" message there has text; here it is binary: opcode 2.
    const bytes = Buffer.from("82853 7fa213d7f9f4d5158".replaceAll(" ", ""), "hex");
    expect(split(bytes, [])).toEqual(bytes);
    expect((await read(split(bytes, []))).messages[0]?.data.toString()).toBe("Hello");
  });

  it("makes pieces of at most 32 KiB of the largest message", async () => {
    const payload = Buffer.alloc(mebibyte, "abc");
    const { messages } = await read(split(frame({ opcode: 2, payload }), []));
    expect(messages).toHaveLength(32);
    expect(Math.max(...messages.map(({ data }) => data.length))).toBe(32 * 1024);
    expect(Buffer.concat(messages.map(({ data }) => data)).equals(payload)).toBe(true);
  });

  it("makes messages of fragments as they come", async () => {
    const bytes = Buffer.concat([
      frame({ opcode: 2, payload: Buffer.from("one "), isFinal: false }),
      frame({ opcode: 0, payload: Buffer.from("two "), isFinal: false }),
      frame({ opcode: 10, payload: Buffer.from("pong") }),
      frame({ opcode: 0, payload: Buffer.from("three") }),
      frame({ opcode: 1, payload: Buffer.from("text") }),
    ]);
    const { messages, pongs, error } = await read(split(bytes, [3]));
    expect(messages.map(({ data }) => data.toString()).join("")).toBe("one two threetext");
    expect(messages.at(-1)).toMatchObject({ isBinary: false });
    expect(pongs).toEqual(["pong"]);
    expect(error).toBe("");
  });

  it.each([
    [
      "a message above the limit",
      frame({ opcode: 2, payload: Buffer.alloc(mebibyte + 1) }),
      "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
    ],
    ["an unmasked frame", Buffer.from([0x82, 0x01, 0x41]), "WS_ERR_EXPECTED_MASK"],
    ["a reserved bit", Buffer.from([0xf2, 0x81, 0, 0, 0, 0, 0x41]), "WS_ERR_UNEXPECTED_RSV_2_3"],
    ["an unknown opcode", Buffer.from([0x83, 0x81, 0, 0, 0, 0, 0x41]), "WS_ERR_INVALID_OPCODE"],
    ["a continuation of nothing", frame({ opcode: 0, payload: Buffer.from("x") }), "WS_ERR_INVALID_OPCODE"],
    ["a long ping", frame({ opcode: 9, payload: Buffer.alloc(126) }), "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"],
  ])("leaves %s for ws to refuse", async (_what, bytes, error) => {
    expect((await read(split(bytes, [1000]))).error).toBe(error);
  });

  it("keeps the stream whatever the frames, the masks and the pieces in which they come", async () => {
    const message = fc.record({
      length: fc.oneof(fc.nat(200), fc.nat(70_000)),
      isFragment: fc.boolean(),
      mask: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)),
      lengthForm: fc.constantFrom(undefined, 64 as const),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1 }),
        async (parts, pieces) => {
          let next = 0;
          let isInMessage = false;
          const sent: Buffer[] = [];
          const frames = parts.map(({ length, isFragment, mask, lengthForm }, index) => {
            const payload = Buffer.from(Uint8Array.from({ length }, () => next++ & 0xff));
            sent.push(payload);
            const isFinal = !isFragment || index === parts.length - 1;
            const opcode = isInMessage ? 0 : 2;
            isInMessage = !isFinal;
            return frame({ opcode, payload, isFinal, mask, ...(lengthForm === undefined ? {} : { lengthForm }) });
          });
          const { messages, error } = await read(split(Buffer.concat(frames), pieces));
          expect(error).toBe("");
          expect(Buffer.concat(messages.map(({ data }) => data)).equals(Buffer.concat(sent))).toBe(true);
          expect(Math.max(0, ...messages.map(({ data }) => data.length))).toBeLessThanOrEqual(32 * 1024);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });
});
