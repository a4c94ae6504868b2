// Addresses, results, records and what a start makes of them: tables.
import { describe, expect, it } from "vitest";
import { pathAtCloud } from "#firmware/device-management/cloud-path.ts";
import { commandOutcome, resultText } from "#firmware/device-management/command-result.ts";
import {
  doneMax,
  hasUntold,
  type ManagementRecords,
  parseRecords,
  withAllTold,
  withDone,
  writeRecords,
} from "#firmware/device-management/records.ts";
import { type LoadedRecords, resume, trialStartsMax } from "#firmware/device-management/resume.ts";
import { setSuccessful } from "#protocol/smartrest/upstream.ts";

describe("addresses in operations", () => {
  const cloud = "https://cloud.example:8443";
  it.each([
    ["https://cloud.example:8443/inventory/binaries/7", "/inventory/binaries/7"],
    ["https://CLOUD.example:8443/a/../b?x=1#y", "/b?x=1"],
    ["HTTPS://cloud.example:8443", "/"],
  ])("%s is at the cloud", (address, path) => {
    expect(pathAtCloud(address, cloud)).toEqual({ ok: true, path });
  });

  it.each([
    "https://cloud.example/x",
    "https://cloud.example:8443.evil.example/x",
    "https://evil.example/?https://cloud.example:8443/",
    "https://cloud.example:8443@evil.example/x",
    "https://evil.example#@cloud.example:8443/x",
    "https://cloud.example.:8443/x",
    "http://cloud.example:8443/x",
    "//cloud.example:8443/x",
    "\\\\cloud.example:8443\\x",
    "/inventory/binaries/7",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://user:secret@cloud.example:8443/x",
    "",
    "https://",
  ])("%s is not", (address) => {
    const outcome = pathAtCloud(address, cloud);
    expect(outcome.ok).toBe(false);
    expect(JSON.stringify(outcome)).not.toContain("secret");
  });
});

