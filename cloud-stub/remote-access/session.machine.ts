// Decides the course of one remote-access session, from the client's request to the one reason with which it ends.
import { assign, setup } from "xstate";
import { type CloseReason, closeText } from "#protocol/close-reason.ts";
import type { SessionStep } from "#protocol/session-channel.ts";
import type { SessionLimits } from "./limits.ts";

/** With which word a session ends, in whose name, and what a person is told. */
export interface SessionEnd {
  readonly reason: CloseReason;
  /** One sentence without a secret. */
  readonly text: string;
  /** Whose end it was: what is under way to the other side is still delivered; `cloud` cuts both at once. */
  readonly by: "client" | "device" | "cloud";
}

export interface SessionInput {
  readonly limits: SessionLimits;
  /** Whether the protocol's opening is watched (VNC) before the stream is open. */
  readonly hasHandshake: boolean;
  readonly isGatewayOnline: boolean;
}

interface SessionContext extends SessionInput {
  /** The gateway was seen at any time of the wait: online, taking the operation, or with its websocket. */
  readonly wasGatewaySeen: boolean;
  /** The gateway reported SUCCESSFUL. */
  readonly isTunnelReported: boolean;
  readonly end: SessionEnd | undefined;
}

type Told = { readonly reason: CloseReason; readonly text?: string };

export type SessionEvent =
  | { readonly type: "operation.created" }
  | ({ readonly type: "operation.refused" } & Told)
  | { readonly type: "operation.executing" }
  | { readonly type: "operation.successful" }
  | ({ readonly type: "operation.failed" } & Told)
  | { readonly type: "gateway.online" }
  /** The device websocket came with the session's key. */
  | { readonly type: "device.connected" }
  /** The first bytes of the panel came through it. */
  | { readonly type: "device.spoke" }
  | ({ readonly type: "device.ended" } & Told)
  | ({ readonly type: "client.ended" } & Told)
  | { readonly type: "handshake.done" }
  | ({ readonly type: "handshake.failed" } & Told)
  /** A person is asked something that the handshake waits for. */
  | { readonly type: "person.asked" }
  | { readonly type: "person.answered" }
  /** The handshake's time is over; who was silent is known to whoever runs it. */
  | ({ readonly type: "handshake.expired" } & Told)
  /** The protocol came to its end after it was open. */
  | ({ readonly type: "protocol.ended" } & Told)
  /** Somebody or something other than the two ends: an administrator, a limit, a stop. */
  | ({ readonly type: "session.ended" } & Told)
  | { readonly type: "session.finished" };

/** Longest that deliveries, records and close frames together may take, over the drain limits, in ms. */
const finishExtraMs = 5_000;

const machineSetup = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput,
  },
  actions: {
    // IO, provided by session.ts.
    createOperation: () => {},
    sayStep: (_, _params: { readonly step: SessionStep }) => {},
    startHandshake: () => {},
    expireHandshake: () => {},
    openStream: () => {},
    reportTunnel: () => {},
    finish: () => {},
    abandon: () => {},
    // Pure.
    rememberGateway: assign({ wasGatewaySeen: true }),
    rememberReport: assign({ isTunnelReported: true }),
    endByDevice: assign({ end: ({ event }) => endOf(event, "device") }),
    endByClient: assign({ end: ({ event }) => endOf(event, "client") }),
    endByCloud: assign({ end: ({ event }) => endOf(event, "cloud") }),
    endFor: assign({
      end: (_, params: Told): SessionEnd => ({
        reason: params.reason,
        text: params.text ?? closeText(params.reason),
        by: "cloud",
      }),
    }),
  },
  guards: {
    wasGatewaySeen: ({ context }) => context.wasGatewaySeen,
    isTunnelReported: ({ context }) => context.isTunnelReported,
    isTunnelReportedWithHandshake: ({ context }) => context.isTunnelReported && context.hasHandshake,
    isTunnelUnreported: ({ context }) => !context.isTunnelReported,
    hasHandshake: ({ context }) => context.hasHandshake,
  },
  delays: {
    gatewayWait: ({ context }) => context.limits.gatewayWaitMs,
    verdictWait: ({ context }) => context.limits.verdictWaitMs,
    handshakeLimit: ({ context }) => context.limits.handshakeMs,
    personLimit: ({ context }) => context.limits.personMs,
    lifeLimit: ({ context }) => context.limits.totalMs,
    finishLimit: ({ context }) => context.limits.drainTotalMs + 2 * context.limits.drainMs + finishExtraMs,
  },
});

/** The device websocket may come before EXECUTING: the step is said in either case, once. */
const sayOpeningTunnel = { type: "sayStep", params: { step: "opening-tunnel" } } as const;

const requested = machineSetup.createStateConfig({
  description: "The client is connected; the operation is being created.",
  entry: ["createOperation", { type: "sayStep", params: { step: "waiting-for-gateway" } }],
  on: {
    "operation.created": "waitingForGateway",
    "operation.executing": { target: "openingTunnel", actions: "rememberGateway" },
    "operation.refused": { target: "#session.closing", actions: "endByCloud" },
    "device.connected": { target: "paired", actions: ["rememberGateway", sayOpeningTunnel] },
  },
});

