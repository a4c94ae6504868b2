// The wiring diagram: gives the machines their actors, the log and a Hardware, and shows the whole as one Gateway.
import { type Actor, createActor, type InspectionEvent } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import type { GatewayConfig } from "./config.ts";
import { cloudSession } from "./connectivity/connectivity.actor.ts";
import { connectivityMachine } from "./connectivity/connectivity.machine.ts";
import type { CloudPort } from "./connectivity/dial-cloud.ts";
import { messageOf } from "./errors.ts";
import { brokenFact, gatewayMachine } from "./gateway.machine.ts";
import type { Log, LogEntry } from "./log.ts";
import { operationsMachine } from "./operations/operations.machine.ts";
import { bootstrapSession, credentialsLoader, credentialsWriter } from "./registration/registration.actor.ts";
import { registrationMachine } from "./registration/registration.machine.ts";
import type { TunnelCounts, TunnelMeter } from "./tunnel/leg-facts.ts";
import { targetCheck, tunnelLegs } from "./tunnel/tunnel.actor.ts";
import { tunnelMachine } from "./tunnel/tunnel.machine.ts";

export interface GatewayOptions {
  readonly hardware: Hardware;
  readonly config: GatewayConfig;
  readonly log: Log;
  /** Told of everything that the machines do; for a record of a run. */
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface Gateway {
  status(): GatewayStatus;
  /** Refuses new tunnels, closes the open ones with `gateway.stopping`, leaves the cloud. Resolves within 5 s. */
  stop(): Promise<void>;
  /** As a power cut: every socket is reset and every timer cleared, and nothing is said. */
  kill(): void;
  /** Resolves when nothing runs any more: `failed` means that a part of the gateway broke. */
  readonly ended: Promise<"stopped" | "killed" | "failed">;
}

export interface GatewayStatus {
  readonly registration: "unregistered" | "registering" | "registered";
  readonly connectivity: "offline" | "connecting" | "online";
  readonly tunnels: readonly TunnelStatus[];
}

export interface TunnelStatus {
  readonly operation: string;
  /** Path of states, such as `standing.forwarding`. */
  readonly state: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Bytes in the tunnel's queues and those of its connections. */
  readonly heldBytes: number;
}

export function startGateway(options: GatewayOptions): Gateway {
  const meters = new Map<string, TunnelMeter>();
  const ending = Promise.withResolvers<"stopped" | "killed" | "failed">();
  let isKilled = false;
  const writeLog = ({ level, event, fields }: LogEntry): void => {
    if (!isKilled) options.log[level](event, fields);
  };
  const actor = createGatewayActor(options, meters, writeLog);
  actor.subscribe({
    complete: () => ending.resolve(actor.getSnapshot().value === "failed" ? "failed" : "stopped"),
    error: (error) => {
      writeLog({ level: "error", event: "internal.error", fields: { where: "gateway", what: messageOf(error) } });
      ending.resolve("failed");
    },
  });
  actor.start();
  return {
    status: () => readStatus(actor, meters),
    stop: async () => {
      if (actor.getSnapshot().status === "active") actor.send({ type: "gateway.stop" });
      await ending.promise;
    },
    kill: () => {
      isKilled = true;
      ending.resolve("killed");
      actor.stop();
    },
    ended: ending.promise,
  };
}

type GatewayActor = Actor<typeof gatewayMachine>;

function createGatewayActor(
  { hardware, config, inspect }: GatewayOptions,
  meters: Map<string, TunnelMeter>,
  writeLog: (entry: LogEntry) => void,
): GatewayActor {
  const { cloud, device, registration, tunnels } = config;
  const mqtt: CloudPort = { host: cloud.mqttHost, port: cloud.mqttPort, authorities: cloud.authorities };
  const deps = { hardware, cloud, settings: tunnels, meters };
  const log = (_: unknown, entry: LogEntry): void => writeLog(entry);
  const machine = gatewayMachine.provide({
    actions: {
      log,
      closeBroken: ({ self }, { operation, wasOpen }) => {
        self.send(brokenFact(operation, wasOpen, abandonLegs(meters.get(operation))));
      },
    },
    actors: {
      registration: registrationMachine.provide({
        actions: { log },
        actors: {
          loadCredentials: credentialsLoader(hardware),
          storeCredentials: credentialsWriter(hardware),
          bootstrap: bootstrapSession(hardware, mqtt),
        },
      }),
      connectivity: connectivityMachine.provide({
        actions: { log },
        actors: { session: cloudSession(hardware, mqtt) },
      }),
      operations: operationsMachine.provide({ actions: { log } }),
      tunnel: tunnelMachine.provide({
        actors: { targetCheck: targetCheck(deps), legs: tunnelLegs(deps) },
      }),
    },
  });
  const { dialTimeoutMs, drainMs, max } = tunnels;
  const id = device.id ?? hardware.identity.serialNumber;
  return createActor(machine, {
    clock: hardware.clock,
    ...(inspect === undefined ? {} : { inspect }),
    input: {
      device: { id, name: device.name, type: device.type, board: hardware.identity },
      bootstrap: { user: registration.user, password: registration.password },
      limits: { dialTimeoutMs, drainMs, tunnelsMax: max },
    },
  });
}

/** Resets what still stands of a tunnel that broke. Returns what it had carried. */
function abandonLegs(meter: TunnelMeter | undefined): TunnelCounts {
  if (meter === undefined) return { bytesUp: 0, bytesDown: 0, durationMs: 0 };
  const counts = { bytesUp: meter.bytesUp(), bytesDown: meter.bytesDown(), durationMs: meter.durationMs() };
  meter.abandon();
  return counts;
}

function readStatus(actor: GatewayActor, meters: ReadonlyMap<string, TunnelMeter>): GatewayStatus {
  const { children, context } = actor.getSnapshot();
  return {
    registration: registrationStatus(actor),
    connectivity: connectivityStatus(children.connectivity?.getSnapshot()),
    tunnels: Object.entries(context.tunnels).map(([operation, { ref }]) => {
      const meter = meters.get(operation);
      return {
        operation,
        state: statePath(ref.getSnapshot().value),
        bytesUp: meter?.bytesUp() ?? 0,
        bytesDown: meter?.bytesDown() ?? 0,
        heldBytes: meter?.heldBytes() ?? 0,
      };
    }),
  };
}

function registrationStatus(actor: GatewayActor): GatewayStatus["registration"] {
  const { context, children } = actor.getSnapshot();
  if (context.credentials !== undefined) return "registered";
  const state = children.registration?.getSnapshot();
  return state === undefined || statePath(state.value) === "loading" ? "unregistered" : "registering";
}

function connectivityStatus(
  snapshot: { readonly status: string; readonly value: unknown } | undefined,
): GatewayStatus["connectivity"] {
  const path = snapshot?.status === "active" ? statePath(snapshot.value) : "";
  if (path.startsWith("connected.online")) return "online";
  return path.startsWith("connected") ? "connecting" : "offline";
}

/** `{ a: "b" }` is `a.b`; of states side by side the first is followed. */
function statePath(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const [[name, inner] = ["", ""]] = Object.entries(value);
  return inner === "" ? name : `${name}.${statePath(inner)}`;
}
