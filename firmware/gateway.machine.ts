// The root: a switchboard. Children tell it facts, it gives them commands; it opens, counts and removes tunnels.
import { type ActorRefFrom, assign, enqueueActions, sendTo, setup, stopChild } from "xstate";
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import { connectivityMachine } from "./connectivity/connectivity.machine.ts";
import type { ConnectivityCommand, ConnectivityFact } from "./connectivity/connectivity-events.ts";
import type { DeviceFacts } from "./connectivity/first-session.ts";
import type { OutgoingMessage } from "./connectivity/outbox.ts";
import { messageOf } from "./errors.ts";
import type { LogEntry } from "./log.ts";
import { type OperationsCommand, type OperationsFact, operationsMachine } from "./operations/operations.machine.ts";
import { registrationMachine } from "./registration/registration.machine.ts";
import type { TunnelCounts } from "./tunnel/leg-facts.ts";
import { type TunnelCommand, type TunnelFact, type TunnelLimits, tunnelMachine } from "./tunnel/tunnel.machine.ts";
import {
  closedEntry,
  closedEvent,
  failureDetail,
  openedEntry,
  refusedEntry,
  repeatedEntry,
  requestedEntry,
  type TunnelTarget,
  writeTarget,
} from "./tunnel/tunnel-words.ts";

export interface GatewayInput {
  readonly device: DeviceFacts;
  /** The account of devices that are not registered yet: `user` is `<tenant>/<user>`. */
  readonly bootstrap: { readonly user: string; readonly password: string };
  readonly limits: TunnelLimits & { readonly tunnelsMax: number };
}

/** Tunnels end with `gateway.stopping`, then the cloud is left; all of it within 5 s. */
export type GatewayCommand = { readonly type: "gateway.stop" };

interface OpenTunnel extends TunnelTarget {
  readonly ref: ActorRefFrom<typeof tunnelMachine>;
  /** Whether it was told to stand: then the cloud hears of its end by an event. */
  readonly wasOpen: boolean;
}

interface GatewayContext extends GatewayInput {
  readonly credentials: DeviceCredentials | undefined;
  /** By operation; an entry is there from the request until both ends are gone. */
  readonly tunnels: Readonly<Record<string, OpenTunnel>>;
}

type GatewayEvent =
  | GatewayCommand
  | ConnectivityFact
  | OperationsFact
  | TunnelFact
  /** A tunnel threw: our bug. */
  | { readonly type: `xstate.error.actor.${string}`; readonly error: unknown; readonly actorId: string };

/** When stopping: for tunnels to close in order, for what was reset to be counted, and for leaving the cloud. Together under 5 s. */
export const drainLimitMs = 2_500;
export const cutLimitMs = 200;
export const leaveLimitMs = 1_900;

