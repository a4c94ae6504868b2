// What a tunnel's life says in the log, in the operation and in the cloud's event list.
import type { CloseReason } from "#protocol/close-reason.ts";
import { printable } from "#protocol/printable.ts";
import type { ConnectRequest } from "#protocol/remote-access.ts";
import { createEvent } from "#protocol/smartrest/upstream.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";
import { readConsoleHost } from "../serial-console/console-host.ts";
import type { TunnelFact } from "./tunnel.machine.ts";

/** As the cloud asked for it. */
export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

type Closed = Extract<TunnelFact, { type: "tunnel.closed" }>;
type Failed = Extract<TunnelFact, { type: "tunnel.failed" }>;

/** The types of the events that tell of an open tunnel, and how it ended. */
export const openedEventType = "c8y_RemoteAccessOpened";
export const closedEventType = "c8y_RemoteAccessClosed";

/** Reasons whose sentence leaves open what exactly happened. */
const explained: readonly CloseReason[] = ["policy.refused", "cloud.lost", "internal.error"];

export function writeTarget({ host, port }: TunnelTarget): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What goes into the brackets of the failure reason. */
export function failureDetail(target: TunnelTarget, { reason, detail }: Failed): string {
  const where = writeTarget(target);
  // Of a port of the gateway itself nobody else can tell what is wrong with it.
  const isExplained = explained.includes(reason) || readConsoleHost(target.host).kind === "console";
  return detail !== "" && isExplained ? `${where}: ${detail}` : where;
}

interface Requested {
  readonly operation: string;
  readonly request: ConnectRequest;
}

export function requestedEntry({ operation, request }: Requested): LogEntry {
  return {
    level: "info",
    event: "tunnel.requested",
    fields: { operation, host: request.hostname, port: request.port },
  };
}

/** For an operation that was forgotten and comes again while its tunnel stands: two tunnels of one name could not be told apart. */
export function repeatedEntry({ operation }: Requested): LogEntry {
  return { level: "info", event: "operation.ignored", fields: { operation, why: "its tunnel is there already" } };
}

/** For a request that gets no tunnel at all. */
export function refusedEntry({ operation, request }: Requested, reason: CloseReason): LogEntry {
  const target = { host: request.hostname, port: request.port };
  const counts = { bytesUp: 0, bytesDown: 0, durationMs: 0 };
  return closedEntry(target, { type: "tunnel.closed", operation, reason, detail: "", wasOpen: false, ...counts });
}

export function openedEntry(operation: string, { host, port }: TunnelTarget): LogEntry {
  return { level: "info", event: "tunnel.opened", fields: { operation, host, port } };
}

/** For tunnels that never stood too: `wasOpen` tells. */
export function closedEntry({ host, port }: TunnelTarget, closed: Closed): LogEntry {
  const { operation, reason, wasOpen, bytesUp, bytesDown, durationMs } = closed;
  const detail = closed.detail === "" ? undefined : closed.detail;
  return {
    level: wasOpen ? "info" : "warn",
    event: "tunnel.closed",
    fields: { operation, reason, bytesUp, bytesDown, durationMs, host, port, wasOpen, detail },
  };
}

/** Kept while the cloud is away: what was opened from it is to be read there afterwards. */
export function openedEvent(operation: string, target: TunnelTarget): OutgoingMessage {
  const text = `${eventTarget(target)} (operation ${printable(operation, idLengthMax)})`;
  return keptEvent(openedEventType, text);
}

/** The operation stays SUCCESSFUL, so the cloud learns from an event how the tunnel ended. */
export function closedEvent(target: TunnelTarget, { reason, bytesUp, bytesDown, durationMs }: Closed): OutgoingMessage {
  const counts = `${bytesUp} bytes up, ${bytesDown} bytes down, ${Math.round(durationMs / 1000)} s`;
  return keptEvent(closedEventType, `${reason} (${counts}, ${eventTarget(target)})`);
}

const idLengthMax = 64;

/** Host names of 253 characters are no host names that anybody reads. */
const targetLengthMax = 100;

function eventTarget(target: TunnelTarget): string {
  return printable(writeTarget(target), targetLengthMax);
}

function keptEvent(type: string, text: string): OutgoingMessage {
  return { text: createEvent({ type, text }), isRepeatable: true, isKept: true };
}
