// Registers many devices from one file (protocol.md 2.6): logins, managed objects and one-time passwords, row by row.
import type { Audit } from "../audit/audit.ts";
import type { Store } from "../store/store.ts";
import { type Accounts, passwordLengthMin } from "../users/accounts.ts";
import { HasherBusyError } from "../users/password-hasher.ts";
import { type DeviceRegistry, type Fragments, fragmentsLengthMax } from "./device-registry.ts";
import { type Enrolments, oneTimePasswordLength } from "./enrolment.ts";
import { deviceUserName, isDeviceId, type Registration } from "./registration.ts";
import { type DeviceRow, RowsError, readRows } from "./rows-of-devices.ts";

/** Rows with a password: each one is hashed, which takes a third of a second. */
export const passwordRowsMax = 200;

export type RowOutcome =
  | { readonly status: "CREATED" | "CREDENTIAL_UPDATED"; readonly id: string }
  | { readonly status: "FAILED"; readonly id: string | undefined; readonly line: number; readonly why: string };

/** Columns with a meaning of their own; every other one is a property of the managed object. */
const knownColumns = [
  ...["ID", "CREDENTIALS", "AUTH_TYPE", "ENROLLMENT_OTP", "TENANT", "TYPE", "NAME", "ICCID", "IDTYPE", "PATH", "SHELL"],
];
const platformProperties = ["id", "self", "owner", "name", "type", "creationTime", "lastUpdated", "c8y_IsDevice"];
const textLengthMax = 256;

/** What is wrong with a row. */
class RowError extends Error {}

export class BulkRegistration {
  readonly #tenantId: string;
  readonly #store: Store;
  readonly #accounts: Accounts;
  readonly #devices: DeviceRegistry;
  readonly #registration: Registration;
  readonly #enrolments: Enrolments;
  readonly #audit: Audit;

  constructor(deps: {
    readonly tenantId: string;
    readonly store: Store;
    readonly accounts: Accounts;
    readonly devices: DeviceRegistry;
    readonly registration: Registration;
    readonly enrolments: Enrolments;
    readonly audit: Audit;
  }) {
    this.#tenantId = deps.tenantId;
    this.#store = deps.store;
    this.#accounts = deps.accounts;
    this.#devices = deps.devices;
    this.#registration = deps.registration;
    this.#enrolments = deps.enrolments;
    this.#audit = deps.audit;
  }

  /** One outcome for each row. Throws RowsError for a file that cannot be read. */
  async run(text: string, userName: string): Promise<readonly RowOutcome[]> {
    const { columns, rows } = readRows(text);
    if (!columns.includes("ID")) throw new RowsError("The header has no column ID");
    const strange = columns.find((name) => name.startsWith("external-"));
    if (strange !== undefined) throw new RowsError(`${strange}: a device has one external id here, its c8y_Serial`);
    for (const name of columns) if (!knownColumns.includes(name)) checkProperty(name);
    const isSimple = columns.every((name) => name === "ID" || name === "PATH");
    const withPassword = rows.filter(({ values }) => values.has("CREDENTIALS")).length;
    if (withPassword > passwordRowsMax) {
      throw new RowsError(`The file has more than ${passwordRowsMax} rows with CREDENTIALS; send it in parts`);
    }
    const outcomes: RowOutcome[] = [];
    for (const row of rows) {
      // The store answers within the turn: without a break one long file would hold up everybody.
      await new Promise<void>((resolve) => setImmediate(resolve));
      outcomes.push(await this.#runRow(row, isSimple, userName));
    }
    return outcomes;
  }

  async #runRow(row: DeviceRow, isSimple: boolean, userName: string): Promise<RowOutcome> {
    const id = row.values.get("ID");
    try {
      if (id === undefined || !isDeviceId(id)) {
        throw new RowError("ID: must be 1 to 100 letters, digits or one of . _ ~ @ = -");
      }
      const isNew = isSimple ? await this.#request(id, userName) : await this.#register(id, row.values, userName);
      return { status: isNew ? "CREATED" : "CREDENTIAL_UPDATED", id };
    } catch (error) {
      if (error instanceof RowError) return { status: "FAILED", id, line: row.line, why: error.message };
      if (error instanceof HasherBusyError) {
        return { status: "FAILED", id, line: row.line, why: "too many passwords are being hashed; try again" };
      }
      throw error;
    }
  }

