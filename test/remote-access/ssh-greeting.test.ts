// The greeting of an SSH panel: whatever comes in whatever pieces, the same is said of it, and nothing grows without end.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SshGreeting } from "#cloud-stub/remote-access/protocols/ssh/ssh-greeting.ts";

/** What is said in the end, and the bytes that go on. */
function feed(pieces: readonly Uint8Array[]) {
  const greeting = new SshGreeting();
  const passed: Uint8Array[] = [];
  for (const piece of pieces) {
    if (greeting.isComplete) {
      passed.push(piece);
      continue;
    }
    const seen = greeting.see(piece);
    expect(greeting.heldBytes).toBeLessThanOrEqual(8 * 1024 + piece.length);
    if (seen === undefined) continue;
    if (!(seen instanceof Uint8Array)) return seen.reason;
    passed.push(seen);
  }
  return greeting.isComplete ? Buffer.concat(passed).toString("hex") : "waiting";
}

function cut(bytes: Uint8Array, borders: readonly number[]): readonly Uint8Array[] {
  const places = [0, ...borders.map((border) => border % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

const line = fc.oneof(
  fc.constantFrom(
    "SSH-2.0-OpenSSH_9.2\r\n",
    "SSH-1.99-x\n",
    "SSH-1.5-x\n",
    "welcome\r\n",
    "\n",
    "SSH-",
    "HTTP/1.1 200",
  ),
  fc.string({ maxLength: 300 }),
);
const stream = fc.array(line, { maxLength: 8 }).map((lines) => Buffer.from(lines.join(""), "utf8"));

describe("the greeting of an SSH panel", () => {
  it("means the same in any pieces", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (bytes, borders) => {
        expect(feed(cut(bytes, borders))).toBe(feed([bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it("passes on from its line, and leaves out what stood before", () => {
    expect(feed([Buffer.from("hello\r\nSSH-2.0-x y\r\nrest")])).toBe(
      Buffer.from("SSH-2.0-x y\r\nrest").toString("hex"),
    );
  });
});
