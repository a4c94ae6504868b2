// Adds up vitest's JSON reports into the one line that ends a CI run. Runs on Node 20 without any package.

/**
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, success: boolean,
 *   testResults: readonly { name: string, status: string, assertionResults: readonly { status: string, fullName: string }[] }[] }} Report
 * @typedef {{ passed: number, failed: number, skipped: number, complaints: readonly string[] }} Sum
 */

/**
 * A file that failed before its first test counts as one failure. Everything in `complaints` makes the run fail.
 * @param {readonly { name: string, report: Report | undefined }[]} reports
 * @param {number} exitCode of `npm test`
 * @returns {Sum}
 */
export function sumReports(reports, exitCode) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const complaints = [];
  for (const { name, report } of reports) {
    if (report === undefined) {
      complaints.push(`no report of the ${name} tests: npm test ended before they ran to their end`);
      continue;
    }
    const brokenFiles = report.testResults.filter(isBroken);
    sum.passed += report.numPassedTests;
    sum.failed += report.numFailedTests + brokenFiles.length;
    sum.skipped += report.numPendingTests + report.numTodoTests;
    for (const file of brokenFiles) complaints.push(`failed as a whole: ${file.name}`);
    for (const test of skippedTests(report)) complaints.push(`skipped: ${test}`);
    if (!report.success && report.numFailedTests + brokenFiles.length === 0) {
      complaints.push(`the ${name} tests failed outside of any test`);
    }
  }
  if (sum.passed === 0) complaints.push("no test passed");
  if (sum.failed > 0) complaints.push(`${sum.failed} failed`);
  if (sum.skipped > 0) complaints.push(`${sum.skipped} skipped: none may be`);
  if (exitCode !== 0) complaints.push(`npm test ended with code ${exitCode}`);
  return { ...sum, complaints };
}

function isBroken({ status, assertionResults }) {
  return status === "failed" && !assertionResults.some((result) => result.status === "failed");
}

function skippedTests({ testResults }) {
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status !== "passed" && status !== "failed").map(({ fullName }) => fullName),
  );
}

/** @param {Sum} sum */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
