// What a device gives with the end of an operation, as it stands in the operation afterwards (protocol.md 4.5).
import { remoteAccessFragment } from "#protocol/remote-access.ts";
import type { Fragments } from "./device-registry.ts";

/** Property of each fragment that takes the first parameter of SmartREST 503 and 506. */
const resultProperty: Readonly<Record<string, string>> = {
  c8y_Command: "result",
  c8y_LogfileRequest: "file",
  c8y_UploadConfigFile: "file",
  c8y_DownloadConfigFile: "time",
};

/** Largest fragments of an operation, in UTF-16 units of their JSON. */
export const fragmentsLengthMax = 65_536;

/** The properties that SmartREST parameters set, by fragment; those of other fragments mean nothing. */
export function resultOfParameters(fragments: Fragments, parameters: readonly string[]): Fragments {
  const [first = ""] = parameters;
  if (first === "") return {};
  const names = Object.keys(fragments).filter((name) => Object.hasOwn(resultProperty, name));
  return Object.fromEntries(names.map((name) => [name, { [String(resultProperty[name])]: first }]));
}

/** The operation's own fragments with what came; whatever it did not have before is left out, and a tunnel's stays as it is. */
export function withResult(fragments: Fragments, result: Fragments): Fragments {
  const merged = Object.entries(fragments).map(([name, value]) => {
    const added = Object.hasOwn(result, name) && name !== remoteAccessFragment ? result[name] : undefined;
    if (typeof added !== "object" || added === null || Array.isArray(added)) return [name, value];
    const before = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
    return [name, { ...before, ...added }];
  });
  const after = Object.fromEntries(merged) as Fragments;
  return JSON.stringify(after).length > fragmentsLengthMax ? fragments : after;
}
