// Removes a device with all that depends on it: its login, sessions, endpoints, secrets, unfinished operations and connections.
import { writeFailureReason } from "#protocol/close-reason.ts";
import type { Audit } from "../audit/audit.ts";
import type { Store } from "../store/store.ts";
import type { Accounts } from "../users/accounts.ts";
import type { Device, DeviceRegistry } from "./device-registry.ts";
import type { Enrolments } from "./enrolment.ts";
import type { Operations } from "./operations.ts";
import type { Registration } from "./registration.ts";

export class DeviceRemoval {
  readonly #store: Store;
  readonly #accounts: Accounts;
  readonly #registration: Registration;
  readonly #enrolments: Enrolments;
  readonly #devices: DeviceRegistry;
  readonly #operations: Operations;
  readonly #audit: Audit;
  readonly #disconnect: (externalId: string) => void;

  constructor(deps: {
    readonly store: Store;
    readonly accounts: Accounts;
    readonly registration: Registration;
    readonly enrolments: Enrolments;
    readonly devices: DeviceRegistry;
    readonly operations: Operations;
    readonly audit: Audit;
    /** Ends the device's MQTT connections. */
    readonly disconnect: (externalId: string) => void;
  }) {
    this.#store = deps.store;
    this.#accounts = deps.accounts;
    this.#registration = deps.registration;
    this.#enrolments = deps.enrolments;
    this.#devices = deps.devices;
    this.#operations = deps.operations;
    this.#audit = deps.audit;
    this.#disconnect = deps.disconnect;
  }

  /** All of it in one transaction; resolves when it is durable and who depended on the device knows. */
  async remove(device: Device, userName: string): Promise<void> {
    const tell = await this.#store.db.transaction().execute(async (transaction) => {
      await this.#accounts.removeOfDevice(device.externalId, transaction);
      await this.#registration.removeAlong(transaction, device.externalId);
      await this.#enrolments.removeAlong(transaction, device.externalId);
      const tellRemoved = await this.#devices.removeAlong(transaction, device.id);
      // Somebody else was faster, and has it in the audit trail.
      if (tellRemoved === undefined) return undefined;
      const failed = await this.#operations.failAllAlong(transaction, {
        deviceId: device.id,
        statuses: ["PENDING", "EXECUTING"],
        failureReason: writeFailureReason("device.removed"),
        userName,
      });
      const record = {
        type: "Inventory",
        activity: "Device removed",
        text: `Device removed: '${device.name}' (${device.externalId}).`,
        deviceId: device.id,
        userName,
      } as const;
      await this.#audit.record(record, transaction);
      return () => {
        this.#disconnect(device.externalId);
        // Ends the sessions with the right word: their websockets do not hang on the MQTT connection.
        tellRemoved();
        failed.tell();
      };
    });
    tell?.();
  }
}
