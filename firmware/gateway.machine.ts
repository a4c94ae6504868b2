// The root: a switchboard. Children tell it facts, it gives them commands; it opens, counts and removes tunnels.
import { type ActorRefFrom, assign, enqueueActions, raise, sendTo, setup, stopChild } from "xstate";
import {
  type BoardPart,
  buttonEntry,
  faultOf,
  pressedEvent,
  resetEvent,
  resetStage,
  watchdogEntry,
} from "./board/board-words.ts";
import { type ButtonFact, buttonMachine } from "./board/button.machine.ts";
import { type IndicatorCommand, indicatorMachine } from "./board/indicator.machine.ts";
import { type WatchdogCommand, type WatchdogFact, watchdogMachine } from "./board/watchdog.machine.ts";
import type { CloudIdentity } from "./cloud-identity.ts";
import type { ModemSettings, Registration, UplinkSettings } from "./config/gateway-config.ts";
import { connectivityMachine } from "./connectivity/connectivity.machine.ts";
import type { ConnectivityCommand, ConnectivityFact } from "./connectivity/connectivity-events.ts";
import type { DeviceFacts } from "./connectivity/first-session.ts";
import type { OutgoingMessage } from "./connectivity/outbox.ts";
import { managementMachine } from "./device-management/management.machine.ts";
import type { ManagementCommand, ManagementFact } from "./device-management/management-events.ts";
import { messageOf } from "./errors.ts";
import { type HealthCommand, type HealthFact, healthMachine } from "./health/health.machine.ts";
import type { HealthLimits } from "./health/sample.ts";
import { isoTime, type LogEntry } from "./log.ts";
import { type ModemFact, modemMachine } from "./modem/modem.machine.ts";
import { type OperationsCommand, type OperationsFact, operationsMachine } from "./operations/operations.machine.ts";
import { registrationMachine } from "./registration/registration.machine.ts";
import { renewalMachine } from "./registration/renewal.machine.ts";
import type { RenewalCommand, RenewalFact } from "./registration/renewal-setup.ts";
import type { TunnelCounts } from "./tunnel/leg-facts.ts";
import { type TunnelCommand, type TunnelFact, type TunnelLimits, tunnelMachine } from "./tunnel/tunnel.machine.ts";
import {
  closedEntry,
  closedEvent,
  failureDetail,
  openedEntry,
  openedEvent,
  refusedEntry,
  repeatedEntry,
  requestedEntry,
  type TunnelTarget,
  writeTarget,
} from "./tunnel/tunnel-words.ts";
import { uplinksMachine } from "./uplinks/uplinks.machine.ts";
import type { UplinksCommand, UplinksFact } from "./uplinks/uplinks-setup.ts";

export interface GatewayInput {
  readonly device: DeviceFacts;
  readonly registration: Registration;
  readonly limits: TunnelLimits & { readonly tunnelsMax: number };
  /** What the board has of these; nothing if left out. */
  readonly parts?: readonly GatewayPart[];
  /** What the part "health" goes by. */
  readonly healthLimits?: HealthLimits;
  /** Fragments of the operations of device management that the part "management" does. */
  readonly takenOperations?: readonly string[];
  /** For the part "uplinks". */
  readonly uplinkSettings?: UplinkSettings;
  /** For the part "modem". */
  readonly modemSettings?: ModemSettings & { readonly intervalMs: number };
  /** Default 15 s. */
  readonly watchdogTimeoutMs?: number;
}

/** What a gateway may be without: such a child is started only where it is wanted and there is what it needs. */
export type GatewayPart = BoardPart | "health" | "management" | "uplinks" | "modem";

/** Tunnels end with `gateway.stopping`, then the cloud is left; all of it within 5 s. */
export type GatewayCommand = { readonly type: "gateway.stop" };

interface OpenTunnel extends TunnelTarget {
  readonly ref: ActorRefFrom<typeof tunnelMachine>;
  /** Whether it was told to stand: then the cloud hears of its end by an event. */
  readonly wasOpen: boolean;
}

interface GatewayContext extends GatewayInput, BoardChildren {
  readonly identity: CloudIdentity | undefined;
  /** By operation; an entry is there from the request until both ends are gone. */
  readonly tunnels: Readonly<Record<string, OpenTunnel>>;
  /** Then no tunnel is opened; those that are open stay. */
  readonly isHot: boolean;
  /** Whether there is a child that looks after the certificate. */
  readonly isOperating: boolean;
  /** It ends to forget everything and begin anew. */
  readonly isResetting: boolean;
  /** It ends to begin anew with another configuration. */
  readonly isReconfiguring: boolean;
  /** The machine is about to restart: tunnels are closed, and no other is opened. */
  readonly isQuiet: boolean;
  readonly isOnline: boolean;
}

