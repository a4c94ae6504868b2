// Carries out the SmartREST messages of one device: each gives the answers and error lines that go back to it.
import { ProtocolError } from "#protocol/protocol-error.ts";
import { writeChildren, writeError, writeInternalId } from "#protocol/smartrest/downstream.ts";
import { parseMessages } from "#protocol/smartrest/line.ts";
import { parseUpstream, type UpstreamMessage } from "#protocol/smartrest/upstream.ts";
import { type Device, type DeviceRegistry, fragmentsLengthMax } from "../devices/device-registry.ts";
import type { OperationResult, Operations } from "../devices/operations.ts";
import { type DataDeps, storeData } from "./data-messages.ts";
import { fragmentsOf, type InventoryChange } from "./inventory-changes.ts";

/** What the handler needs of the connection on which a message came. */
export interface MessageContext {
  readonly externalId: string;
  readonly userName: string;
  /** Undefined until the managed object exists. */
  readonly deviceId: string | undefined;
  /** The managed object was made just now. */
  created(device: Device): void;
  /** Sends on `s/ds`. */
  answer(line: string): Promise<void>;
  /** Sends on `s/e` and logs. */
  refuse(code: ErrorCode, template: string, text: string): Promise<void>;
  /** Sends every PENDING operation once more. */
  resendPending(): Promise<void>;
}

/** Error lines that we send (protocol.md 4.9): unknown template, exists already or not found, malformed, invalid id, invalid arguments. */
export type ErrorCode = 40 | 41 | 42 | 43 | 45;

/** The longest error text that goes to a device, in UTF-16 units. */
const errorTextLengthMax = 500;

export class SmartRestHandler {
  readonly #devices: DeviceRegistry;
  readonly #operations: Operations;
  readonly #data: DataDeps;

  constructor(deps: DataDeps) {
    this.#devices = deps.devices;
    this.#operations = deps.operations;
    this.#data = deps;
  }

  /** Runs every message of a payload in order; a malformed one is refused and the next ones run. */
  async handle(payload: Uint8Array, context: MessageContext): Promise<void> {
    let messages: string[][];
    try {
      messages = parseMessages(payload);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return context.refuse(42, "", error.message);
    }
    for (const fields of messages) {
      const template = fields[0] ?? "";
      // The store answers within the turn: without a break one payload of thousands of lines would hold up everybody.
      await new Promise<void>((resolve) => setImmediate(resolve));
      try {
        await this.#run(parseUpstream(fields), template, context);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        await context.refuse(45, template, error.message);
      }
    }
  }

  async #run(message: UpstreamMessage, template: string, context: MessageContext): Promise<void> {
    if (message.kind === "create-device") return this.#createDevice(message, context);
    if (message.kind === "unknown") return context.refuse(40, template, "No static template for this message id");
    const { deviceId } = context;
    if (deviceId === undefined) return context.refuse(43, template, "The device does not exist yet: send 100 first");
    this.#devices.heardFrom(deviceId);
    switch (message.kind) {
      case "set-required-availability":
        return this.#setRequiredAvailability(deviceId, message.minutes);
      case "get-internal-id":
        return context.answer(writeInternalId(deviceId));
      case "get-children":
        // A gateway has none here: what is below it are panels, which its endpoints name.
        return context.answer(writeChildren([]));
      case "heartbeat":
        return;
      case "request-pending-operations":
        return context.resendPending();
      case "set-service-status":
        return context.refuse(43, template, "This belongs on the topic of a service, which is not supported here");
      case "create-measurement":
      case "raise-alarm":
      case "set-alarm-severity":
      case "clear-alarm":
      case "remove-alarm-fragments":
      case "create-event":
      case "create-location-event":
      case "remove-event-fragments": {
        const refusal = await storeData(message, deviceId, this.#data);
        return refusal === undefined ? undefined : context.refuse(refusal.code, template, refusal.text);
      }
      case "set-executing-by-name":
      case "set-failed-by-name":
      case "set-successful-by-name":
      case "set-executing":
      case "set-failed":
      case "set-successful":
      case "fail-executing":
        return this.#setStatus(message, template, deviceId, context);
      default:
        return this.#changeFragments(message, template, deviceId, context);
    }
  }

