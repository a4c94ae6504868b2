// The log that the cloud may ask for: bounded in memory, and cut to what was asked for.
import { describe, expect, it } from "vitest";
import { excerptBytesMax, excerptOf } from "#firmware/device-management/log-excerpt.ts";
import { LogRing, logLineLengthMax } from "#firmware/device-management/log-ring.ts";
import { readOwnLog } from "#firmware/device-management/own-log.ts";
import type { ProcessOutcome } from "#hardware/ports.ts";

describe("the newest lines in memory", () => {
  it("are as many as fit", () => {
    const ring = new LogRing(100);
    for (let index = 0; index < 1_000; index += 1) ring.add(`line ${String(index).padStart(4, "0")}`);
    expect(ring.lines()).toEqual(
      Array.from({ length: 10 }, (_, index) => `line ${String(990 + index).padStart(4, "0")}`),
    );
  });

  it("have a longest line", () => {
    const ring = new LogRing();
    ring.add("x".repeat(100_000));
    expect(ring.lines()[0]).toHaveLength(logLineLengthMax + 3);
  });

  it("are none where one line is longer than all that fits", () => {
    const ring = new LogRing(10);
    ring.add("a line that is too long");
    expect(ring.lines()).toEqual([]);
    ring.add("short");
    expect(ring.lines()).toEqual(["short"]);
  });
});

const lineAt = (minute: number, event: string): string =>
  `{"time":"2026-01-31T10:${String(minute).padStart(2, "0")}:00.000Z","event":"${event}"}`;
const atMs = (minute: number): number => Date.UTC(2026, 0, 31, 10, minute);

describe("an excerpt", () => {
  const lines = [lineAt(1, "one"), lineAt(2, "two"), "    at a stack", lineAt(3, "Three"), lineAt(4, "four")];
  const of = (more: object): string[] =>
    excerptOf(lines, { searchText: "", maximumLines: 100, ...more })
      .split("\n")
      .filter((line) => line !== "");

  it.each<[what: string, more: object, indexes: readonly number[]]>([
    ["all", {}, [0, 1, 2, 3, 4]],
    ["the newest", { maximumLines: 2 }, [3, 4]],
    ["from a time on", { fromMs: atMs(2) }, [1, 2, 3, 4]],
    ["up to a time", { toMs: atMs(2) }, [0, 1, 2]],
    ["between two times", { fromMs: atMs(2), toMs: atMs(3) }, [1, 2, 3]],
    ["with a text, in any case", { searchText: "thREE" }, [3]],
    ["with a text that is a pattern elsewhere", { searchText: ".*" }, []],
    ["the newest with a text", { searchText: "event", maximumLines: 1 }, [4]],
    ["of no time that there was", { fromMs: atMs(50) }, []],
  ])("is %s", (_, more, indexes) => {
    expect(of(more)).toEqual(indexes.map((index) => lines[index]));
  });

  it("is bounded in size, and says what is left out", () => {
    const many = Array.from({ length: 300 }, () => "x".repeat(9_999));
    const text = excerptOf(many, { searchText: "", maximumLines: 10_000 });
    expect(Buffer.byteLength(text)).toBeLessThan(excerptBytesMax + 200);
    expect(text).toMatch(/^\[91 older lines are left out: at most 2097152 bytes are sent\]\n/);
  });
});

describe("the gateway's own log", () => {
  const request = { logFile: "postern-gateway", searchText: "", maximumLines: 10 };
  const read = (outcome: ProcessOutcome | undefined): Promise<string> => {
    const ring = new LogRing();
    ring.add("from memory, password=C4nary");
    const processes = outcome && { run: async () => outcome };
    return readOwnLog({ ring, processes, redact: (text) => text.replace("C4nary", "***") }, request);
  };

  it.each<[what: string, outcome: ProcessOutcome | undefined]>([
    ["no programs", undefined],
    ["no journal", { kind: "not-started", detail: "there is no program journalctl" }],
    ["a journal that it may not read", { kind: "exited", exitCode: 1, output: "no\n", isCut: false }],
    ["a journal that hangs", { kind: "timeout", output: "half\n", isCut: false }],
    ["a journal with nothing of it", { kind: "exited", exitCode: 0, output: "", isCut: false }],
  ])("comes from memory where there is %s", async (_, outcome) => {
    expect(await read(outcome)).toBe("from memory, password=***\n");
  });

  it("comes from the journal otherwise, without its secrets, and without a line that was cut", async () => {
    const output = "newest\nC4nary\noldest, cut in the mid";
    expect(await read({ kind: "exited", exitCode: 0, output, isCut: true })).toBe("***\nnewest\n");
  });
});