export const gatewayMachine = setup({
  types: {
    input: {} as GatewayInput,
    context: {} as GatewayContext,
    events: {} as GatewayEvent,
  },
  actors: {
    registration: registrationMachine,
    connectivity: connectivityMachine,
    operations: operationsMachine,
    tunnel: tunnelMachine,
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    keepCredentials: assign((_, credentials: DeviceCredentials) => ({ credentials })),
    startConnectivity: sendTo("connectivity", (_, credentials: DeviceCredentials): ConnectivityCommand => {
      return { type: "connectivity.start", credentials };
    }),
    stopConnectivity: sendTo("connectivity", { type: "connectivity.stop" } satisfies ConnectivityCommand),
    publish: sendTo("connectivity", (_, { text, isRepeatable }: OutgoingMessage): ConnectivityCommand => {
      return { type: "connectivity.publish", text, isRepeatable };
    }),
    command: sendTo("operations", (_, command: OperationsCommand): OperationsCommand => command),
    openTunnel: assign(({ context, spawn }, { operation, request }: Requested) => {
      const { credentials, limits } = context;
      if (credentials === undefined) throw new Error("must hold: operations come to a registered gateway only");
      const input = { operation, request, credentials, limits };
      const ref = spawn("tunnel", { id: tunnelId(operation), input });
      const tunnel = { ref, host: request.hostname, port: request.port, wasOpen: false };
      return { tunnels: { ...context.tunnels, [operation]: tunnel } };
    }),
    markOpen: assign(({ context }, { operation }: { operation: string }) => {
      const tunnel = context.tunnels[operation];
      return tunnel === undefined ? {} : { tunnels: { ...context.tunnels, [operation]: { ...tunnel, wasOpen: true } } };
    }),
    /** Closes what a broken tunnel left standing, then sends `tunnel.closed` in its place: the machinery leaves its legs alone. */
    closeBroken: ({ self }, { operation, wasOpen }: { operation: string; wasOpen: boolean }) => {
      self.send(brokenFact(operation, wasOpen, { bytesUp: 0, bytesDown: 0, durationMs: 0 }));
    },
    // A finished child stays among the children until it is stopped.
    stopTunnel: stopChild((_, { operation }: { operation: string }) => tunnelId(operation)),
    forgetTunnel: assign(({ context }, { operation }: { operation: string }) => {
      const { [operation]: _gone, ...tunnels } = context.tunnels;
      return { tunnels };
    }),
    commandTunnels: enqueueActions(({ context, enqueue }, command: TunnelCommand) => {
      for (const { ref } of Object.values(context.tunnels)) enqueue.sendTo(ref, command);
    }),
  },
  guards: {
    hasFreeTunnelSlot: ({ context }) => Object.keys(context.tunnels).length < context.limits.tunnelsMax,
    isOpenAlready: ({ context }, { operation }: { operation: string }) => Object.hasOwn(context.tunnels, operation),
    hasNoTunnel: ({ context }) => Object.keys(context.tunnels).length === 0,
    wasOpen: (_, { wasOpen }: { wasOpen: boolean }) => wasOpen,
    isNew: (_, { isNew }: { isNew: boolean }) => isNew,
  },
  delays: { drainLimit: drainLimitMs, cutLimit: cutLimitMs, leaveLimit: leaveLimitMs, restartDelay: 10_000 },
}).createMachine({
  id: "gateway",
  context: ({ input }) => ({ ...input, credentials: undefined, tunnels: {} }),
  invoke: [
    {
      id: "connectivity",
      src: "connectivity",
      input: ({ context }) => ({ device: context.device }),
      // It only ends when it was told to.
      onDone: ".stopped",
      onError: { target: ".failed", actions: { type: "log", params: errorEntry("connectivity") } },
    },
    {
      id: "operations",
      src: "operations",
      input: ({ context }) => ({ deviceId: context.device.id }),
      onError: { target: ".failed", actions: { type: "log", params: errorEntry("operations") } },
    },
  ],
  on: {
    "connectivity.received": {
      actions: { type: "command", params: ({ event }) => ({ type: "operations.received", message: event.message }) },
    },
    "connectivity.offline": { actions: { type: "command", params: () => ({ type: "operations.disconnected" }) } },
    "operation.reported": { actions: { type: "publish", params: ({ event }) => event } },
    "tunnel.opened": {
      actions: [
        { type: "markOpen", params: ({ event }) => event },
        { type: "log", params: ({ context, event }) => openedEntry(event.operation, targetOf(context, event)) },
        { type: "command", params: ({ event }) => ({ type: "operation.succeeded", operation: event.operation }) },
      ],
    },
    "tunnel.failed": {
      actions: {
        type: "command",
        params: ({ context, event }) => ({
          type: "operation.failed",
          operation: event.operation,
          reason: event.reason,
          detail: failureDetail(targetOf(context, event), event),
        }),
      },
    },
    "tunnel.closed": [
      {
        guard: { type: "wasOpen", params: ({ event }) => event },
        actions: [
          { type: "log", params: ({ context, event }) => closedEntry(targetOf(context, event), event) },
          { type: "publish", params: ({ event }) => ({ text: closedEvent(event), isRepeatable: true }) },
          { type: "stopTunnel", params: ({ event }) => event },
          { type: "forgetTunnel", params: ({ event }) => event },
        ],
      },
      {
        actions: [
          { type: "log", params: ({ context, event }) => closedEntry(targetOf(context, event), event) },
          { type: "stopTunnel", params: ({ event }) => event },
          { type: "forgetTunnel", params: ({ event }) => event },
        ],
      },
    ],
    "xstate.error.actor.*": {
      actions: [
        { type: "log", params: ({ event }) => errorEntry("tunnel")({ event }) },
        { type: "command", params: ({ context, event }) => brokenTunnel(context, event) },
        { type: "closeBroken", params: ({ context, event }) => brokenOf(context, event) },
      ],
    },
  },
  initial: "running",
  states: {
    running: {
      entry: {
        type: "log",
        params: ({ context }) => ({ level: "info", event: "gateway.started", fields: { device: context.device.id } }),
      },
      on: {
        "gateway.stop": "stopping",
        "operation.requested": [
          {
            guard: { type: "isOpenAlready", params: ({ event }) => event },
            actions: { type: "log", params: ({ event }) => repeatedEntry(event) },
          },
          {
            guard: "hasFreeTunnelSlot",
            actions: [
              { type: "log", params: ({ event }) => requestedEntry(event) },
              { type: "openTunnel", params: ({ event }) => event },
            ],
          },
          {
            actions: [
              { type: "log", params: ({ event }) => requestedEntry(event) },
              { type: "log", params: ({ event }) => refusedEntry(event, "gateway.busy") },
              { type: "command", params: ({ context, event }) => busy(context, event) },
            ],
          },
        ],
      },
      initial: "registering",
      states: {
        registering: {
          invoke: {
            id: "registration",
            src: "registration",
            input: ({ context }) => ({ login: { clientId: context.device.id, ...context.bootstrap } }),
            onDone: [
              {
                guard: { type: "isNew", params: ({ event }) => event.output },
                target: "operating",
                actions: [
                  { type: "log", params: ({ event }) => registeredEntry(event.output.credentials) },
                  { type: "keepCredentials", params: ({ event }) => event.output.credentials },
                  { type: "startConnectivity", params: ({ event }) => event.output.credentials },
                ],
              },
              {
                target: "operating",
                actions: [
                  { type: "keepCredentials", params: ({ event }) => event.output.credentials },
                  { type: "startConnectivity", params: ({ event }) => event.output.credentials },
                ],
              },
            ],
            onError: {
              target: "registrationBroken",
              actions: { type: "log", params: errorEntry("registration") },
            },
          },
        },
        registrationBroken: { after: { restartDelay: "registering" } },
        operating: {},
      },
    },
    stopping: {
      entry: { type: "log", params: { level: "info", event: "gateway.stopping" } },
      on: {
        "operation.requested": {
          actions: [
            { type: "log", params: ({ event }) => requestedEntry(event) },
            { type: "log", params: ({ event }) => refusedEntry(event, "gateway.stopping") },
            { type: "command", params: ({ event }) => stopping(event) },
          ],
        },
      },
      initial: "draining",
      states: {
        draining: {
          entry: { type: "commandTunnels", params: { type: "tunnel.stop", reason: "gateway.stopping" } },
          always: { guard: "hasNoTunnel", target: "leaving" },
          after: { drainLimit: "cutting" },
        },
        cutting: {
          entry: { type: "commandTunnels", params: { type: "tunnel.cut" } },
          always: { guard: "hasNoTunnel", target: "leaving" },
          after: { cutLimit: "leaving" },
        },
        leaving: {
          entry: "stopConnectivity",
          after: { leaveLimit: "#gateway.stopped" },
        },
      },
    },
    stopped: { type: "final", entry: { type: "log", params: { level: "info", event: "gateway.stopped" } } },
    failed: { description: "A part of the gateway broke: it does not limp on.", type: "final" },
  },
});

