// What an operation asks of the gateway, read from its fragments, and the mark by which its two forms are known as one.
import { createHash } from "node:crypto";
import { isManagementFragment, type ManagementRequest, parseManagementFragment } from "#protocol/device-management.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { type ConnectRequest, parseConnectRequest, remoteAccessFragment } from "#protocol/remote-access.ts";
import { keyMark } from "./seen-operations.ts";

export type Wanted =
  | { readonly kind: "connect"; readonly request: ConnectRequest }
  | { readonly kind: "manage"; readonly request: ManagementRequest }
  /** `problem` is for people and quotes nothing of the operation. */
  | { readonly kind: "malformed-connect"; readonly problem: string }
  | { readonly kind: "malformed"; readonly fragment: string; readonly problem: string }
  /** An operation that no gateway of ours knows. */
  | { readonly kind: "unknown"; readonly fragment: string };

/** An operation whose statuses are to be told: by its id, where the cloud told it, else by its fragment. */
export interface Identified {
  readonly id: string | undefined;
  readonly fragment: string;
}

/** Names of fragments as the platform makes them; anything else is no name that is worth repeating. */
const namePattern = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Undefined where there is no fragment at all. Names the operation by the first one where it knows none. */
export function readWanted(fragments: Readonly<Record<string, unknown>>): Wanted | undefined {
  const names = Object.keys(fragments);
  if (names.includes(remoteAccessFragment)) return readConnect(fragments[remoteAccessFragment]);
  const fragment = names.find(isManagementFragment);
  if (fragment === undefined) {
    const [first] = names.filter((name) => namePattern.test(name));
    return first === undefined ? undefined : { kind: "unknown", fragment: first };
  }
  try {
    return { kind: "manage", request: parseManagementFragment(fragment, fragments[fragment]) };
  } catch (error) {
    if (error instanceof ProtocolError) return { kind: "malformed", fragment, problem: error.message };
    throw error;
  }
}

export function fragmentOf(wanted: Wanted): string {
  switch (wanted.kind) {
    case "connect":
    case "malformed-connect":
      return remoteAccessFragment;
    case "manage":
      return wanted.request.fragment;
    case "malformed":
    case "unknown":
      return wanted.fragment;
    default:
      return wanted satisfies never;
  }
}

/** The same for both forms of an operation. Of connection keys, which are secrets, only a hash is kept. */
export function markOf(wanted: Wanted): string {
  switch (wanted.kind) {
    case "connect":
      return keyMark(wanted.request);
    case "manage":
      return `manage:${hash(JSON.stringify(wanted.request))}`;
    case "malformed-connect":
    case "malformed":
      // A line that cannot be read never comes so far: nothing is its twin.
      return "malformed";
    case "unknown":
      return `unknown:${wanted.fragment}`;
    default:
      return wanted satisfies never;
  }
}

function readConnect(fragment: unknown): Wanted {
  if (typeof fragment !== "object" || fragment === null) {
    return { kind: "malformed-connect", problem: `${remoteAccessFragment} must be an object` };
  }
  const { hostname, port, connectionKey } = fragment as Readonly<Record<string, unknown>>;
  try {
    return { kind: "connect", request: parseConnectRequest({ hostname, port, connectionKey }) };
  } catch (error) {
    if (error instanceof ProtocolError) return { kind: "malformed-connect", problem: error.message };
    throw error;
  }
}

function hash(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("base64url");
}
