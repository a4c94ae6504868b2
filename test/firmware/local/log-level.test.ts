// The level of the log: what is less important is not written.
import { expect, test } from "vitest";
import { createLog, type LogLevel, logLevels } from "#firmware/log.ts";

test.each([
  { from: undefined, written: ["debug", "info", "warn", "error"] },
  { from: "debug", written: ["debug", "info", "warn", "error"] },
  { from: "info", written: ["info", "warn", "error"] },
  { from: "warn", written: ["warn", "error"] },
  { from: "error", written: ["error"] },
] as const)("from $from on", ({ from, written }) => {
  const lines: string[] = [];
  const log = createLog({ nowMs: () => 0 }, (line) => lines.push(line), from);
  for (const level of logLevels) log[level]("x.happened");
  expect(lines.map((line) => (JSON.parse(line) as { level: LogLevel }).level)).toEqual(written);
});
