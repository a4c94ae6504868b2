// Whether a configuration that the cloud sends may be used: what it may not change, whoever asks. Pure.
import { parse, TomlError } from "smol-toml";
import type { GuardedSection } from "../config/gateway-config.ts";
import { parseGatewayConfig } from "../config/parse-config.ts";
import { sections } from "../config/schema.ts";
import { ConfigError, messageOf } from "../errors.ts";
import { sameValue, secretPlaces, type TomlTable, valueAt, withSecretsOf } from "./config-secrets.ts";
import { redacted } from "./redact.ts";

export type ConfigVerdict =
  /** `text` has its secrets again. */
  | { readonly kind: "usable"; readonly text: string }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly why: string };

/** Most bytes of a configuration from the cloud. */
export const configBytesMax = 64 * 1024;
/** Findings told of: a reason has room for a few. */
const findingsMax = 3;

/**
 * Sections that the cloud changes only where the local file allows it, by the name of what allows it. A serial console is
 * one more target of tunnels, so it takes their permission.
 */
const guarded: Readonly<Record<string, GuardedSection>> = {
  cloud: "cloud",
  registration: "registration",
  tunnels: "tunnels",
  serial: "tunnels",
  commands: "commands",
};
/** What the cloud never changes: what allows it something, and where the state is that would stay behind. */
const fixed = ["remote_configuration", "state"] as const;

const deviceId = ["device", "id"] as const;

/** Names of files whose contents are secrets: another one would be read, and might be told to whom it is not meant for. */
const secretFiles = Object.entries(sections).flatMap(([section, { keys }]) =>
  Object.keys(keys)
    .filter((key) => key.endsWith("_file") || key === "key")
    .map((key) => [section, key] as const),
);

/** `current` is the local file as it is, `sent` what the cloud has for it. */
export function judgeConfig(current: string, sent: string, fileName: string): ConfigVerdict {
  let old: TomlTable;
  let allow: readonly GuardedSection[];
  try {
    old = parse(current);
    ({ allow } = parseGatewayConfig(current, fileName).remoteConfiguration);
  } catch {
    return refused(`${fileName} on the gateway cannot be read any more: it must be put right there`);
  }
  try {
    const text = withSecretsOf(current, sent);
    const wanted = parse(text);
    const problem = problemOf(old, wanted, allow);
    if (problem !== undefined) return refused(problem);
    parseGatewayConfig(text, fileName);
    return text === current || sameValue(old, wanted) ? { kind: "unchanged" } : { kind: "usable", text };
  } catch (error) {
    return refused(wordsOf(error));
  }
}

function problemOf(old: TomlTable, wanted: TomlTable, allow: readonly GuardedSection[]): string | undefined {
  for (const place of [...secretPlaces, ...secretFiles]) {
    const value = valueAt(wanted, place);
    const name = `[${place[0]}] ${place[1]}`;
    if (value === redacted) return `${name}: the gateway has no such secret that could stay as it is`;
    if (!sameValue(value, valueAt(old, place))) {
      return `${name} cannot be set or removed from the cloud: secrets are changed at the gateway only`;
    }
  }
  for (const section of fixed) {
    if (!sameValue(old[section], wanted[section])) return `[${section}] can be changed at the gateway only`;
  }
  for (const [section, permission] of Object.entries(guarded)) {
    if (allow.includes(permission) || sameValue(old[section], wanted[section])) continue;
    return (
      `[${section}] can be changed at the gateway only: ` +
      `[remote_configuration] allow in the gateway's own file does not have "${permission}"`
    );
  }
  // With another id the gateway is another device, and the one that was asked is never heard of again.
  if (!allow.includes("registration") && !sameValue(valueAt(old, deviceId), valueAt(wanted, deviceId))) {
    return `[device] id can be changed at the gateway only: [remote_configuration] allow does not have "registration"`;
  }
  return undefined;
}

function wordsOf(error: unknown): string {
  if (error instanceof ConfigError) {
    const more = error.findings.length - findingsMax;
    const shown = error.findings.slice(0, findingsMax).join("; ");
    return more > 0 ? `${shown}; and ${more} more` : shown;
  }
  // The parser's own text shows the lines around the place, which may hold a secret.
  if (error instanceof TomlError) return `not valid TOML in line ${error.line}`;
  return messageOf(error);
}

function refused(why: string): ConfigVerdict {
  return { kind: "refused", why };
}
