// What a gateway says to the cloud when it connects, in the order that protocol.md 1.6 asks for.
import type { BoardIdentity } from "#hardware/ports.ts";
import { writeFailureReason } from "#protocol/close-reason.ts";
import { remoteAccessFragment, remoteAccessProtocols } from "#protocol/remote-access.ts";
import { topics } from "#protocol/smartrest/topics.ts";
import {
  createDevice,
  failExecuting,
  requestPendingOperations,
  setAgent,
  setHardware,
  setRequiredAvailability,
  setSupportedOperations,
  setSupportedProtocols,
} from "#protocol/smartrest/upstream.ts";
import { setSupportedConfigurations, setSupportedLogs } from "#protocol/smartrest/upstream-data.ts";
import { gatewayVersion } from "../version.ts";

export interface DeviceFacts {
  /** External id and MQTT client id. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly board: BoardIdentity;
  /** Fragments of the operations of device management that it does; none where absent. */
  readonly operations?: readonly string[];
  /** Names of the logs and types of the configurations that may be asked for. */
  readonly logs?: readonly string[];
  readonly configurations?: readonly string[];
}

/** The cloud calls the gateway unavailable after this silence; `heartbeatMs` keeps it away. */
export const requiredAvailabilityMinutes = 10;
export const heartbeatMs = 4 * 60_000;

/** Subscribed to one by one, since some brokers refuse several filters at once (protocol.md 1.1). */
export const subscriptions: readonly { readonly topic: string; readonly qos: 0 | 1 }[] = [
  { topic: topics.errors, qos: 0 },
  { topic: topics.staticDown, qos: 1 },
  { topic: topics.operations, qos: 1 },
  { topic: topics.jsonErrors, qos: 0 },
];

/** The topics of which at least one is needed to get an operation. */
export const operationTopics: readonly string[] = [topics.staticDown, topics.operations];

/** First of all: until the device exists, subscriptions to its topics are refused and its description is lost. */
export function announcement(device: DeviceFacts): readonly string[] {
  return [createDevice(device.name, device.type)];
}

/** After the subscriptions. `isFirst`: no connection since the gateway started has come so far. */
export function introduction(device: DeviceFacts, isFirst: boolean): readonly string[] {
  return [
    setSupportedOperations([remoteAccessFragment, ...(device.operations ?? [])]),
    // What the cloud keeps is told once a run; only the operations and 500 are due each time.
    ...(isFirst ? description(device) : []),
    requestPendingOperations(),
  ];
}

function description({ type, board, logs = [], configurations = [] }: DeviceFacts): readonly string[] {
  return [
    ...(logs.length === 0 ? [] : [setSupportedLogs(logs)]),
    ...(configurations.length === 0 ? [] : [setSupportedConfigurations(configurations)]),
    setSupportedProtocols(remoteAccessProtocols),
    setRequiredAvailability(requiredAvailabilityMinutes),
    setHardware(board),
    setAgent({ name: type, version: gatewayVersion, url: "", maintainer: "Postern" }),
    // What is EXECUTING now was left so by a crash or power cut: nothing of it lives on.
    failExecuting(remoteAccessFragment, writeFailureReason("gateway.lost", "the gateway was restarted")),
  ];
}