const waitingForGateway = machineSetup.createStateConfig({
  description: "The operation is PENDING.",
  on: {
    "operation.executing": { target: "openingTunnel", actions: "rememberGateway" },
    "device.connected": { target: "paired", actions: ["rememberGateway", sayOpeningTunnel] },
  },
});

const openingTunnel = machineSetup.createStateConfig({
  description: "The gateway has taken the operation.",
  entry: sayOpeningTunnel,
  on: { "device.connected": { target: "paired", actions: "rememberGateway" } },
});

const paired = machineSetup.createStateConfig({
  description: "The device websocket is here; the panel stands once SUCCESSFUL is reported or its bytes come.",
  always: [
    { guard: "isTunnelReportedWithHandshake", target: "#session.open.handshaking" },
    { guard: "isTunnelReported", target: "#session.open.established" },
  ],
  on: {
    "device.spoke": [
      { guard: "hasHandshake", target: "#session.open.handshaking" },
      { target: "#session.open.established" },
    ],
    "device.ended": { target: "#session.unpaired", actions: "endByDevice" },
  },
});

const opening = machineSetup.createStateConfig({
  description: "From the request to the tunnel, all within one limit.",
  initial: "requested",
  after: {
    gatewayWait: [
      {
        guard: "wasGatewaySeen",
        target: "closing",
        actions: { type: "endFor", params: { reason: "gateway.timeout" } },
      },
      { target: "closing", actions: { type: "endFor", params: { reason: "gateway.offline" } } },
    ],
  },
  on: {
    "gateway.online": { actions: "rememberGateway" },
    "operation.successful": { actions: ["rememberGateway", "rememberReport"] },
  },
  states: { requested, waitingForGateway, openingTunnel, paired },
});

const unpaired = machineSetup.createStateConfig({
  description: "The device websocket ended before the tunnel stood; the operation's own words are awaited.",
  after: { verdictWait: "closing" },
  on: { "operation.successful": { target: "closing", actions: "rememberReport" } },
});

const handshaking = machineSetup.createStateConfig({
  description: "The panel's protocol is being opened.",
  entry: [{ type: "sayStep", params: { step: "handshaking" } }, "startHandshake"],
  initial: "awaitingPanel",
  states: {
    awaitingPanel: {
      after: { handshakeLimit: { actions: "expireHandshake" } },
      on: { "person.asked": "awaitingPerson" },
    },
    awaitingPerson: {
      after: { personLimit: { actions: "expireHandshake" } },
      on: { "person.answered": "awaitingPanel" },
    },
  },
  on: {
    "handshake.done": "established",
    "handshake.failed": { target: "#session.closing", actions: "endByCloud" },
    "handshake.expired": { target: "#session.closing", actions: "endByCloud" },
  },
});

const established = machineSetup.createStateConfig({
  description: "Bytes pass between client and panel.",
  entry: [{ type: "sayStep", params: { step: "open" } }, "openStream"],
  after: {
    lifeLimit: { target: "#session.closing", actions: { type: "endFor", params: { reason: "session.expired" } } },
  },
  on: { "protocol.ended": { target: "#session.closing", actions: "endByDevice" } },
});

const open = machineSetup.createStateConfig({
  description: "The tunnel stands.",
  initial: "established",
  // Bytes of the panel prove the tunnel: an operation that nobody finishes is finished for the gateway.
  after: { gatewayWait: { guard: "isTunnelUnreported", actions: "reportTunnel" } },
  on: {
    "operation.successful": { actions: "rememberReport" },
    "device.ended": { target: "closing", actions: "endByDevice" },
  },
  states: { handshaking, established },
});

const closing = machineSetup.createStateConfig({
  description: "The reason stands; what is under way is delivered, records are written, close frames exchanged.",
  entry: "finish",
  after: { finishLimit: { target: "closed", actions: "abandon" } },
  on: {
    "session.finished": "closed",
    "operation.failed": {},
    "client.ended": {},
    "session.ended": {},
  },
});

const closed = machineSetup.createStateConfig({ type: "final" });

export const sessionMachine = machineSetup.createMachine({
  id: "session",
  context: ({ input }) => ({
    ...input,
    wasGatewaySeen: input.isGatewayOnline,
    isTunnelReported: false,
    end: undefined,
  }),
  initial: "opening",
  on: {
    "operation.failed": { target: ".closing", actions: "endByDevice" },
    "client.ended": { target: ".closing", actions: "endByClient" },
    "session.ended": { target: ".closing", actions: "endByCloud" },
  },
  states: { opening, unpaired, open, closing, closed },
});

function endOf(event: SessionEvent, by: SessionEnd["by"]): SessionEnd | undefined {
  if (!("reason" in event)) return undefined;
  return { reason: event.reason, text: event.text ?? closeText(event.reason), by };
}
