// Which device a person means: by internal id, by external id or by name, and never by guessing between two.
import { printable } from "#protocol/printable.ts";
import type { CloudApi } from "./cloud-api.ts";
import { ConnectError } from "./connect-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { nearestNames } from "./nearest-name.ts";

export interface Device {
  /** Internal id. */
  readonly id: string;
  readonly name: string;
  /** What else a person may know it by, for suggestions alone: the board's serial number, and the external id in its owner's name. */
  readonly otherNames: readonly string[];
  /** False if the cloud says that it is offline; undefined if it does not say. */
  readonly isConnected?: boolean;
}

/** Devices that are looked through for a suggestion; more are not asked for. */
const suggestedFromMax = 200;
const shownMax = 80;
const area = "/inventory/managedObjects";

/** Throws ConnectError if there is none or more than one, with what there is instead. */
export async function chooseDevice(api: CloudApi, wanted: string): Promise<Device> {
  const found = [...(await byId(api, wanted)), ...(await bySerial(api, wanted)), ...(await byName(api, wanted))];
  const devices = [...new Map(found.map((device) => [device.id, device])).values()];
  const [only, ...others] = devices;
  if (only === undefined) throw await unknownError(api, wanted);
  if (others.length === 0) return only;
  throw new ConnectError(
    exitCodes.device,
    `"${shown(wanted)}" fits more than one device; say which by its id: ${devices.map(inWords).join(", ")}.`,
  );
}

async function byId(api: CloudApi, wanted: string): Promise<readonly Device[]> {
  if (!/^\d{1,20}$/.test(wanted)) return [];
  const document = await api.get(`${area}/${wanted}`);
  // Any managed object has an id: assets, groups, files.
  const device = isRecord(document) && "c8y_IsDevice" in document ? readDevice(document) : undefined;
  return device === undefined ? [] : [device];
}

async function bySerial(api: CloudApi, wanted: string): Promise<readonly Device[]> {
  const document = await api.get(`/identity/externalIds/c8y_Serial/${encodeURIComponent(wanted)}`);
  if (!isRecord(document) || !isRecord(document["managedObject"])) return [];
  const id = String(document["managedObject"]["id"]);
  if (!/^\d{1,20}$/.test(id)) return [];
  const device = readDevice(await api.get(`${area}/${id}`));
  return device === undefined ? [] : [device];
}

async function byName(api: CloudApi, wanted: string): Promise<readonly Device[]> {
  const query = `(name eq '${wanted.replaceAll("'", "''")}') and has(c8y_IsDevice)`;
  const devices = readDevices(await api.get(`${area}?query=${encodeURIComponent(query)}&pageSize=10`));
  // Cumulocity reads an asterisk as "anything"; here it is a letter like others.
  return devices.filter(({ name }) => name === wanted);
}

async function unknownError(api: CloudApi, wanted: string): Promise<ConnectError> {
  const path = `${area}?fragmentType=c8y_IsDevice&pageSize=${suggestedFromMax}`;
  const devices = readDevices(await api.get(path));
  const namesOf = ({ name, otherNames }: Device): readonly string[] => [name, ...otherNames];
  const near = nearestNames(wanted, devices.flatMap(namesOf));
  const meant = devices.filter((device) => namesOf(device).some((name) => near.includes(name))).slice(0, 3);
  const suggestion =
    meant.length > 0
      ? ` Did you mean ${meant.map(inWords).join(" or ")}?`
      : devices.length === 0
        ? " This user sees no device at all."
        : "";
  return new ConnectError(exitCodes.device, `There is no device "${shown(wanted)}".${suggestion}`);
}

function readDevices(document: unknown): readonly Device[] {
  const members = isRecord(document) ? document["managedObjects"] : undefined;
  return Array.isArray(members) ? members.flatMap((member: unknown) => readDevice(member) ?? []) : [];
}

function readDevice(document: unknown): Device | undefined {
  if (!isRecord(document)) return undefined;
  const { id, name, owner, c8y_Hardware: hardware, c8y_Connection: connection } = document;
  if (typeof id !== "string" || !/^\d{1,20}$/.test(id)) return undefined;
  const serial = isRecord(hardware) ? hardware["serialNumber"] : undefined;
  // A device's own user is called device_<external id> (protocol.md 1.2).
  const externalId = typeof owner === "string" ? /^device_(.+)$/.exec(owner)?.[1] : undefined;
  const status = isRecord(connection) ? connection["status"] : undefined;
  return {
    id,
    name: typeof name === "string" ? name : "",
    otherNames: [serial, externalId].filter((text) => typeof text === "string"),
    ...(status === "CONNECTED" ? { isConnected: true } : {}),
    ...(status === "DISCONNECTED" ? { isConnected: false } : {}),
  };
}

function inWords({ id, name }: Device): string {
  return `"${shown(name)}" (id ${id})`;
}

function shown(text: string): string {
  return printable(text, shownMax);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