/** A part that the board has not got, or that has broken and is to begin anew, is undefined. */
interface BoardChildren {
  readonly indicator: ActorRefFrom<typeof indicatorMachine> | undefined;
  readonly button: ActorRefFrom<typeof buttonMachine> | undefined;
  readonly watchdog: ActorRefFrom<typeof watchdogMachine> | undefined;
  readonly health: ActorRefFrom<typeof healthMachine> | undefined;
  readonly management: ActorRefFrom<typeof managementMachine> | undefined;
  readonly uplinks: ActorRefFrom<typeof uplinksMachine> | undefined;
  readonly modem: ActorRefFrom<typeof modemMachine> | undefined;
}

type GatewayEvent =
  | GatewayCommand
  | ConnectivityFact
  | OperationsFact
  | TunnelFact
  | ButtonFact
  | WatchdogFact
  /** Its operation's SUCCESSFUL is on its way. */
  | { readonly type: "tunnel.reported"; readonly operation: string }
  | HealthFact
  | ManagementFact
  | { readonly type: "board.part-due"; readonly part: GatewayPart }
  | UplinksFact
  | ModemFact
  | RenewalFact
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
    renewal: renewalMachine,
    connectivity: connectivityMachine,
    operations: operationsMachine,
    tunnel: tunnelMachine,
    indicator: indicatorMachine,
    button: buttonMachine,
    watchdog: watchdogMachine,
    health: healthMachine,
    management: managementMachine,
    uplinks: uplinksMachine,
    modem: modemMachine,
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    startParts: assign(({ context, spawn }, { parts }: { parts: readonly GatewayPart[] }) => ({
      ...(parts.includes("indicator") ? { indicator: spawn("indicator", { id: "indicator" }) } : {}),
      ...(parts.includes("button") ? { button: spawn("button", { id: "button" }) } : {}),
      ...(parts.includes("watchdog")
        ? {
            watchdog: spawn("watchdog", {
              id: "watchdog",
              input: { timeoutMs: context.watchdogTimeoutMs ?? watchdogTimeoutMs },
            }),
          }
        : {}),
      ...(parts.includes("health") && context.healthLimits !== undefined
        ? { health: spawn("health", { id: "health", input: { limits: context.healthLimits } }) }
        : {}),
      ...(parts.includes("management")
        ? {
            management: spawn("management", {
              id: "management",
              input: { taken: context.takenOperations ?? [] },
            }),
          }
        : {}),
      ...(parts.includes("uplinks") && context.uplinkSettings !== undefined
        ? { uplinks: spawn("uplinks", { id: "uplinks", input: { settings: context.uplinkSettings } }) }
        : {}),
      ...(parts.includes("modem") && context.modemSettings !== undefined
        ? { modem: spawn("modem", { id: "modem", input: modemInput(context.modemSettings) }) }
        : {}),
    })),
    stopPart: stopChild((_, { part }: { part: GatewayPart }) => part),
    forgetPart: assign((_, { part }: { part: GatewayPart }) => ({ [part]: undefined })),
    restartPart: raise((_, { part }: { part: GatewayPart }) => ({ type: "board.part-due", part }) as const, {
      delay: "restartDelay",
    }),
    light: enqueueActions(({ context, enqueue }, command: IndicatorCommand) => {
      if (context.indicator !== undefined) enqueue.sendTo(context.indicator, command);
    }),
    lightTunnels: enqueueActions(({ context, enqueue }) => {
      if (context.indicator === undefined) return;
      const open = Object.values(context.tunnels).filter(({ wasOpen }) => wasOpen).length;
      enqueue.sendTo(context.indicator, { type: "indicator.tunnels", open } satisfies IndicatorCommand);
    }),
    informUplinks: enqueueActions(({ context, enqueue }, command: UplinksCommand) => {
      if (context.uplinks !== undefined) enqueue.sendTo(context.uplinks, command);
    }),
    passToHealth: enqueueActions(({ context, enqueue }, command: HealthCommand) => {
      if (context.health !== undefined) enqueue.sendTo(context.health, command);
    }),
    passToManagement: enqueueActions(({ context, enqueue }, command: ManagementCommand) => {
      if (context.management !== undefined) enqueue.sendTo(context.management, command);
    }),
    /** A part that begins anew while the gateway operates has missed what the others were told. */
    sayWhatIs: enqueueActions(({ context, enqueue }, { part }: { part: GatewayPart }) => {
      if (context.identity === undefined) return;
      if (part === "health" && context.health !== undefined) enqueue.sendTo(context.health, { type: "health.start" });
      if (part === "uplinks" && context.uplinks !== undefined && context.isOnline) {
        enqueue.sendTo(context.uplinks, { type: "uplinks.online" });
      }
      if (part !== "management" || context.management === undefined) return;
      enqueue.sendTo(context.management, { type: "management.start", isNew: false });
      if (context.isOnline) enqueue.sendTo(context.management, { type: "management.online" });
    }),
    noteOnline: assign((_, { isOnline }: { isOnline: boolean }) => ({ isOnline })),
    noteQuiet: assign((_, { isQuiet }: { isQuiet: boolean }) => ({ isQuiet })),
    noteReconfigured: assign({ isReconfiguring: true }),
    /** Once the last tunnel is gone. */
    sayQuiet: enqueueActions(({ context, enqueue }) => {
      if (!context.isQuiet || context.management === undefined || Object.keys(context.tunnels).length > 0) return;
      enqueue.sendTo(context.management, { type: "management.quiet" } satisfies ManagementCommand);
    }),
    /** What stands over another uplink than the chosen one is left for it. */
    moveConnectivity: sendTo("connectivity", { type: "connectivity.reconnect" } satisfies ConnectivityCommand),
    stopWatchdog: enqueueActions(({ context, enqueue }) => {
      if (context.watchdog === undefined) return;
      enqueue.sendTo(context.watchdog, { type: "watchdog.stop" } satisfies WatchdogCommand);
    }),
    /** In a later turn: the person waits for the report of the operation, and nobody for the event. */
    reportLater: sendTo(
      ({ self }) => self,
      (_, { operation }: { operation: string }) => ({ type: "tunnel.reported", operation }) as const,
    ),
    /** In the root's own turn: whoever asks learns that it takes one. */
    answerProgress: (_, { answer }: { answer: () => void }) => answer(),
    noteHeat: assign((_, { isHot }: { isHot: boolean }) => ({ isHot })),
    noteReset: assign({ isResetting: true }),
    keepIdentity: assign((_, identity: CloudIdentity) => ({ identity })),
    forgetIdentity: assign({ identity: undefined }),
    startConnectivity: sendTo("connectivity", (_, identity: CloudIdentity): ConnectivityCommand => {
      return { type: "connectivity.start", identity };
    }),
    noteOperating: assign((_, { isOperating }: { isOperating: boolean }) => ({ isOperating })),
    passToRenewal: enqueueActions(({ context, enqueue }, command: RenewalCommand) => {
      if (context.isOperating) enqueue.sendTo("renewal", command);
    }),
    stopConnectivity: sendTo("connectivity", { type: "connectivity.stop" } satisfies ConnectivityCommand),
    publish: sendTo(
      "connectivity",
      (_, { text, isRepeatable, isKept = false }: OutgoingMessage): ConnectivityCommand => {
        return { type: "connectivity.publish", text, isRepeatable, isKept };
      },
    ),
    command: sendTo("operations", (_, command: OperationsCommand): OperationsCommand => command),
    openTunnel: assign(({ context, spawn }, { operation, request }: Requested) => {
      const { limits } = context;
      const input = { operation, request, limits };
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
    isHot: ({ context }) => context.isHot,
    isResetting: ({ context }) => context.isResetting,
    isReconfiguring: ({ context }) => context.isReconfiguring,
    isQuiet: ({ context }) => context.isQuiet,
    hasManagement: ({ context }) => context.management !== undefined,
    hasNoTunnel: ({ context }) => Object.keys(context.tunnels).length === 0,
    wasOpen: (_, { wasOpen }: { wasOpen: boolean }) => wasOpen,
    isNew: (_, { isNew }: { isNew: boolean }) => isNew,
  },
  delays: { drainLimit: drainLimitMs, cutLimit: cutLimitMs, leaveLimit: leaveLimitMs, restartDelay: 10_000 },
}).createMachine({
  id: "gateway",
  context: ({ input }) => ({
    ...input,
    identity: undefined,
    tunnels: {},
    isHot: false,
    isResetting: false,
    isReconfiguring: false,
    isQuiet: false,
    isOnline: false,
    isOperating: false,
    ...noParts,
  }),
  entry: { type: "startParts", params: ({ context }) => ({ parts: context.parts ?? [] }) },
  invoke: [
    {
      id: "connectivity",
      src: "connectivity",
      input: ({ context }) => ({ device: context.device }),
      // It only ends when it was told to.
      onDone: [
        { guard: "isResetting", target: ".reset" },
        { guard: "isReconfiguring", target: ".reconfigured" },
        { target: ".stopped" },
      ],
      onError: { target: ".failed", actions: { type: "log", params: errorEntry("connectivity") } },
    },
    {
      id: "operations",
      src: "operations",
      input: ({ context }) => ({ deviceId: context.device.id, taken: context.takenOperations ?? [] }),
      onError: { target: ".failed", actions: { type: "log", params: errorEntry("operations") } },
    },
  ],
  on: {
    "connectivity.received": {
      actions: { type: "command", params: ({ event }) => ({ type: "operations.received", message: event.message }) },
    },
    "connectivity.online": {
      actions: [
        { type: "light", params: { type: "indicator.phase", phase: "online" } },
        { type: "informUplinks", params: { type: "uplinks.online" } },
        { type: "passToRenewal", params: { type: "renewal.online" } },
        { type: "noteOnline", params: { isOnline: true } },
        { type: "passToManagement", params: { type: "management.online" } },
      ],
    },
    "renewal.switched": {
      actions: [
        { type: "keepIdentity", params: ({ event }) => event.identity },
        { type: "startConnectivity", params: ({ event }) => event.identity },
      ],
    },
    "connectivity.offline": {
      actions: [
        { type: "passToRenewal", params: ({ event }) => ({ type: "renewal.offline", reason: event.reason }) },
        { type: "command", params: () => ({ type: "operations.disconnected" }) },
        { type: "light", params: { type: "indicator.phase", phase: "connecting" } },
        { type: "informUplinks", params: { type: "uplinks.offline" } },
        { type: "noteOnline", params: { isOnline: false } },
        { type: "passToManagement", params: ({ event }) => ({ type: "management.offline", why: event.reason }) },
      ],
    },
    "connectivity.dropped": { actions: { type: "passToHealth", params: { type: "health.retell" } } },
    "health.hot": {
      actions: [
        { type: "noteHeat", params: { isHot: true } },
        { type: "light", params: { type: "indicator.faulted", fault: "heat" } },
      ],
    },
    "health.cooled": {
      actions: [
        { type: "noteHeat", params: { isHot: false } },
        { type: "light", params: { type: "indicator.mended", fault: "heat" } },
      ],
    },
    "health.message": { actions: { type: "publish", params: ({ event }) => event.message } },
    "alarm.raised": {
      actions: [
        { type: "passToHealth", params: ({ event }) => event },
        { type: "light", params: ({ event }) => faultOf(event) },
      ],
    },
    "alarm.cleared": {
      actions: [
        { type: "passToHealth", params: ({ event }) => event },
        { type: "light", params: ({ event }) => faultOf(event) },
      ],
    },
    "management.requested": [
      { guard: "hasManagement", actions: { type: "passToManagement", params: ({ event }) => event } },
      { actions: { type: "command", params: ({ event }) => unmanaged(event) } },
    ],
    "management.message": { actions: { type: "publish", params: ({ event }) => event.message } },
    "management.finished": {
      actions: {
        type: "command",
        params: ({ event }) => ({ ...event, type: "operation.managed" }),
      },
    },
    "management.quiet-wanted": {
      actions: [
        { type: "noteQuiet", params: { isQuiet: true } },
        { type: "commandTunnels", params: { type: "tunnel.stop", reason: "gateway.stopping" } },
        "sayQuiet",
      ],
    },
    "management.quiet-over": { actions: { type: "noteQuiet", params: { isQuiet: false } } },
    "progress.asked": { actions: { type: "answerProgress", params: ({ event }) => event } },
    "watchdog.*": { actions: { type: "log", params: ({ event }) => watchdogEntry(event) } },
    "button.pressed": {
      actions: [
        { type: "log", params: ({ event }) => buttonEntry(event) },
        { type: "publish", params: pressedEvent },
      ],
    },
    "button.*": {
      actions: [
        { type: "log", params: ({ event }) => buttonEntry(event) },
        { type: "light", params: ({ event }) => ({ type: "indicator.reset", reset: resetStage(event) }) },
      ],
    },
    "board.part-due": {
      actions: [
        { type: "startParts", params: ({ event }) => ({ parts: [event.part] }) },
        { type: "sayWhatIs", params: ({ event }) => event },
      ],
    },
    "xstate.error.actor.health": {
      actions: [
        ...brokenPart("health").actions,
        // Its successor says so again if it is.
        { type: "noteHeat", params: { isHot: false } },
        { type: "light", params: { type: "indicator.mended", fault: "heat" } },
      ],
    },
    "xstate.error.actor.management": {
      actions: [
        ...brokenPart("management").actions,
        { type: "noteQuiet", params: { isQuiet: false } },
        { type: "command", params: () => ({ type: "operations.management-lost" }) },
      ],
    },
    "xstate.error.actor.indicator": brokenPart("indicator"),
    "xstate.error.actor.button": brokenPart("button"),
    "xstate.error.actor.watchdog": brokenPart("watchdog"),
    "xstate.error.actor.uplinks": brokenPart("uplinks"),
    "xstate.error.actor.modem": brokenPart("modem"),
    "modem.message": { actions: { type: "publish", params: ({ event }) => event.message } },
    "uplinks.switched": { actions: "moveConnectivity" },
    "uplinks.message": { actions: { type: "publish", params: ({ event }) => event.message } },
    "operation.reported": { actions: { type: "publish", params: ({ event }) => event } },
    "tunnel.opened": {
      actions: [
        { type: "markOpen", params: ({ event }) => event },
        { type: "log", params: ({ context, event }) => openedEntry(event.operation, targetOf(context, event)) },
        { type: "command", params: ({ event }) => ({ type: "operation.succeeded", operation: event.operation }) },
        { type: "reportLater", params: ({ event }) => event },
        "lightTunnels",
      ],
    },
    "tunnel.reported": {
      actions: {
        type: "publish",
        params: ({ context, event }) => openedEvent(event.operation, targetOf(context, event)),
      },
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
          { type: "publish", params: ({ context, event }) => closedEvent(targetOf(context, event), event) },
          { type: "stopTunnel", params: ({ event }) => event },
          { type: "forgetTunnel", params: ({ event }) => event },
          "sayQuiet",
          "lightTunnels",
        ],
      },
      {
        actions: [
          { type: "log", params: ({ context, event }) => closedEntry(targetOf(context, event), event) },
          { type: "stopTunnel", params: ({ event }) => event },
          { type: "forgetTunnel", params: ({ event }) => event },
          "sayQuiet",
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
        "management.reconfigured": { target: "stopping", actions: "noteReconfigured" },
        "button.reset-confirmed": {
          target: "stopping",
          actions: [
            { type: "log", params: ({ event }) => buttonEntry(event) },
            { type: "publish", params: resetEvent },
            "noteReset",
          ],
        },
        "operation.requested": [
          {
            guard: { type: "isOpenAlready", params: ({ event }) => event },
            actions: { type: "log", params: ({ event }) => repeatedEntry(event) },
          },
          {
            guard: "isQuiet",
            actions: [
              { type: "log", params: ({ event }) => requestedEntry(event) },
              { type: "log", params: ({ event }) => refusedEntry(event, "gateway.stopping") },
              { type: "command", params: ({ event }) => refusal(event, "gateway.stopping") },
            ],
          },
          {
            guard: "isHot",
            actions: [
              { type: "log", params: ({ event }) => requestedEntry(event) },
              { type: "log", params: ({ event }) => refusedEntry(event, "gateway.hot") },
              { type: "command", params: ({ event }) => refusal(event, "gateway.hot") },
            ],
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
            input: ({ context }) => ({ deviceId: context.device.id, registration: context.registration }),
            onDone: [
              {
                guard: { type: "isNew", params: ({ event }) => event.output },
                target: "operating",
                actions: [
                  { type: "log", params: ({ event }) => registeredEntry(event.output.identity) },
                  { type: "keepIdentity", params: ({ event }) => event.output.identity },
                  { type: "startConnectivity", params: ({ event }) => event.output.identity },
                  { type: "passToHealth", params: { type: "health.start" } },
                  { type: "passToManagement", params: { type: "management.start", isNew: true } },
                ],
              },
              {
                target: "operating",
                actions: [
                  { type: "keepIdentity", params: ({ event }) => event.output.identity },
                  { type: "startConnectivity", params: ({ event }) => event.output.identity },
                  { type: "passToHealth", params: { type: "health.start" } },
                  { type: "passToManagement", params: { type: "management.start", isNew: false } },
                ],
              },
            ],
            onError: {
              target: "registrationBroken",
              actions: { type: "log", params: errorEntry("registration") },
            },
          },
        },
        registrationBroken: {
          entry: { type: "light", params: { type: "indicator.faulted", fault: "registration" } },
          exit: { type: "light", params: { type: "indicator.mended", fault: "registration" } },
          after: { restartDelay: "registering" },
        },
        operating: {
          entry: [
            { type: "light", params: { type: "indicator.phase", phase: "connecting" } },
            { type: "noteOperating", params: { isOperating: true } },
          ],
          exit: { type: "noteOperating", params: { isOperating: false } },
          invoke: {
            id: "renewal",
            src: "renewal",
            input: ({ context }) => ({
              deviceId: context.device.id,
              identity: identityOf(context),
              isOnline: context.isOnline,
            }),
            onError: { target: "renewalBroken", actions: { type: "log", params: errorEntry("renewal") } },
          },
          on: { "renewal.ended": { target: "registering", actions: "forgetIdentity" } },
        },
        renewalBroken: { after: { restartDelay: "operating" } },
      },
    },
    stopping: {
      entry: { type: "log", params: { level: "info", event: "gateway.stopping" } },
      on: {
        "operation.requested": {
          actions: [
            { type: "log", params: ({ event }) => requestedEntry(event) },
            { type: "log", params: ({ event }) => refusedEntry(event, "gateway.stopping") },
            { type: "command", params: ({ event }) => refusal(event, "gateway.stopping") },
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
          entry: ["stopConnectivity", "stopWatchdog"],
          after: {
            leaveLimit: [
              { guard: "isResetting", target: "#gateway.reset" },
              { guard: "isReconfiguring", target: "#gateway.reconfigured" },
              { target: "#gateway.stopped" },
            ],
          },
        },
      },
    },
    stopped: { type: "final", entry: { type: "log", params: { level: "info", event: "gateway.stopped" } } },
    reset: {
      description: "All that was stored is to be removed, and a new gateway begins.",
      type: "final",
      entry: { type: "log", params: { level: "info", event: "gateway.stopped" } },
    },
    reconfigured: {
      description: "The configuration file is another one: a new gateway begins with it.",
      type: "final",
      entry: { type: "log", params: { level: "info", event: "gateway.stopped" } },
    },
    failed: { description: "A part of the gateway broke: it does not limp on.", type: "final" },
  },
});