describe("the result of a command", () => {
  it.each([
    ["", ""],
    ["up 3 days\n", "up 3 days\n"],
    ["a\r\nb\tc", "a\nb\tc"],
    ["\u001b[31mred\u0007", "\uFFFD[31mred\uFFFD"],
  ])("of %j is %j", (output, result) => {
    expect(resultText(output, false)).toBe(result);
  });

  it.each(["x".repeat(30_000), '"'.repeat(30_000), "ü\\".repeat(20_000), "\n".repeat(30_000), "😀".repeat(9_000)])(
    "fits into one message, whatever must be quoted (%#)",
    (output) => {
      const text = resultText(output, true);
      expect(text).toMatch(/\n\[cut: the output is longer than one message\]$/);
      expect(text).not.toContain("\uFFFD");
      expect(Buffer.byteLength(setSuccessful("1", [text]))).toBeLessThanOrEqual(15_900);
      expect(Buffer.byteLength(setSuccessful("1", [text]))).toBeGreaterThan(15_000);
    },
  );

  it("is cut where a message is too short for it, though all of it was read", () => {
    expect(resultText("x".repeat(15_990), false)).toMatch(/^x{15000,}\n\[cut: /);
    expect(resultText("x".repeat(15_800), false)).toBe("x".repeat(15_800));
  });

  it("is a failure with the output where the exit code is not 0", () => {
    expect(commandOutcome({ kind: "exited", exitCode: 1, output: "", isCut: false })).toEqual({
      ok: false,
      why: "exit code 1",
    });
  });
});

const empty: ManagementRecords = { done: [] };
const restart = { id: "7", bootId: "boot-1" };
const trial = { id: "8", newHash: "new", phase: "trying", starts: 0 } as const;

describe("records", () => {
  it("are read as they were written", () => {
    const records = withDone(
      { ...empty, restart, trial: { ...trial, why: "x" } },
      { id: "9" },
      { ok: false, why: "y" },
    );
    expect(parseRecords(writeRecords(records))).toEqual(records);
    expect(parseRecords(writeRecords(withAllTold(records)))).toEqual(withAllTold(records));
  });

  it("remember the newest operations only, and those with an id", () => {
    let records = empty;
    for (let index = 0; index < doneMax + 3; index += 1)
      records = withDone(records, { id: String(index) }, { ok: true });
    expect(withDone(records, {}, { ok: true })).toBe(records);
    expect(records.done.map(({ id }) => id)).toEqual(Array.from({ length: doneMax }, (_, index) => String(index + 3)));
    expect(hasUntold(records)).toBe(true);
    expect(hasUntold(withAllTold(records))).toBe(false);
  });

  it.each([
    "",
    "7",
    "[]",
    "{}",
    '{"done":7}',
    '{"done":[7]}',
    '{"done":[{"id":"1"}]}',
    '{"done":[],"restart":{}}',
    '{"done":[],"trial":{"newHash":"x","phase":"odd"}}',
  ])("are not taken from the damaged text %j", (text) => {
    expect(() => parseRecords(text)).toThrow();
  });
});

describe("a start", () => {
  const loaded = (records: Partial<ManagementRecords>, more: Partial<LoadedRecords> = {}): LoadedRecords => ({
    records: { ...empty, ...records },
    bootId: "boot-2",
    configHash: "old",
    fallenBackWhy: undefined,
    ...more,
  });
  const told = (records: Partial<ManagementRecords>, more: Partial<LoadedRecords> = {}): string[] =>
    resume(loaded(records, more)).reports.map(({ id, outcome }) => `${id}: ${outcome.ok ? "ok" : outcome.why}`);

  it.each<
    [
      what: string,
      records: Partial<ManagementRecords>,
      more: Partial<LoadedRecords>,
      told: readonly string[],
      trial: string,
    ]
  >([
    ["nothing", {}, {}, [], "none"],
    ["a restart in another boot", { restart }, {}, ["7: ok"], "none"],
    [
      "a restart in the same boot",
      { restart },
      { bootId: "boot-1" },
      ["7: the gateway's program was started again, but the machine was not"],
      "none",
    ],
    [
      "a restart of a machine that cannot tell",
      { restart },
      { bootId: undefined },
      [expect.stringContaining("but the machine was not") as unknown as string],
      "none",
    ],
    ["the new file", { trial }, { configHash: "new" }, [], "proving"],
    ["the new file that was good", { trial: { ...trial, phase: "kept" } }, { configHash: "new" }, [], "keeping"],
    [
      "the new file that shall go",
      { trial: { ...trial, phase: "undoing", why: "x" } },
      { configHash: "new" },
      [],
      "undoing",
    ],
    ["the new file too often", { trial: { ...trial, starts: trialStartsMax } }, { configHash: "new" }, [], "undoing"],
    [
      "the old file where the new one was to come",
      { trial },
      {},
      ["8: the power failed before the new file was written, or it was changed at the gateway"],
      "ended",
    ],
    [
      "the old file that is back",
      { trial: { ...trial, phase: "undoing", why: "not online" } },
      {},
      ["8: not online"],
      "ended",
    ],
    [
      "the old file because nothing started with the new one",
      { trial },
      { fallenBackWhy: "there is no file x.pem" },
      ["8: there is no file x.pem"],
      "ended",
    ],
    ["another file after the new one was good", { trial: { ...trial, phase: "kept" } }, {}, ["8: ok"], "ended"],
    ["what the cloud may not have heard", { done: [{ id: "3", outcome: { ok: true } }] }, {}, ["3: ok"], "none"],
    ["what the cloud has heard", { done: [{ id: "3", outcome: { ok: true }, isTold: true }] }, {}, [], "none"],
  ])("that finds %s", (_, records, more, reports, state) => {
    expect(told(records, more)).toEqual(reports);
    expect(resume(loaded(records, more)).trial).toBe(state);
  });

  it("counts those with a new file", () => {
    expect(resume(loaded({ trial }, { configHash: "new" })).records.trial?.starts).toBe(1);
  });

  it("remembers what it reports, for a cloud that asks again", () => {
    expect(resume(loaded({ restart })).records).toEqual({ done: [{ id: "7", outcome: { ok: true } }] });
  });
});
