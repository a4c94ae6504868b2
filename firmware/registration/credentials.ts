// The credentials that the cloud issued: their form in the gateway's state.
import type { Storage } from "#hardware/ports.ts";
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import { codeOf, messageOf } from "../errors.ts";

export const credentialsFile = "credentials.json";

export type CredentialsOutcome =
  | { readonly kind: "found"; readonly credentials: DeviceCredentials }
  | { readonly kind: "missing" }
  /** The file is there and says nothing usable. `what` quotes nothing of it. */
  | { readonly kind: "damaged"; readonly what: string };

export async function loadCredentials(storage: Storage): Promise<CredentialsOutcome> {
  const contents = await storage.read(credentialsFile);
  return contents === undefined ? { kind: "missing" } : parseCredentials(Buffer.from(contents).toString("utf8"));
}

/** The storage port replaces a file as a whole, so a power cut leaves none or all of it. */
export async function storeCredentials(storage: Storage, { tenant, user, password }: DeviceCredentials): Promise<void> {
  await storage.write(credentialsFile, Buffer.from(`${JSON.stringify({ tenant, user, password })}\n`, "utf8"));
}

export function parseCredentials(text: string): CredentialsOutcome {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may be half a password.
    return { kind: "damaged", what: `${credentialsFile} is not JSON` };
  }
  const fields = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const { tenant, user, password } = fields;
  if (!isText(tenant)) return damaged("tenant");
  if (!isText(user)) return damaged("user");
  if (!isText(password)) return damaged("password");
  return { kind: "found", credentials: { tenant, user, password } };
}

/** Why storing failed, for the log: Node's code and message. */
export function storageProblem(error: unknown): string {
  return codeOf(error) ?? messageOf(error);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function damaged(field: string): CredentialsOutcome {
  return { kind: "damaged", what: `${credentialsFile}: ${field} must be a text of at least one character` };
}
