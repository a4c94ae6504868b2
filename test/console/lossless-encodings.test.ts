// The console asks VNC servers for exact pictures only.
import { describe, expect, it } from "vitest";
import { withoutLossyEncodings } from "#cloud-stub/console/src/connect/lossless-encodings.ts";

function setEncodings(...encodings: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 + 4 * encodings.length);
  bytes[0] = 2;
  bytes.writeUInt16BE(encodings.length, 2);
  for (const [index, encoding] of encodings.entries()) bytes.writeInt32BE(encoding, 4 + 4 * index);
  return new Uint8Array(bytes);
}

describe("withoutLossyEncodings", () => {
  it("takes JPEG, H.264 and the wish for a JPEG quality out of SetEncodings", () => {
    const asked = setEncodings(1, 50, 7, 16, 21, 5, 0, -26, -254, -223);
    expect(withoutLossyEncodings(asked)).toEqual(setEncodings(1, 7, 16, 5, 0, -254, -223));
  });

  // RFC 6143 7.5.2 with the numbers of 7.7: ZRLE, Raw; -32 and -23 are the two ends of the JPEG quality levels.
  it("writes the shortened list as the RFC says", () => {
    const asked = Uint8Array.of(2, 0, 0, 4, 0, 0, 0, 16, 0, 0, 0, 0, 255, 255, 255, 224, 255, 255, 255, 233);
    expect([...withoutLossyEncodings(asked)]).toEqual([2, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0, 0]);
  });

  it.each<[string, Uint8Array]>([
    ["a FramebufferUpdateRequest", Uint8Array.of(3, 1, 0, 0, 0, 0, 3, 32, 1, 224)],
    ["the choice of security type 2", Uint8Array.of(2)],
    ["a protocol version", new TextEncoder().encode("RFB 003.008\n")],
    [
      "an answer to a challenge that begins like SetEncodings",
      Uint8Array.of(2, 9, 0, 3, 0, 0, 0, 21, 9, 9, 9, 9, 9, 9, 9, 9),
    ],
    ["a list that is cut off", setEncodings(0, 21).subarray(0, 8)],
    ["a message with nothing in it", new Uint8Array()],
  ])("leaves %s as it is", (_what, message) => {
    expect(withoutLossyEncodings(message)).toBe(message);
  });

  it("reads a message that stands inside a larger buffer", () => {
    const buffer = new Uint8Array([9, 9, ...setEncodings(0, 21), 9]);
    expect(withoutLossyEncodings(buffer.subarray(2, 14))).toEqual(setEncodings(0));
  });
});