type Requested = Extract<OperationsFact, { type: "operation.requested" }>;
type Broken = Extract<GatewayEvent, { error: unknown }>;

function tunnelId(operation: string): string {
  return `tunnel:${operation}`;
}

function operationOf({ actorId }: Broken): string {
  return actorId.replace(/^tunnel:/, "");
}

function targetOf({ tunnels }: GatewayContext, { operation }: { readonly operation: string }): TunnelTarget {
  return tunnels[operation] ?? { host: "", port: 0 };
}

function busy({ limits }: GatewayContext, { operation }: Requested): OperationsCommand {
  return {
    type: "operation.failed",
    operation,
    reason: "gateway.busy",
    detail: `at most ${limits.tunnelsMax} tunnels`,
  };
}

function stopping({ operation }: Requested): OperationsCommand {
  return { type: "operation.failed", operation, reason: "gateway.stopping", detail: "" };
}

function brokenTunnel(context: GatewayContext, event: Broken): OperationsCommand {
  const operation = operationOf(event);
  const detail = writeTarget(targetOf(context, { operation }));
  return { type: "operation.failed", operation, reason: "internal.error", detail };
}

function brokenOf({ tunnels }: GatewayContext, event: Broken): { operation: string; wasOpen: boolean } {
  const operation = operationOf(event);
  return { operation, wasOpen: tunnels[operation]?.wasOpen ?? false };
}

/** What a tunnel that threw can no longer say itself. */
export function brokenFact(operation: string, wasOpen: boolean, counts: TunnelCounts): TunnelFact {
  return { type: "tunnel.closed", operation, reason: "internal.error", detail: "", wasOpen, ...counts };
}

function registeredEntry({ tenant, user }: DeviceCredentials): LogEntry {
  return { level: "info", event: "registration.completed", fields: { tenant, user } };
}

function errorEntry(where: string) {
  return ({ event }: { event: { readonly error: unknown } }): LogEntry => {
    return { level: "error", event: "internal.error", fields: { where, what: messageOf(event.error) } };
  };
}
