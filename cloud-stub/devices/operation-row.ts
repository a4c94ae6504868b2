// Operations as rows of the store: the connection key apart from the rest and sealed, so that only who may gets it back.
import { remoteAccessFragment } from "#protocol/remote-access.ts";
import { type Vault, VaultError } from "../remote-access/vault.ts";
import type { OperationRow } from "../store/schema.ts";
import type { Fragments } from "./device-registry.ts";
import type { Operation } from "./operations.ts";

/** What readers other than the device see in place of a connection key. */
export const maskedKey = "***";

/** The operation without its key. */
export function toOperation(row: OperationRow): Operation {
  return {
    id: String(row.number),
    deviceId: row.device_id,
    description: row.description,
    userName: row.user_name,
    status: row.status,
    failureReason: row.failure_reason ?? undefined,
    fragments: JSON.parse(row.fragments) as Fragments,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}

/** Splits the connection key off, so that what is stored in the open holds none. */
export function takeKey(fragments: Fragments): { readonly open: Fragments; readonly key: string | undefined } {
  const connect = fragments[remoteAccessFragment];
  if (typeof connect !== "object" || connect === null || !("connectionKey" in connect)) {
    return { open: fragments, key: undefined };
  }
  const key = connect.connectionKey;
  return {
    open: { ...fragments, [remoteAccessFragment]: { ...connect, connectionKey: maskedKey } },
    key: typeof key === "string" ? key : undefined,
  };
}

/** A key in the address of a device websocket, in the middle of a text. */
const keyInPath = /(\/service\/remoteaccess\/device\/)[A-Za-z0-9._~%-]+/gi;

export class OperationKeys {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  seal(key: string, deviceId: string): string {
    return this.#vault.seal(key, keyContext(deviceId));
  }

  /** For the device itself: the operation with its key, if it still has one. */
  withKey(row: OperationRow): Operation {
    const operation = toOperation(row);
    const connectionKey = this.#open(row);
    if (connectionKey === undefined) return operation;
    const connect = operation.fragments[remoteAccessFragment] as Fragments;
    return {
      ...operation,
      fragments: { ...operation.fragments, [remoteAccessFragment]: { ...connect, connectionKey } },
    };
  }

  /** An agent may quote the address it dialled, and with it a key: of any of its operations, in any case. */
  removeFrom(rows: readonly OperationRow[], text: string): string {
    const keys = rows.flatMap((row) => this.#openIfPossible(row) ?? []);
    const rest = keys.reduce((masked, key) => masked.replace(ignoringCase(key), maskedKey), text);
    // Also one that is no longer known.
    return rest.replace(keyInPath, `$1${maskedKey}`);
  }

  /** A damaged one must not keep its operation, and the others of the device, from ending. */
  #openIfPossible(row: OperationRow): string | undefined {
    try {
      return this.#open(row);
    } catch (error) {
      if (error instanceof VaultError) return undefined;
      throw error;
    }
  }

  #open(row: OperationRow): string | undefined {
    if (row.sealed_key === null) return undefined;
    return Buffer.from(this.#vault.open(row.sealed_key, keyContext(row.device_id))).toString("utf8");
  }
}

function ignoringCase(key: string): RegExp {
  return new RegExp(key.replace(/[^A-Za-z0-9]/g, "\\$&"), "gi");
}

function keyContext(deviceId: string): string {
  return `connection key of an operation of device ${deviceId}`;
}