  /** A file of nothing but ids is a list of ordinary requests. */
  async #request(id: string, owner: string): Promise<true> {
    const made = await this.#registration.create({ id, owner });
    if (made === "exists") throw new RowError("there is a request for this device already");
    if (made === "full") throw new RowError("there are too many requests; remove some first");
    return true;
  }

  async #register(id: string, values: ReadonlyMap<string, string>, userName: string): Promise<boolean> {
    const wanted = readWanted(values);
    if (wanted.object !== undefined) await this.#putObject(id, wanted.object);
    const login = { tenantId: this.#tenantId, name: deviceUserName(id), deviceExternalId: id };
    const isNew = (await this.#accounts.get(login.tenantId, login.name)) === undefined;
    if (wanted.password !== undefined) {
      await this.#accounts.put({ ...login, kind: "device", password: wanted.password, roles: [] });
    }
    await this.#store.db.transaction().execute(async (transaction) => {
      if (wanted.password === undefined) await this.#accounts.addWithoutPassword(login, transaction);
      if (wanted.oneTimePassword !== undefined) await this.#enrolments.offer(id, wanted.oneTimePassword, transaction);
      // Whoever has an older offer must not get in beside the new password.
      else if (wanted.password !== undefined) await this.#enrolments.removeAlong(transaction, id);
      // A request that waits for the same device is answered by this.
      await this.#registration.removeAlong(transaction, id);
      const activity = isNew ? "Device registered in bulk" : "Device registered in bulk again";
      await this.#audit.record({ type: "Inventory", activity, text: `${activity}: '${id}'.`, userName }, transaction);
    });
    return isNew;
  }

  async #putObject(
    id: string,
    wanted: { readonly name: string; readonly type: string; readonly fragments: Fragments },
  ) {
    const fragments = { c8y_IsDevice: {}, ...wanted.fragments };
    const owner = deviceUserName(id);
    const made = await this.#devices.create({ externalId: id, ...wanted, owner, fragments });
    if (made !== undefined) return;
    const device = await this.#devices.byExternalId(id);
    if (device === undefined) return;
    if (JSON.stringify({ ...device.fragments, ...fragments }).length > fragmentsLengthMax) {
      throw new RowError("the managed object would become too large; remove properties of it first");
    }
    await this.#devices.update(device.id, { ...wanted, fragments });
  }
}

interface Wanted {
  /** Undefined for a device that shows a certificate. */
  readonly password: string | undefined;
  readonly oneTimePassword: string | undefined;
  readonly object: { readonly name: string; readonly type: string; readonly fragments: Fragments } | undefined;
}

function readWanted(values: ReadonlyMap<string, string>): Wanted {
  const authType = values.get("AUTH_TYPE") ?? "BASIC";
  if (authType !== "BASIC" && authType !== "CERTIFICATES")
    throw new RowError("AUTH_TYPE: must be BASIC or CERTIFICATES");
  const idType = values.get("IDTYPE") ?? "c8y_Serial";
  if (idType !== "c8y_Serial") throw new RowError("IDTYPE: only c8y_Serial is known here");
  const password = authType === "BASIC" ? values.get("CREDENTIALS") : undefined;
  if (authType === "BASIC" && (password ?? "").length < passwordLengthMin) {
    throw new RowError(
      `CREDENTIALS: must have at least ${passwordLengthMin} characters, unless AUTH_TYPE is CERTIFICATES`,
    );
  }
  if ((password ?? "").length > textLengthMax) throw new RowError(`CREDENTIALS: at most ${textLengthMax} characters`);
  return { password, oneTimePassword: readOneTimePassword(values, authType), object: readObject(values) };
}

function readOneTimePassword(values: ReadonlyMap<string, string>, authType: string): string | undefined {
  const oneTimePassword = values.get("ENROLLMENT_OTP");
  if (oneTimePassword === undefined) return undefined;
  if (authType !== "CERTIFICATES") throw new RowError("ENROLLMENT_OTP: needs CERTIFICATES as AUTH_TYPE");
  const { min, max } = oneTimePasswordLength;
  if (oneTimePassword.length < min || oneTimePassword.length > max) {
    throw new RowError(`ENROLLMENT_OTP: must have ${min} to ${max} characters`);
  }
  return oneTimePassword;
}

function readObject(values: ReadonlyMap<string, string>): Wanted["object"] {
  const [name, type] = [values.get("NAME"), values.get("TYPE")];
  const fragments = readFragments(values);
  if (name === undefined && type === undefined && Object.keys(fragments).length === 0) return undefined;
  if (name === undefined || type === undefined)
    throw new RowError("NAME and TYPE: needed together, where either or a property is there");
  for (const text of [name, type]) {
    if (text.length > textLengthMax) throw new RowError(`NAME and TYPE: at most ${textLengthMax} characters each`);
  }
  return { name, type, fragments };
}

function readFragments(values: ReadonlyMap<string, string>): Fragments {
  const fragments: Record<string, unknown> = {};
  const iccid = values.get("ICCID");
  if (iccid !== undefined) fragments["c8y_Mobile"] = { iccid };
  if (values.get("SHELL") === "1") fragments["c8y_SupportedOperations"] = ["c8y_Command"];
  for (const [name, value] of values) {
    if (!knownColumns.includes(name)) place(fragments, name.split("."), value);
  }
  return fragments;
}

/** `a.b` is the property b inside of a. */
function place(into: Record<string, unknown>, path: readonly string[], value: string): void {
  const [first = "", ...rest] = path;
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const inner = into[first];
  const next = typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
  into[first] = next;
  place(next, rest, value);
}

function checkProperty(name: string): void {
  const parts = name.split(".");
  const isGood =
    parts.length <= 5 && parts.every((part) => /^[A-Za-z0-9_:-]{1,128}$/.test(part) && part !== "__proto__");
  if (isGood && !platformProperties.includes(parts[0] ?? "")) return;
  throw new RowsError(`${name.slice(0, 100)}: is not a column of bulk registration and cannot be a property`);
}
