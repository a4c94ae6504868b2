// Keeps docs/compatibility.md true: every row of its tables names tests that are there, or says plainly that there is none.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { peers } from "./support/peers.ts";
import { projectRoot } from "./tidy/project-files.ts";
import { blank } from "./tidy/source-text.ts";

type Row = Readonly<Record<string, string>>;

interface Tests {
  /** The names of a file's tests; undefined: there is no such file. */
  namesIn(file: string): ReadonlySet<string> | undefined;
  isThere(path: string): boolean;
}

const noTestYet = "no test yet";
const notTested = "not tested";
const guideHeading = "The guide, sentence by sentence";
const startedHeading = "Servers and clients that a test starts";
const unstartedHeading = "What nothing here has started";

/** The tables below a heading of the second level, a row by the names of its columns. */
function rowsBelow(text: string, heading: string): readonly Row[] {
  const section = text.split(/^## /m).find((part) => part.split("\n", 1)[0] === heading) ?? "";
  const rows: Row[] = [];
  let columns: readonly string[] | undefined;
  for (const line of section.split("\n")) {
    if (!line.startsWith("|")) columns = undefined;
    else if (columns === undefined) columns = cellsOf(line);
    else if (!/^\|[-|: ]+$/.test(line)) {
      const cells = cellsOf(line);
      const names = columns;
      // A cell too many has a column without a name, which no rule accepts.
      rows.push(Object.fromEntries(cells.map((cell, index) => [names[index] ?? "", cell])));
    }
  }
  return rows;
}

function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\|/, "")
    .replace(/\|\s*$/, "")
    .split("|")
    .map((cell) => cell.trim());
}

interface Proof {
  readonly tests: readonly { readonly file: string; readonly name: string }[];
  /** Some of what the row says has no test, and the row says so. */
  readonly isPartly: boolean;
  /** What is neither a test nor the plain word. */
  readonly rest: string;
}

function readProof(cell: string): Proof {
  const tests = [...cell.matchAll(/`([^`\s:]+): "([^`]+)"`/g)].map(([, file = "", name = ""]) => ({ file, name }));
  const others = cell
    .replaceAll(/`[^`\s:]+: "[^`]+"`/g, "")
    .split("<br>")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const isPlain = (part: string) => part === noTestYet || part.startsWith(`${noTestYet}: `);
  return { tests, isPartly: others.some(isPlain), rest: others.filter((part) => !isPlain(part)).join(" ") };
}

function proofProblems(cell: string, { namesIn }: Tests): readonly string[] {
  const { tests, isPartly, rest } = readProof(cell);
  const problems = tests.flatMap(({ file, name }) => {
    const names = namesIn(file);
    if (names === undefined) return [`there is no ${file}`];
    return names.has(name) ? [] : [`${file} has no test "${name}"`];
  });
  if (rest !== "") problems.push(`cannot be read: ${rest}`);
  if (tests.length === 0 && !isPartly) problems.push(`neither a test nor "${noTestYet}"`);
  return problems;
}

function guideProblems(row: Row, tests: Tests): readonly string[] {
  const { "The guide says": says, Built: built = "", "Seen on": seenOn, Proof: proof = "", ...others } = row;
  const problems = [...proofProblems(proof, tests)];
  if (!says || Object.keys(others).length > 0) problems.push("is no row of four cells");
  const paths = [...built.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);
  if (paths.length === 0) problems.push("does not say where it is built");
  problems.push(...paths.filter((path) => !tests.isThere(path)).map((path) => `there is no ${path}`));
  const { tests: named, isPartly } = readProof(proof);
  if (seenOn === "page") {
    const isInBrowser = named.some(({ file }) => file.endsWith(".browser.test.ts"));
    if (!isInBrowser && !isPartly) problems.push("is on a page, but no test in a browser");
  } else if (seenOn !== "service") problems.push(`"Seen on" is page or service, not ${seenOn}`);
  return problems.map((problem) => `${says}: ${problem}`);
}

