// The closing line of a CI run and what makes the run fail.
import { describe, expect, it } from "vitest";
import { closingLine, sumReports } from "#scripts/sum-reports.mjs";

interface FileResult {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

/** As vitest's JSON reporter writes it, with the fields that are read. */
function report(statuses: readonly string[], files?: readonly FileResult[]) {
  const count = (status: string): number => statuses.filter((each) => each === status).length;
  const assertionResults = statuses.map((status, index) => ({ status, fullName: `test ${index}` }));
  const failed = count("failed") > 0;
  const testResults = files ?? [{ name: "a.test.ts", status: failed ? "failed" : "passed", assertionResults }];
  return {
    numPassedTests: count("passed"),
    numFailedTests: count("failed"),
    numPendingTests: count("pending"),
    numTodoTests: count("todo"),
    success: testResults.every(({ status }) => status === "passed"),
    testResults,
  };
}

const green = { name: "unit", report: report(["passed", "passed"]) };

describe("the sum of the reports", () => {
  it("adds up passed tests and complains of nothing", () => {
    const sum = sumReports([green, { name: "system", report: report(["passed"]) }], 0);
    expect(sum.complaints).toEqual([]);
    expect(closingLine(sum)).toBe("3 passed, 0 failed");
  });

  it.each([
    { what: "a failed test", second: report(["passed", "failed"]), exitCode: 1, line: "3 passed, 1 failed" },
    {
      what: "a skipped test",
      second: report(["passed", "pending"]),
      exitCode: 0,
      line: "3 passed, 0 failed, 1 skipped",
    },
    {
      what: "a test still to be written",
      second: report(["todo"]),
      exitCode: 0,
      line: "2 passed, 0 failed, 1 skipped",
    },
    {
      what: "a file that does not load",
      second: report([], [{ name: "broken.test.ts", status: "failed", assertionResults: [] }]),
      exitCode: 1,
      line: "2 passed, 1 failed",
    },
    { what: "a missing report", second: undefined, exitCode: 0, line: "2 passed, 0 failed" },
    { what: "npm test's own failure", second: report(["passed"]), exitCode: 1, line: "3 passed, 0 failed" },
    {
      what: "an error outside of any test",
      second: { ...report(["passed"]), success: false },
      exitCode: 0,
      line: "3 passed, 0 failed",
    },
  ])("complains of $what", ({ second, exitCode, line }) => {
    const sum = sumReports([green, { name: "system", report: second }], exitCode);
    expect(sum.complaints).not.toEqual([]);
    expect(closingLine(sum)).toBe(line);
  });

  it("complains when npm test failed before any runner", () => {
    const sum = sumReports([{ name: "unit", report: undefined }], 1);
    expect(sum.complaints).toContain("no test passed");
    expect(closingLine(sum)).toBe("0 passed, 0 failed");
  });

  it("names the skipped tests", () => {
    expect(sumReports([{ name: "unit", report: report(["passed", "pending"]) }], 0).complaints).toContain(
      "skipped: test 1",
    );
  });
});
