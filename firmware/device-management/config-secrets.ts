// Secrets in the text of the configuration: taken out before it leaves the gateway, put back when it returns. Pure.
import { parse, stringify } from "smol-toml";
import { isTable } from "../config/config-file.ts";
import { sections } from "../config/schema.ts";
import { redacted } from "./redact.ts";

export type TomlTable = Readonly<Record<string, unknown>>;

/** Where a secret stands: section and key. */
export type SecretPlace = readonly [section: string, key: string];

/** Every place of the file where a secret may stand. */
export const secretPlaces: readonly SecretPlace[] = Object.entries(sections).flatMap(([section, { keys }]) =>
  Object.entries(keys)
    .filter(([, spec]) => "isSecret" in spec && spec.isSecret === true)
    .map(([key]): SecretPlace => [section, key]),
);

/** The text without its secrets, comments and order kept where that is safe. Throws if it is no TOML. */
export function withoutSecrets(text: string): string {
  const table = parse(text);
  const clean = changed(table, () => redacted);
  return replacedIn(text, table, clean) ?? stringify(clean);
}

/** The text with the secrets of `old` wherever it says that they stay as they are. Throws if one of them is no TOML. */
export function withSecretsOf(old: string, text: string): string {
  const known = parse(old);
  const table = parse(text);
  const whole = changed(table, (place, value) => (value === redacted ? (valueAt(known, place) ?? value) : value));
  return replacedIn(text, table, whole) ?? stringify(whole);
}

export function valueAt(table: TomlTable, [section, key]: SecretPlace): unknown {
  const found = Object.hasOwn(table, section) ? table[section] : undefined;
  return isTable(found) && Object.hasOwn(found, key) ? found[key] : undefined;
}

function changed(table: TomlTable, change: (place: SecretPlace, value: unknown) => unknown): TomlTable {
  let result = table;
  for (const place of secretPlaces) {
    const value = valueAt(result, place);
    if (value === undefined) continue;
    const [section, key] = place;
    result = { ...result, [section]: { ...(result[section] as TomlTable), [key]: change(place, value) } };
  }
  return result;
}

/**
 * The text with the values of the secret places replaced, so that it reads as `wanted`; undefined where it is written in a
 * way for which replacing in the text is not certain, or where something of a secret would be left (in a comment, say).
 */
function replacedIn(text: string, table: TomlTable, wanted: TomlTable): string | undefined {
  const keys = secretPlaces.map(([, key]) => key).join("|");
  const assignment = new RegExp(`^(\\s*(?:${keys})\\s*=\\s*)("(?:[^"\\\\\\n]|\\\\.)*"|'[^'\\n]*')`);
  let section = "";
  const lines = text.split("\n").map((line) => {
    const header = /^\s*\[\s*([A-Za-z0-9_-]+)\s*\]/.exec(line);
    if (header !== null) section = header[1] ?? "";
    return line.replace(assignment, (whole, before: string) => {
      const key = before.trim().split(/\s*=/)[0] ?? "";
      const value = valueAt(wanted, [section, key]);
      return typeof value === "string" ? `${before}${JSON.stringify(value)}` : whole;
    });
  });
  const result = lines.join("\n");
  const isRight = reads(result, wanted);
  const gone = secretPlaces.flatMap((place) => {
    const [before, after] = [valueAt(table, place), valueAt(wanted, place)];
    return typeof before === "string" && before !== after ? [before] : [];
  });
  const leftovers = gone.some((secret) => secret.length > 0 && secret !== redacted && result.includes(secret));
  return isRight && !leftovers ? result : undefined;
}

function reads(text: string, wanted: TomlTable): boolean {
  try {
    return sameValue(parse(text), wanted);
  } catch {
    return false; // torn apart by the replacing
  }
}

/** Whether two values of a TOML file are the same, whatever the order of keys. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (isTable(one) && isTable(other)) {
    const keys = Object.keys(one);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => Object.hasOwn(other, key) && sameValue(one[key], other[key]))
    );
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => sameValue(value, other[index]));
  }
  if (one instanceof Date && other instanceof Date) return one.getTime() === other.getTime();
  return Object.is(one, other);
}