function startedProblems(row: Row, tests: Tests): readonly string[] {
  const { Program: program = "", Version: version = "", "Started by": proof = "", "What of it": what } = row;
  const problems = [...proofProblems(proof, tests)];
  if (!what || Object.keys(row).length !== 4) problems.push("is no row of four cells");
  if (!/^`[^`]+`$/.test(program)) problems.push("names no program");
  if (readProof(proof).tests.length === 0) problems.push("is tested by nothing");
  if (!/\d/.test(version) && version !== "not printed") problems.push("has no version");
  return problems.map((problem) => `${program}: ${problem}`);
}

function unstartedProblems(row: Row): readonly string[] {
  const { Program: program, State: state, Instead: instead } = row;
  const isWhole = program && instead && Object.keys(row).length === 3;
  return isWhole && state === notTested ? [] : [`${program}: does not say "${notTested}" and what there is instead`];
}

/** The names of the tests in a source text, as they are written; not of those that are switched off. */
function testNames(source: string): ReadonlySet<string> {
  const code = blank(source, { alsoQuoted: true });
  const names = [...code.matchAll(/(?<![.\w$])(?:test|it)\b/g)].map(({ index }) =>
    nameOfCall(source, code, index + (code.startsWith("it", index) ? 2 : 4)),
  );
  return new Set(names.filter((name) => name !== undefined));
}

const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "<": ">" };

/** Goes through `.each<Row>([...])` and the like to the call whose first argument is in quotes. */
function nameOfCall(source: string, code: string, from: number): string | undefined {
  let at = from;
  for (;;) {
    at += /^\s*/.exec(code.slice(at))?.[0].length ?? 0;
    const property = /^\.(\w+)/.exec(code.slice(at, at + 40));
    if (property !== null) {
      if (["skip", "todo", "fails"].includes(property[1] ?? "")) return undefined;
      at += property[0].length;
      continue;
    }
    if (code[at] !== "(" && code[at] !== "<") return undefined;
    const quote = /^\(\s*(["'])/.exec(code.slice(at, at + 200));
    if (quote !== null) {
      const begin = at + quote[0].length;
      const end = code.indexOf(quote[1] ?? "", begin);
      return source.slice(begin, end).replaceAll(/\\(.)/g, "$1");
    }
    at = behindBracket(code, at);
    if (at < 0) return undefined;
  }
}

/** Behind the bracket that closes the one at `from`; -1: none does. */
function behindBracket(code: string, from: number): number {
  const open = code[from] ?? "";
  let depth = 0;
  for (let at = from; at < code.length; at += 1) {
    if (code[at] === open) depth += 1;
    // The > of an arrow closes nothing.
    if (code[at] === closing[open] && !(open === "<" && code[at - 1] === "=")) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return -1;
}

const known = new Map<string, ReadonlySet<string> | undefined>();
const here: Tests = {
  namesIn: (file) => {
    const path = join(projectRoot, file);
    if (!known.has(file)) known.set(file, existsSync(path) ? testNames(readFileSync(path, "utf8")) : undefined);
    return known.get(file);
  },
  isThere: (path) => existsSync(join(projectRoot, path)),
};

describe("docs/compatibility.md", () => {
  const text = readFileSync(join(projectRoot, "docs/compatibility.md"), "utf8");
  const guide = rowsBelow(text, guideHeading);
  const started = rowsBelow(text, startedHeading);
  const unstarted = rowsBelow(text, unstartedHeading);

  it("names for each sentence of the guide where it is built and a test that is there, or says that there is none", () => {
    expect(guide.length).toBeGreaterThan(50);
    expect(guide.flatMap((row) => guideProblems(row, here))).toEqual([]);
  });

  it("says of each server and client that tests start which version it was, and which test starts it", () => {
    expect(started.flatMap((row) => startedProblems(row, here))).toEqual([]);
  });

  it("has a row for each program that the tests know as one that nobody here wrote", () => {
    const programs = started.map((row) => row["Program"]);
    const missing = Object.values(peers).filter(({ program }) => !programs.includes(`\`${program}\``));
    expect(missing).toEqual([]);
  });

  it("calls each server of the guide's list not tested that nothing here has started, and none of them tested", () => {
    expect(unstarted.flatMap(unstartedProblems)).toEqual([]);
    const programs = unstarted.map((row) => row["Program"]);
    expect(programs).toEqual(
      expect.arrayContaining(["RealVNC Connect 6.0.2", "EfonVNC 4.2", "TightVNC 1.3.9", "TigerVNC 1.7.0"]),
    );
    const versions = started.map((row) => `${row["What of it"]} ${row["Version"]}`).join("\n");
    for (const old of ["6.0.2", "TightVNC 1.3.9", "TigerVNC 1.7.0"]) expect(versions).not.toContain(old);
  });
});

