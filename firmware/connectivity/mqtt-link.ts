// What an MQTT connection runs over: TLS to the cloud's MQTT port, or a websocket at its HTTPS port.
import type { Duplex } from "node:stream";
import type { Connection, Hardware, WaitOptions } from "#hardware/ports.ts";
import { type CloudDialFailure, type CloudPort, dialCloud } from "./dial-cloud.ts";
import type { MqttWay } from "./mqtt-ways.ts";
import { openMqttWebSocket } from "./mqtt-websocket.ts";

export interface MqttLink {
  /** MQTT's bytes. Destroyed, it takes the connection with it. */
  readonly stream: Duplex;
  readonly connection: Connection;
}

export type MqttLinkOutcome =
  | ({ readonly ok: true } & MqttLink)
  | { readonly ok: false; readonly reason: CloudDialFailure | "mqtt.no-websocket"; readonly detail: string };

export interface MqttLinkTarget {
  readonly way: MqttWay;
  readonly port: CloudPort;
  readonly messageBytesMax: number;
}

/** `timeoutMs` is for all of it. Never rejects for a network reason. */
export async function openMqttLink(
  hardware: Pick<Hardware, "clock" | "network" | "random">,
  { way, port, messageBytesMax }: MqttLinkTarget,
  options: WaitOptions,
): Promise<MqttLinkOutcome> {
  const deadlineMs = hardware.clock.monotonicMs() + options.timeoutMs;
  const dialled = await dialCloud(hardware, port, options);
  if (!dialled.ok) return dialled;
  const { connection } = dialled;
  if (way === "tls") return { ok: true, stream: connection.stream, connection };
  const timeoutMs = Math.max(1, deadlineMs - hardware.clock.monotonicMs());
  const target = { host: port.host, port: port.port, messageBytesMax };
  const upgraded = await openMqttWebSocket(hardware, target, connection, { ...options, timeoutMs });
  if (upgraded.ok) return { ok: true, stream: upgraded.stream, connection };
  connection.stream.destroy();
  return upgraded;
}