  /** A device that never stops naming new fragments must not fill the store. */
  async #changeFragments(
    message: InventoryChange,
    template: string,
    deviceId: string,
    context: MessageContext,
  ): Promise<void> {
    const device = await this.#devices.get(deviceId);
    if (device === undefined) return;
    const fragments = fragmentsOf(message, device.fragments);
    if (JSON.stringify({ ...device.fragments, ...fragments }).length > fragmentsLengthMax) {
      return context.refuse(45, template, "The device says too much about itself; remove fragments first");
    }
    await this.#devices.update(deviceId, { fragments });
  }

  async #createDevice(message: UpstreamMessage & { kind: "create-device" }, context: MessageContext): Promise<void> {
    const device = await this.#devices.create({
      externalId: context.externalId,
      name: message.name === "" ? `MQTT Device ${context.externalId}` : message.name,
      type: message.type === "" ? "c8y_MQTTDevice" : message.type,
      owner: context.userName,
      fragments: { c8y_IsDevice: {}, com_cumulocity_model_Agent: {} },
      onlyWithLogin: true,
    });
    if (device === undefined) return context.refuse(41, "100", "Device already existing");
    context.created(device);
    this.#devices.heardFrom(device.id);
  }

  /** Template 117 counts only until a value is there: afterwards it is the operator's (protocol.md 4.3). */
  async #setRequiredAvailability(deviceId: string, minutes: number): Promise<void> {
    const device = await this.#devices.get(deviceId);
    if (device === undefined || "c8y_RequiredAvailability" in device.fragments) return;
    await this.#devices.update(deviceId, {
      fragments: { c8y_RequiredAvailability: { responseInterval: minutes } },
    });
  }

  /** The rules of templates 501 to 507 (protocol.md 4.5); a device moves its own operations only. */
  async #setStatus(message: StatusMessage, template: string, deviceId: string, context: MessageContext): Promise<void> {
    const { userName } = context;
    const byName = async (fragment: string, move: Parameters<Operations["setStatusOfOldest"]>[2]) => {
      const moved = await this.#operations.setStatusOfOldest(deviceId, fragment, move);
      if (moved !== undefined) return;
      await context.refuse(41, template, `No ${move.from} operation with ${fragment}`);
    };
    const byId = async (
      id: string,
      status: "EXECUTING" | "SUCCESSFUL" | "FAILED",
      reason?: string,
      result?: OperationResult,
    ) => {
      const by = { deviceId, userName, ...(result === undefined ? {} : { result }) };
      const outcome = await this.#operations.setStatus(id, status, reason, by);
      if (outcome === "unknown") await context.refuse(43, template, "This device has no such operation");
      if (outcome === "ended") await context.refuse(45, template, "The operation has ended and stays as it is");
    };
    switch (message.kind) {
      case "set-executing-by-name":
        return byName(message.fragment, { from: "PENDING", to: "EXECUTING", userName });
      case "set-failed-by-name":
        return byName(message.fragment, {
          from: "EXECUTING",
          to: "FAILED",
          failureReason: message.reason,
          userName,
        });
      case "set-successful-by-name":
        return byName(message.fragment, { from: "EXECUTING", to: "SUCCESSFUL", userName, result: message });
      case "set-executing":
        return byId(message.operationId, "EXECUTING");
      case "set-failed":
        return byId(message.operationId, "FAILED", message.reason);
      case "set-successful":
        return byId(message.operationId, "SUCCESSFUL", undefined, message);
      case "fail-executing":
        await this.#operations.failAll({
          deviceId,
          statuses: ["EXECUTING"],
          ...(message.fragment === undefined ? {} : { fragment: message.fragment }),
          failureReason: message.reason,
          userName,
        });
        return;
      default:
        message satisfies never;
    }
  }
}

type StatusMessage = Extract<
  UpstreamMessage,
  {
    kind:
      | "set-executing-by-name"
      | "set-failed-by-name"
      | "set-successful-by-name"
      | "set-executing"
      | "set-failed"
      | "set-successful"
      | "fail-executing";
  }
>;

/** An error text as it goes on `s/e`: one line, not too long. */
export function errorLine(code: ErrorCode, template: string, text: string): string {
  return writeError(code, template.slice(0, 20), text.slice(0, errorTextLengthMax));
}
