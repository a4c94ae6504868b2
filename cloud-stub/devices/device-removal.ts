// Removes a device with all that depends on it: its login, sessions, endpoints, secrets, unfinished operations and connections.
import { writeFailureReason } from "#protocol/close-reason.ts";
import type { Audit } from "../audit/audit.ts";
import type { Accounts } from "../users/accounts.ts";
import type { Device, DeviceRegistry } from "./device-registry.ts";
import type { Operations } from "./operations.ts";
import type { Registration } from "./registration.ts";

export class DeviceRemoval {
  readonly #accounts: Accounts;
  readonly #registration: Registration;
  readonly #devices: DeviceRegistry;
  readonly #operations: Operations;
  readonly #audit: Audit;
  readonly #disconnect: (externalId: string) => void;

  constructor(deps: {
    readonly accounts: Accounts;
    readonly registration: Registration;
    readonly devices: DeviceRegistry;
    readonly operations: Operations;
    readonly audit: Audit;
    /** Ends the device's MQTT connections. */
    readonly disconnect: (externalId: string) => void;
  }) {
    this.#accounts = deps.accounts;
    this.#registration = deps.registration;
    this.#devices = deps.devices;
    this.#operations = deps.operations;
    this.#audit = deps.audit;
    this.#disconnect = deps.disconnect;
  }

  /** Resolves when all of it is durable. */
  async remove(device: Device, userName: string): Promise<void> {
    // The login goes first, then what is logged in: from here on nothing of the device can come back.
    await this.#accounts.removeOfDevice(device.externalId);
    this.#disconnect(device.externalId);
    await this.#registration.remove(device.externalId);
    // Tells the sessions, which end with the right word: their websockets do not hang on the MQTT connection.
    await this.#devices.remove(device.id);
    await this.#operations.failAll({
      deviceId: device.id,
      statuses: ["PENDING", "EXECUTING"],
      failureReason: writeFailureReason("device.removed"),
      userName,
    });
    await this.#audit.record({
      type: "Inventory",
      activity: "Device removed",
      text: `Device removed: '${device.name}' (${device.externalId}).`,
      deviceId: device.id,
      userName,
    });
  }
}
