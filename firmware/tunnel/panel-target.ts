// What a tunnel leads to: an address of the LAN that the policy has judged, or a serial console of the gateway itself.
import type { TcpTarget } from "#hardware/ports.ts";

export type PanelTarget = TcpTarget | SerialTarget;

export interface SerialTarget {
  /** A name of the configuration. */
  readonly console: string;
  /** As asked for; it chooses the framing. */
  readonly port: number;
}

export function isSerialTarget(target: PanelTarget): target is SerialTarget {
  return "console" in target;
}
