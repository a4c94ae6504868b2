// Kinds of keys of the configuration file: how a value is read, and how the kind is told to people.

/** One key of the file. */
export interface Key<T> {
  /** What the key is for, in one or two sentences, for the reference. */
  readonly about: string;
  /** What may stand there, for the reference. */
  readonly kind: string;
  /** What the key must be, after "must be", where its value is of another kind. */
  readonly meaning: string;
  /** As the file would have it; undefined for a key without one. */
  readonly defaultText?: string;
  /** What is used where the key is absent or wrong. */
  readonly fallback: T;
  /** Its value is never quoted. */
  readonly isSecret?: true;
  /** Undefined where the value is of another kind. */
  read(value: unknown): KeyOutcome<T> | undefined;
}

/** A problem completes a sentence that begins with the key's name. */
export type KeyOutcome<T> = { readonly value: T } | { readonly problem: string | readonly string[] };

interface About<T> {
  readonly about: string;
  readonly fallback?: T;
  /** Where the default is not written as the value itself. */
  readonly defaultText?: string;
}

type Value<T, D> = D extends undefined ? T | undefined : T;

/** Of any value: names, paths and addresses stay far below. */
const textLengthMax = 4096;
/** Of a list's entry. */
const entryLengthMax = 256;

/** A text of at least one visible character and no control characters. */
export function isText(value: unknown): value is string {
  if (typeof value !== "string" || value.length > textLengthMax) return false;
  return value.trim() !== "" && !/\p{Cc}/u.test(value);
}

interface TextOptions<D> extends About<D> {
  readonly meaning: string;
  readonly kind?: string;
  /** What is wrong with a text, after the key's name. */
  readonly check?: (text: string) => string | undefined;
}

export function textKey<D extends string | undefined = undefined>(options: TextOptions<D>): Key<Value<string, D>> {
  const { check } = options;
  return {
    ...described(options, options.kind ?? "text"),
    meaning: options.meaning,
    read: (value) => {
      if (!isText(value)) return undefined;
      const problem = check?.(value);
      return problem === undefined ? { value } : { problem };
    },
  };
}

/** A text that is never quoted in a message. */
export function secretKey({ about }: { readonly about: string }): Key<string | undefined> {
  return {
    about,
    kind: "text, a secret",
    meaning: "a text in quotes",
    fallback: undefined,
    isSecret: true,
    read: (value) =>
      typeof value === "string" && value !== "" && value.length <= textLengthMax ? { value } : undefined,
  };
}

/** The name of a file, relative to the configuration file unless absolute. */
export function fileKey({ about, meaning = "the name of a file" }: { about: string; meaning?: string }) {
  return textKey({ about, meaning, kind: "name of a file" });
}

interface WholeOptions<D> extends About<D> {
  readonly min: number;
  readonly max: number;
}

export function wholeKey<D extends number | undefined = undefined>(options: WholeOptions<D>): Key<Value<number, D>> {
  const { min, max } = options;
  const isWithin = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
  return {
    ...described(options, `whole number from ${min} to ${max}`),
    meaning: `a whole number from ${min} to ${max}`,
    read: (value) => (isWithin(value) ? { value } : undefined),
  };
}

export function flagKey<D extends boolean | undefined = undefined>(options: About<D>): Key<Value<boolean, D>> {
  return {
    ...described(options, "true or false"),
    meaning: "true or false",
    read: (value) => (typeof value === "boolean" ? { value } : undefined),
  };
}

interface ChoiceOptions<T, D> extends About<D> {
  readonly of: readonly T[];
  /** Names the nearest choice. */
  readonly suggest: (found: string) => string;
}

/** One of several texts or whole numbers. */
export function choiceKey<const T extends string | number, D extends T | undefined = undefined>(
  options: ChoiceOptions<T, D>,
): Key<Value<T, D>> {
  const list = inWords(options.of.map((each) => JSON.stringify(each)));
  return {
    ...described(options, list),
    meaning: list,
    read: (value) => {
      const found = options.of.find((each) => each === value);
      if (found !== undefined) return { value: found as Value<T, D> };
      if (!isText(value)) return undefined;
      return { problem: `must be ${list}, found ${shown(value)}${options.suggest(value)}` };
    },
  };
}

