// A gateway as the cloud's inventory describes it.
import { getJson } from "../cloud/api-client.ts";

export interface Device {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  readonly owner?: string;
  readonly creationTime?: string;
  readonly lastUpdated?: string;
  readonly c8y_Hardware?: { readonly serialNumber?: string; readonly model?: string; readonly revision?: string };
  readonly c8y_Agent?: {
    readonly name?: string;
    readonly version?: string;
    readonly url?: string;
    readonly maintainer?: string;
  };
  readonly c8y_SupportedOperations?: readonly string[];
  /** What can be asked for with Get log, and with Get and Send configuration. */
  readonly c8y_SupportedLogs?: readonly string[];
  readonly c8y_SupportedConfigurations?: readonly string[];
  readonly c8y_RemoteAccessSupportedProtocols?: readonly string[];
  readonly c8y_RequiredAvailability?: { readonly responseInterval?: number };
  readonly c8y_Availability?: { readonly lastMessage?: string; readonly status?: string };
  readonly c8y_Connection?: { readonly status?: string };
}

interface DevicePageAnswer {
  readonly managedObjects: readonly Device[];
  readonly statistics?: { readonly totalPages?: number };
}

/** Devices per request, and requests per list: more devices than their product are not shown. */
const pageSize = 100;
export const pagesMax = 20;

export interface DeviceList {
  readonly devices: readonly Device[];
  /** There are more than pagesMax × pageSize. */
  readonly isCutOff: boolean;
}

export async function fetchDevices(signal: AbortSignal): Promise<DeviceList> {
  const devices: Device[] = [];
  for (let page = 1; page <= pagesMax; page++) {
    const answer = await getJson<DevicePageAnswer>(
      `/inventory/managedObjects?fragmentType=c8y_IsDevice&pageSize=${pageSize}&currentPage=${page}&withTotalPages=true`,
      signal,
    );
    devices.push(...answer.managedObjects);
    if (page >= (answer.statistics?.totalPages ?? page) || answer.managedObjects.length === 0) {
      return { devices, isCutOff: false };
    }
  }
  return { devices, isCutOff: true };
}

export function fetchDevice(deviceId: string, signal?: AbortSignal): Promise<Device> {
  return getJson<Device>(`/inventory/managedObjects/${encodeURIComponent(deviceId)}`, signal);
}

/** The serial number under which the gateway registered; undefined when it has none. */
export async function fetchSerial(deviceId: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await getJson<{
    readonly externalIds: readonly { readonly externalId: string; readonly type: string }[];
  }>(`/identity/globalIds/${encodeURIComponent(deviceId)}/externalIds`, signal);
  return answer.externalIds.find((id) => id.type === "c8y_Serial")?.externalId;
}

export function deviceName(device: Device): string {
  return device.name !== undefined && device.name !== "" ? device.name : `Device ${device.id}`;
}

/** The user that a gateway owns is named after its serial: the list needs no further request per row. */
export function deviceSerial(device: Device): string | undefined {
  const owner = device.owner?.startsWith("device_") === true ? device.owner.slice("device_".length) : undefined;
  return owner ?? device.c8y_Hardware?.serialNumber;
}

export function isOnline(device: Device): boolean {
  return device.c8y_Connection?.status === "CONNECTED";
}

export function canRemoteAccess(device: Device): boolean {
  return supports(device, "c8y_RemoteAccessConnect");
}

/** Whether the gateway has said that it carries out such operations. */
export function supports(device: Device, operation: string): boolean {
  return device.c8y_SupportedOperations?.includes(operation) === true;
}
