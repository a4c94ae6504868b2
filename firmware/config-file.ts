// Reads a TOML file key by key and gathers what is wrong with it: file, line, key, what was meant.
import { parse, TomlError } from "smol-toml";
import { ConfigError } from "./errors.ts";

type Table = Readonly<Record<string, unknown>>;

/** One configuration file under examination. Findings are gathered, so that a person sees all of them at once. */
export class ConfigFile {
  readonly #text: string;
  readonly #fileName: string;
  readonly #root: Table;
  readonly #findings: string[] = [];

  /** Throws ConfigError `config.syntax` when the text is not TOML. */
  constructor(text: string, fileName: string) {
    this.#text = text;
    this.#fileName = fileName;
    this.#root = parseToml(text, fileName);
  }

  /** Reports tables and keys that nobody knows. `known` maps each table to its keys. */
  checkNames(known: Readonly<Record<string, readonly string[]>>): void {
    for (const [table, value] of Object.entries(this.#root)) {
      const keys = known[table];
      if (keys === undefined) {
        this.report([table], `is not a section of this file${suggestion(table, Object.keys(known), "[", "]")}`);
      } else if (!isTable(value)) {
        this.report([table], `must be a section: a line [${table}], then its keys`);
      } else {
        for (const key of Object.keys(value).filter((each) => !keys.includes(each))) {
          this.report([table, key], `is not known${suggestion(key, keys, "", "")}`);
        }
      }
    }
  }

  hasTable(table: string): boolean {
    return isTable(this.#root[table]);
  }

  /** A value, or undefined where the key is absent. */
  value(table: string, key: string): unknown {
    const found = this.#root[table];
    return isTable(found) ? found[key] : undefined;
  }

  /** A text of at least one character, or undefined; another type is reported. */
  text(table: string, key: string, meaning: string): string | undefined {
    const value = this.value(table, key);
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.trim() !== "" && !/\p{Cc}/u.test(value)) return value;
    this.report([table, key], `must be ${meaning}, found ${describe(value)}`);
    return undefined;
  }

  /** A whole number within limits, or `fallback`. */
  wholeNumber(table: string, key: string, limits: { min: number; max: number; fallback: number }): number {
    const value = this.value(table, key);
    if (value === undefined) return limits.fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= limits.min && value <= limits.max) {
      return value;
    }
    const found = describe(value);
    this.report([table, key], `must be a whole number from ${limits.min} to ${limits.max}, found ${found}`);
    return limits.fallback;
  }

  /** Adds a finding about a section or a key, at its line. */
  report(path: readonly [string, string?], what: string): void {
    const [table, key] = path;
    const line = findLine(this.#text, table, key);
    const name = key === undefined ? `[${table}]` : `[${table}] ${key}`;
    this.#findings.push(`${this.#fileName}${line === undefined ? "" : `:${line}`}: ${name}: ${what}`);
  }

  /** Throws ConfigError `config.invalid` with the findings, in the order of their lines, if there are any. */
  throwFindings(): void {
    if (this.#findings.length > 0) throw new ConfigError("config.invalid", this.#findings.toSorted(byLine));
  }
}

function parseToml(text: string, fileName: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The parser adds the lines around the place, which may hold a password: its first line is the message.
    const [message = ""] = error.message.split("\n");
    const what = message.replace(/^Invalid TOML document: /, "");
    throw new ConfigError("config.syntax", [`${fileName}:${error.line}:${error.column}: not valid TOML: ${what}`]);
  }
}

/** The line (from 1) on which a section or a key of it stands. Only for messages: the parser decides what is valid. */
function findLine(text: string, table: string, key: string | undefined): number | undefined {
  let current = "";
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[\s*"?([^\]"]+?)"?\s*\]/.exec(line);
    const assignment = /^\s*(?:"([^"]+)"|([A-Za-z0-9_.-]+))\s*=/.exec(line);
    if (header !== null) current = header[1] ?? "";
    const name = assignment?.[1] ?? assignment?.[2];
    const path = name === undefined ? current : [current, name].filter((part) => part !== "").join(".");
    const wanted = key === undefined ? table : `${table}.${key}`;
    if (path === wanted || path.startsWith(`${wanted}.`)) return index + 1;
  }
  // A key that is missing belongs into its section.
  return key === undefined ? undefined : findLine(text, table, undefined);
}

function suggestion(name: string, known: readonly string[], before: string, after: string): string {
  const ranked = known
    .map((each) => ({ each, distance: editDistance(name.toLowerCase(), each) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best !== undefined && best.distance <= Math.max(2, Math.floor(name.length / 3))) {
    return ` (did you mean ${before}${best.each}${after}?)`;
  }
  return ` (known: ${known.map((each) => `${before}${each}${after}`).join(", ")})`;
}

/** How many characters must be added, removed or replaced to get from one name to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, a] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, b] of [...to].entries()) {
      const replaced = (row[j] ?? 0) + (a === b ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

function describe(value: unknown): string {
  if (typeof value === "string")
    return value.length > 60 ? `a text of ${value.length} characters` : JSON.stringify(value);
  if (Array.isArray(value)) return "a list";
  return isTable(value) ? "a section" : String(value);
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function byLine(a: string, b: string): number {
  const line = (finding: string): number => Number(/:([0-9]+):/.exec(finding)?.[1] ?? 0);
  return line(a) - line(b);
}
