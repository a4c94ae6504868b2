// Reads a TOML file section by section and gathers what is wrong with it: file, line, key, what was meant.
import { parse, TomlError } from "smol-toml";
import { ConfigError } from "../errors.ts";
import { shown } from "./key-kinds.ts";
import type { Section, ValuesOf } from "./schema.ts";
import { suggestion } from "./suggestion.ts";

/** More than a person reads: such a file is no configuration. */
const findingsMax = 100;

type Table = Readonly<Record<string, unknown>>;

/** A finding is about a section, such as `cloud` or `serial.press4`, and maybe one of its keys. */
export type FindingPath = readonly [section: string, key?: string];

/** One configuration file under examination. Findings are gathered, so that a person sees all of them at once. */
export class ConfigFile {
  readonly #text: string;
  readonly #fileName: string;
  readonly #root: Table;
  readonly #findings: string[] = [];
  #lines: ReadonlyMap<string, number> | undefined;
  #untold = 0;
  /** Keys with a finding. */
  readonly #wrong = new Set<string>();

  /** Throws ConfigError `config.syntax` when the text is not TOML. */
  constructor(text: string, fileName: string) {
    this.#text = text;
    this.#fileName = fileName;
    this.#root = parseToml(text, fileName);
  }

  /** Reports what stands outside of the known sections. */
  checkSections(known: readonly string[]): void {
    for (const [name, value] of Object.entries(this.#root)) {
      if (!known.includes(name)) {
        const quotes = { before: "[", after: "]" };
        this.report([name], () => `is not a section of this file${suggestion(name, known, quotes)}`);
      } else if (!isTable(value)) {
        const header = name === "serial" ? "serial.<name>" : name;
        this.report([name], `must be a section: a line [${header}], then its keys`);
      }
    }
  }

  /** The values of a section, the fallbacks where keys are absent or wrong; what is wrong or not known is reported. */
  section<S extends Section>(name: string, { keys }: S): ValuesOf<S> {
    const table = this.#tableAt(name);
    const known = Object.keys(keys);
    for (const key of Object.keys(table).filter((each) => !known.includes(each))) {
      this.report([name, key], () => `is not known${suggestion(key, known)}`);
    }
    const values = Object.entries(keys).map(([key, spec]) => {
      const value = table[key];
      if (value === undefined) return [key, spec.fallback];
      const outcome = spec.read(value) ?? {
        problem: `must be ${spec.meaning}${spec.isSecret ? "" : `, found ${describe(value)}`}`,
      };
      if ("value" in outcome) return [key, outcome.value];
      for (const problem of [outcome.problem].flat()) this.report([name, key], problem);
      return [key, spec.fallback];
    });
    return Object.fromEntries(values) as ValuesOf<S>;
  }

  /** Whether a key stands there, be it right or wrong. */
  has(section: string, key: string): boolean {
    return this.#tableAt(section)[key] !== undefined;
  }

  /** Whether a section stands there and is one. */
  hasSection(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** What stands in a section whose keys are named by who writes the file. */
  entries(section: string): readonly (readonly [name: string, value: unknown])[] {
    return Object.entries(this.#tableAt(section));
  }

  /** Adds a finding about a section or a key, at its line. */
  report(path: FindingPath, what: string | (() => string)): void {
    if (this.#findings.length >= findingsMax) {
      this.#untold += 1;
      return;
    }
    this.#wrong.add(path.join(" "));
    this.#findings.push(`${this.place(path)}: ${typeof what === "string" ? what : what()}`);
  }

  /** Whether something was reported about a key. */
  isWrong(section: string, key: string): boolean {
    return this.#wrong.has(`${section} ${key}`);
  }

  /** Reports a secret that stands both in this file and in one of its own, named by `<key>_file`. */
  reportBoth(section: string, key: string): void {
    if (this.has(section, key) && this.has(section, `${key}_file`)) {
      this.report([section, `${key}_file`], `and ${key} are both there: keep one of them`);
    }
  }

  /** File, line and name of a section or a key, for messages. */
  place([section, key]: FindingPath): string {
    this.#lines ??= indexLines(this.#text);
    const own = key === undefined ? undefined : this.#lines.get(`${section}.${key}`);
    // A key that is missing belongs into its section.
    const line = own ?? this.#lines.get(section);
    const name = key === undefined ? `[${section}]` : `[${section}] ${key}`;
    return `${this.#fileName}${line === undefined ? "" : `:${line}`}: ${name}`;
  }

  /** Throws ConfigError `config.invalid` with the findings, in the order of their lines, if there are any. */
  throwFindings(): void {
    if (this.#findings.length === 0) return;
    const rest = this.#untold === 0 ? [] : [`${this.#fileName}: ${this.#untold} more are not told`];
    throw new ConfigError("config.invalid", [...this.#findings.toSorted(byLine), ...rest]);
  }

  #tableAt(name: string): Table {
    return this.#find(name) ?? {};
  }

  /** A dot in a name leads into a sub-section; names with a dot of their own are nobody's. */
  #find(name: string): Table | undefined {
    let found: unknown = this.#root;
    for (const part of name.split(".")) found = isTable(found) && Object.hasOwn(found, part) ? found[part] : undefined;
    return isTable(found) ? found : undefined;
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

/** The lines (from 1) on which sections and keys stand first. Only for messages: the parser decides what is valid. */
function indexLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  let current = "";
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    // By hand: a pattern with blanks on both sides takes ages over a long line of them.
    const header = /^\[{1,2}/.exec(trimmed)?.[0].length ?? 0;
    const end = header === 0 ? -1 : trimmed.indexOf("]");
    if (end > 0) current = trimmed.slice(header, end).replaceAll(/["'\s]/g, "");
    const assignment = /^(?:"([^"]+)"|([A-Za-z0-9_.-]+))\s*=/.exec(trimmed);
    const name = assignment?.[1] ?? assignment?.[2];
    let path = name === undefined ? current : [current, name].filter((part) => part !== "").join(".");
    // A key stands in its section, and what it holds may be a section too.
    for (let depth = 0; depth < pathDepthMax && path !== ""; depth += 1) {
      if (!lines.has(path)) lines.set(path, index + 1);
      path = path.slice(0, Math.max(0, path.lastIndexOf(".")));
    }
  }
  return lines;
}

/** Of what this file knows, `[serial.<name>]` is the deepest; its keys may be written with dots. */
const pathDepthMax = 8;

/** A value of the file in a message. */
export function describe(value: unknown): string {
  if (typeof value === "string") return shown(value);
  if (Array.isArray(value)) return "a list";
  return isTable(value) ? "a section" : String(value);
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function byLine(a: string, b: string): number {
  const line = (finding: string): number => Number(/:([0-9]+):/.exec(finding)?.[1] ?? 0);
  return line(a) - line(b);
}
