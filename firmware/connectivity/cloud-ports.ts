// The cloud's two ports as they are dialled: what the configuration says of them, and what the machine knows besides.
import { detectBoard } from "#hardware/boards/boards.ts";
import type { CipherPreference, Hardware } from "#hardware/ports.ts";
import type { CloudAddress } from "../config/gateway-config.ts";
import type { CloudPort } from "./dial-cloud.ts";
import { createMqttWays, type MqttWays } from "./mqtt-ways.ts";
import type { TimeFloor } from "./time-floor.ts";

/** The cloud's address with what every connection to it takes along. */
export interface ReachableCloud extends CloudAddress {
  readonly timeFloor?: TimeFloor;
  readonly cipherPreference?: CipherPreference;
}

/**
 * By the machine's own processor, or what is known of the board: ChaCha20 costs a third of AES where there are no
 * instructions for that.
 */
export function cipherPreferenceOf(hardware: Pick<Hardware, "system" | "identity">): CipherPreference | undefined {
  const hasAes = hardware.system?.cpu().hasAes ?? detectBoard([], hardware.identity.model).hasAes;
  if (hasAes === undefined) return undefined;
  return hasAes ? "aes" : "chacha20";
}

/** REST, websockets and EST. */
export function httpsPortOf(cloud: ReachableCloud): CloudPort {
  return { host: cloud.host, port: cloud.httpsPort, ...common(cloud) };
}

/** MQTT over TLS. */
export function mqttPortOf(cloud: ReachableCloud): CloudPort {
  return { host: cloud.mqttHost, port: cloud.mqttPort, ...common(cloud) };
}

/** One for all MQTT connections of a run, since they learn from each other. */
export function mqttWaysOf(clock: Hardware["clock"], cloud: ReachableCloud): MqttWays {
  return createMqttWays({ clock, over: cloud.mqttOver, tls: mqttPortOf(cloud), websocket: httpsPortOf(cloud) });
}

function common({ authorities, proxy, timeFloor, cipherPreference }: ReachableCloud) {
  return {
    authorities,
    ...(proxy === undefined ? {} : { proxy }),
    ...(timeFloor === undefined ? {} : { timeFloor }),
    ...(cipherPreference === undefined ? {} : { cipherPreference }),
  };
}
