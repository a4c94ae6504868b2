// Stores what a device measured, and the alarms and events that it tells of (protocol.md 4.4).
import type { DataMessage } from "#protocol/smartrest/parse-data.ts";
import type { Alarm, Alarms } from "../devices/alarms.ts";
import type { DeviceRegistry } from "../devices/device-registry.ts";
import type { Events } from "../devices/events.ts";
import { type Measurements, measuredFragments } from "../devices/measurements.ts";
import type { Operations } from "../devices/operations.ts";

export interface DataDeps {
  readonly devices: DeviceRegistry;
  readonly operations: Operations;
  readonly events: Events;
  readonly measurements: Measurements;
  readonly alarms: Alarms;
}

/** Why a message was not carried out, for the device's error topic: not found, or what cannot be. */
export interface DataRefusal {
  readonly code: 41 | 45;
  readonly text: string;
}

/** Undefined once it is stored. */
export async function storeData(
  message: DataMessage,
  deviceId: string,
  deps: DataDeps,
): Promise<DataRefusal | undefined> {
  const time = "time" in message && message.time !== undefined ? Date.parse(message.time.replace(",", ".")) : undefined;
  if (Number.isNaN(time)) return { code: 45, text: "time: no such date" };
  const timeMs = time === undefined ? {} : { timeMs: time };
  // A text of a device may quote a connection key.
  const clean = (text: string) => deps.operations.withoutKeys(deviceId, text);
  switch (message.kind) {
    case "create-measurement": {
      const { type, values } = message;
      await deps.measurements.create({ deviceId, type, fragments: measuredFragments(values), ...timeMs });
      return undefined;
    }
    case "create-event": {
      const [type, text] = [await clean(message.type), await clean(message.text)];
      await deps.events.create({ deviceId, type, text, ...timeMs });
      return undefined;
    }
    case "create-location-event": {
      const fragments = { c8y_Position: message.position };
      await deps.events.create({
        deviceId,
        type: "c8y_LocationUpdate",
        text: "Location updated",
        fragments,
        ...timeMs,
      });
      if (message.movesDevice) await deps.devices.update(deviceId, { fragments });
      return undefined;
    }
    case "remove-event-fragments": {
      const isThere = await deps.events.removeFragments(deviceId, message.type, message.fragments);
      return isThere ? undefined : { code: 41, text: "No event of this type" };
    }
    case "raise-alarm": {
      const { severity } = message;
      const [type, text] = [await clean(message.type), await clean(message.text)];
      const raised = await deps.alarms.raise({ deviceId, type, text, severity, ...timeMs });
      return raised === "full" ? { code: 45, text: "Too many alarms of this device stand" } : undefined;
    }
    default:
      return changeAlarm(message, await deps.alarms.standing(deviceId, await clean(message.type)), deps);
  }
}

async function changeAlarm(
  message: Extract<DataMessage, { kind: "set-alarm-severity" | "clear-alarm" | "remove-alarm-fragments" }>,
  alarm: Alarm | undefined,
  { alarms }: DataDeps,
): Promise<DataRefusal | undefined> {
  if (alarm === undefined) return { code: 41, text: "No alarm of this type stands" };
  switch (message.kind) {
    case "set-alarm-severity":
      await alarms.change(alarm.id, { severity: message.severity });
      return undefined;
    case "clear-alarm":
      await alarms.change(alarm.id, { status: "CLEARED" });
      return undefined;
    case "remove-alarm-fragments":
      await alarms.removeFragments(alarm, message.fragments);
      return undefined;
    default:
      return message satisfies never;
  }
}
