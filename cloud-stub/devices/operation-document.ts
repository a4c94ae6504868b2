// An operation as Cumulocity shows it in JSON, over REST and on `devicecontrol/notifications` (protocol.md 4.8, 5.3).
import type { Device } from "./device-registry.ts";
import type { Operation } from "./operations.ts";

/** For readers; holds a connection key only if the operation was read with `forDevice` or `pendingForDevice`. */
export function operationDocument(operation: Operation, device: Device | undefined): Record<string, unknown> {
  return {
    ...operation.fragments,
    id: operation.id,
    deviceId: operation.deviceId,
    ...(device === undefined ? {} : { deviceName: device.name }),
    status: operation.status,
    description: operation.description,
    creationTime: new Date(operation.createdAtMs).toISOString(),
    ...(operation.failureReason === undefined ? {} : { failureReason: operation.failureReason }),
    postern_User: operation.userName,
    postern_LastUpdated: new Date(operation.updatedAtMs).toISOString(),
  };
}

/** For the device itself, as it is pushed to it. */
export function operationNotification(operation: Operation, device: Device): Record<string, unknown> {
  return {
    ...operation.fragments,
    id: operation.id,
    agentId: device.id,
    deviceId: device.id,
    deviceName: device.name,
    status: operation.status,
    description: operation.description,
    creationTime: new Date(operation.createdAtMs).toISOString(),
    delivery: { status: "SENT", time: new Date(operation.createdAtMs).toISOString(), log: [] },
    externalSource: { externalId: device.externalId, type: "c8y_Serial" },
  };
}