describe("the rules for its tables", () => {
  const sample: Tests = {
    namesIn: (file) => (file.startsWith("test/there") ? new Set(["does it", "%s"]) : undefined),
    isThere: (path) => path === "src/a.ts",
  };
  const good = {
    "The guide says": "A button",
    Built: "`src/a.ts`",
    "Seen on": "page",
    Proof: '`test/there.browser.test.ts: "does it"`',
  };

  it.each<Row>([
    good,
    { ...good, Proof: `${good.Proof}<br>\`test/there.test.ts: "%s"\`` },
    { ...good, Proof: "no test yet" },
    { ...good, Proof: '`test/there.test.ts: "does it"`<br>no test yet: in a browser' },
    { ...good, "Seen on": "service", Proof: '`test/there.test.ts: "does it"`' },
  ])("let a row of the guide be: %o", (row) => {
    expect(guideProblems(row, sample)).toEqual([]);
  });

  it.each<[string, Row]>([
    ["there is no test/gone.browser.test.ts", { ...good, Proof: '`test/gone.browser.test.ts: "does it"`' }],
    [
      'test/there.browser.test.ts has no test "does"',
      { ...good, Proof: '`test/there.browser.test.ts: "does"`<br>no test yet: the rest' },
    ],
    ['neither a test nor "no test yet"', { ...good, "Seen on": "service", Proof: "" }],
    [
      'cannot be read: test/there.test.ts: "does it"',
      { ...good, Proof: 'no test yet<br>test/there.test.ts: "does it"' },
    ],
    ["cannot be read: no test yet, sorry", { ...good, Proof: `${good.Proof}<br>no test yet, sorry` }],
    ["is on a page, but no test in a browser", { ...good, Proof: '`test/there.test.ts: "does it"`' }],
    ['"Seen on" is page or service, not paper', { ...good, "Seen on": "paper" }],
    ["there is no src/b.ts", { ...good, Built: "`src/b.ts`" }],
    ["does not say where it is built", { ...good, Built: "somewhere" }],
    ["is no row of four cells", { ...good, "": "one more" }],
  ])("find in a row of the guide: %s", (problem, row) => {
    expect(guideProblems(row, sample)).toEqual([`A button: ${problem}`]);
  });

  const program = {
    Program: "`sshd`",
    Version: "OpenSSH_9.2",
    "What of it": "log in",
    "Started by": '`test/there.test.ts: "does it"`',
  };

  it.each<[readonly string[], Row]>([
    [[], program],
    [[], { ...program, Version: "not printed" }],
    [["`sshd`: has no version"], { ...program, Version: "new" }],
    [["`sshd`: is tested by nothing"], { ...program, "Started by": "no test yet" }],
    [["`sshd`: there is no test/gone.test.ts"], { ...program, "Started by": '`test/gone.test.ts: "does it"`' }],
    [["sshd: names no program"], { ...program, Program: "sshd" }],
  ])("find %j in a row of a program", (problems, row) => {
    expect(startedProblems(row, sample)).toEqual(problems);
  });

  it("let nothing be called tested that was not started", () => {
    const row = { Program: "X 1", State: "not tested", Instead: "X 2" };
    expect(unstartedProblems(row)).toEqual([]);
    expect(unstartedProblems({ ...row, State: "tested" })).toHaveLength(1);
    expect(unstartedProblems({ ...row, Instead: "" })).toHaveLength(1);
  });
});

describe("the reading", () => {
  it("of tables goes by their headings and columns", () => {
    const text =
      "# T\n\n## One\nwords\n\n| A | B |\n|---|---|\n| 1 | `x` |\n\n### More\n| A |\n|---|\n| 2 |\n\n## Two\n| C |\n|-|\n| 3 | 4 |\n";
    expect(rowsBelow(text, "One")).toEqual([{ A: "1", B: "`x`" }, { A: "2" }]);
    expect(rowsBelow(text, "Two")).toEqual([{ C: "3", "": "4" }]);
    expect(rowsBelow(text, "Three")).toEqual([]);
  });

  it("of tests finds each name, however the call is made, and none that is only mentioned", () => {
    const source = [
      'test("plain", () => {});',
      'it.each<[string, () => void]>([["a)", () => {}]])("each %s", () => {});',
      'test.skipIf(missing("x"))(\n  "over lines, with \\"quotes\\"",\n  () => {},\n);',
      'describe("no test", () => { it.runIf(1 > 0)("nested", run); });',
      '// test("in a comment", run);',
      "const text = 'it(\"in a text\", run)';",
      'test.skip("switched off", run);\nit.todo("later");\nwords.test("not ours");\nsubmit("nor this");',
    ].join("\n");
    expect([...testNames(source)]).toEqual(["plain", "each %s", 'over lines, with "quotes"', "nested"]);
  });
});