/** What the board's hardware is asked for if the configuration says nothing. */
const watchdogTimeoutMs = 15_000;

const noParts: BoardChildren = {
  indicator: undefined,
  button: undefined,
  watchdog: undefined,
  uplinks: undefined,
  modem: undefined,
  health: undefined,
  management: undefined,
};

function modemInput({ intervalMs, ...settings }: ModemSettings & { readonly intervalMs: number }) {
  return { settings, intervalMs };
}

/** The gateway goes on without it for a while. */
function brokenPart(part: GatewayPart) {
  return {
    actions: [
      { type: "log", params: errorEntry(part) },
      { type: "stopPart", params: { part } },
      { type: "forgetPart", params: { part } },
      { type: "restartPart", params: { part } },
    ],
  } as const;
}

type Requested = Extract<OperationsFact, { type: "operation.requested" }>;
type Broken = Extract<GatewayEvent, { error: unknown }>;

function identityOf({ identity }: GatewayContext): CloudIdentity {
  if (identity === undefined) throw new Error("must hold: who operates is registered");
  return identity;
}

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

function refusal({ operation }: Requested, reason: "gateway.hot" | "gateway.stopping"): OperationsCommand {
  return { type: "operation.failed", operation, reason, detail: "" };
}

/** The part has broken, and begins anew in a while. */
function unmanaged({ operation }: { readonly operation: string }): OperationsCommand {
  const why = "the gateway has lost the part that does this, and starts it again: try again in a minute";
  return { type: "operation.managed", operation, outcome: { ok: false, why } };
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

function registeredEntry(identity: CloudIdentity): LogEntry {
  const fields =
    identity.kind === "password"
      ? { tenant: identity.tenant, user: identity.user }
      : { certificateNotAfter: isoTime(identity.notAfterMs) };
  return { level: "info", event: "registration.completed", fields };
}

function errorEntry(where: string) {
  return ({ event }: { event: { readonly error: unknown } }): LogEntry => {
    return { level: "error", event: "internal.error", fields: { where, what: messageOf(event.error) } };
  };
}