interface ListOptions<T> extends About<readonly T[]> {
  readonly kind: string;
  readonly max: number;
  readonly entry: string;
  /** Reads one entry; a problem follows the entry's number and value. */
  readonly readEntry: (text: string) => T | { readonly problem: string };
  /** What is wrong with the whole, after the key's name. */
  readonly check?: (entries: readonly T[]) => string | undefined;
}

/** A list of texts, each entry read by itself. */
export function listKey<T extends string | object, D extends readonly T[] | undefined = undefined>(
  options: ListOptions<T> & { readonly fallback?: D },
): Key<Value<readonly T[], D>> {
  const { max, entry, readEntry, check } = options;
  return {
    ...described<D>(options, options.kind),
    meaning: `a list of at most ${max} entries, each ${entry}`,
    read: (value) => {
      if (!Array.isArray(value) || value.length > max) {
        return { problem: `must be a list of at most ${max} entries, each ${entry}` };
      }
      const entries: T[] = [];
      const problems: string[] = [];
      for (const [index, each] of value.entries()) {
        const isReadable = typeof each === "string" && each.length <= entryLengthMax;
        const outcome = isReadable ? readEntry(each) : { problem: `must be ${entry}` };
        const found = typeof each === "string" ? ` ${shown(each)}` : "";
        if (isProblem(outcome)) problems.push(`entry ${index + 1}${found} ${outcome.problem}`);
        else entries.push(outcome);
      }
      if (problems.length > 0) return { problem: problems };
      const problem = check?.(entries);
      return problem === undefined ? { value: entries as Value<readonly T[], D> } : { problem };
    },
  };
}

function isProblem<T>(outcome: T | { readonly problem: string }): outcome is { readonly problem: string } {
  return typeof outcome === "object" && outcome !== null && "problem" in outcome;
}

export interface Address {
  /** A name or IP literal without brackets. */
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  /** As the file has it. */
  readonly text: string;
}

interface AddressOptions {
  readonly about: string;
  readonly meaning: string;
  /** Default port by protocol, such as `https:`. */
  readonly ports: Readonly<Record<string, number>>;
  /** What the address must be without. */
  readonly without?: string;
  readonly defaultText?: string;
}

/** Protocol, host and port; nothing else. */
export function addressKey(options: AddressOptions): Key<Address | undefined> {
  const { meaning, ports, without = "" } = options;
  return {
    ...described({ ...options, fallback: undefined }, "address"),
    meaning,
    read: (value) => {
      if (!isText(value)) return undefined;
      const address = parseAddress(value, ports);
      if (address !== undefined) return { value: address };
      return { problem: `must be ${meaning}${without}, found ${shown(withoutUser(value))}` };
    },
  };
}

function parseAddress(text: string, ports: Readonly<Record<string, number>>): Address | undefined {
  const url = URL.parse(text);
  const defaultPort = ports[url?.protocol ?? ""];
  if (url === null || defaultPort === undefined || url.hostname === "" || url.port === "0") return undefined;
  const isBare = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isBare || (url.pathname !== "" && url.pathname !== "/")) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: url.port === "" ? defaultPort : Number(url.port), protocol: url.protocol, text };
}

/** A password that somebody put into an address does not go into a message. */
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/]*@/, "//***@");
}

function described<D>({ about, fallback, defaultText }: About<D>, kind: string) {
  const text = defaultText ?? (fallback === undefined ? undefined : JSON.stringify(fallback));
  return { about, kind, fallback: fallback as never, ...(text === undefined ? {} : { defaultText: text }) };
}

/** A value of the file in a message. */
export function shown(text: string): string {
  return text.length > 60 ? `a text of ${text.length} characters` : JSON.stringify(text);
}

/** `a, b or c`. */
export function inWords(names: readonly string[]): string {
  const [last = "", ...others] = names.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(", ")} or ${last}`;
}
