// Which way MQTT takes to the cloud: over TLS on a port of its own, or through a websocket where that port is blocked.
import type { Clock } from "#hardware/ports.ts";
import type { MqttOver } from "../config/gateway-config.ts";
import type { CloudPort } from "./dial-cloud.ts";
import type { OfflineReason } from "./offline-reason.ts";

export type MqttWay = "tls" | "websocket";

/** What is known of the ways so far. */
export interface WayMemory {
  /** The one that is tried next unless the better one is due. */
  readonly way: MqttWay;
  /** Failures of `way` in a row that look as if it were blocked. */
  readonly failures: number;
  /** When TLS was last tried, monotonic. */
  readonly tlsTriedAtMs: number;
  /** Whether the websocket has failed too since anything worked: then TLS may not be blocked, the cloud was just away. */
  readonly isAway: boolean;
  /** Whether the websocket has worked where TLS is blocked: then it is the cloud that is away when it fails, and TLS is no help. */
  readonly isProven: boolean;
}

/** Failures of TLS in a row after which the websocket is tried, once; while neither works they take turns. */
export const failuresBeforeChange = 2;
/** The same of a websocket that has worked where TLS was blocked: TLS then takes its whole limit to fail, and the cloud may be back. */
export const provenFailuresMax = 5;
/** Between two tries of TLS while the websocket works: made when a connection is made anyway, and never in place of one that stands. */
export const tlsRetryMs = 60 * 60_000;

/** What a firewall, or a proxy that knows one port only, makes of a way; a cloud that is down looks the same, and then trying both does no harm. */
const likeBlocking: readonly OfflineReason[] = [
  "timeout",
  "refused",
  "reset",
  "unreachable",
  "proxy.refused",
  "tls.failed",
  "mqtt.no-answer",
  "mqtt.http-answer",
  "mqtt.no-websocket",
];

export const freshMemory: WayMemory = {
  way: "tls",
  failures: 0,
  tlsTriedAtMs: Number.NEGATIVE_INFINITY,
  isAway: false,
  isProven: false,
};

const almostBlocked = { way: "tls", failures: failuresBeforeChange - 1, isAway: false, isProven: false } as const;

/** The way of the next attempt. */
export function nextWay(memory: WayMemory, nowMs: number): MqttWay {
  return memory.way === "websocket" && nowMs - memory.tlsTriedAtMs >= tlsRetryMs ? "tls" : memory.way;
}

/** What is known once an attempt over `way` has come to something: `reason` is undefined if the cloud answered. */
export function afterAttempt(
  memory: WayMemory,
  attempt: { readonly way: MqttWay; readonly reason: OfflineReason | undefined; readonly nowMs: number },
): WayMemory {
  const { way, reason, nowMs } = attempt;
  const tlsTriedAtMs = way === "tls" ? nowMs : memory.tlsTriedAtMs;
  if (reason === undefined || isAnswer(reason)) {
    // Nothing says that TLS is blocked: the next connection tries it first, once.
    if (way === "websocket" && memory.isAway) return { ...almostBlocked, tlsTriedAtMs };
    const isProven = way === "websocket" && (memory.isProven || reason === undefined);
    return { way, failures: 0, tlsTriedAtMs, isAway: false, isProven };
  }
  if (!likeBlocking.includes(reason)) return { ...memory, tlsTriedAtMs };
  // A look at the better way that came to nothing: back to the one that worked.
  if (way !== memory.way) return { ...memory, tlsTriedAtMs };
  const failures = memory.failures + 1;
  if (way === "websocket" && memory.isProven) {
    if (failures < provenFailuresMax) return { ...memory, failures, tlsTriedAtMs };
    return { ...memory, way: "tls", failures: failuresBeforeChange - 1, tlsTriedAtMs };
  }
  if (way === "websocket")
    return { ...memory, way: "tls", failures: failuresBeforeChange - 1, tlsTriedAtMs, isAway: true };
  const next = failures < failuresBeforeChange ? way : "websocket";
  return { ...memory, way: next, failures: next === way ? failures : 0, tlsTriedAtMs };
}

/** Whoever answers, even with a refusal, is not blocked. */
function isAnswer(reason: OfflineReason): boolean {
  return reason.startsWith("mqtt.") && !likeBlocking.includes(reason);
}

export interface MqttPort {
  readonly way: MqttWay;
  readonly port: CloudPort;
  /** Whether another way is tried where this one looks blocked. */
  readonly hasOther?: boolean;
}

/** The ways to one cloud, with what was learnt of them; for all connections of one run of the gateway. */
export interface MqttWays {
  /** A certificate cannot log in through a websocket (protocol.md 1.1). */
  next(login: { readonly hasCertificate: boolean }): MqttPort;
  /** The cloud answered (`reason` undefined), or the attempt failed. */
  tried(way: MqttWay, reason: OfflineReason | undefined): void;
}

export interface WaysOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly over: MqttOver;
  /** The MQTT port. */
  readonly tls: CloudPort;
  /** The HTTPS port. */
  readonly websocket: CloudPort;
}

export function createMqttWays({ clock, over, tls, websocket }: WaysOptions): MqttWays {
  let memory = freshMemory;
  const choose = (hasCertificate: boolean): MqttWay => {
    if (hasCertificate) return "tls";
    return over === "auto" ? nextWay(memory, clock.monotonicMs()) : over;
  };
  return {
    next: ({ hasCertificate }) => {
      const way = choose(hasCertificate);
      if (way === "websocket") return { way, port: websocket };
      return { way, port: tls, ...(over === "auto" && !hasCertificate ? { hasOther: true } : {}) };
    },
    tried: (way, reason) => {
      memory = afterAttempt(memory, { way, reason, nowMs: clock.monotonicMs() });
    },
  };
}

/** One port and TLS, whatever becomes of it. */
export function tlsOnly(port: CloudPort): MqttWays {
  return { next: () => ({ way: "tls", port }), tried: () => {} };
}
