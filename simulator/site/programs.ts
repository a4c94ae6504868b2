// What a site needs to know of the two programs that run in it; site.ts brings in the programs themselves.
import type { Duplex } from "node:stream";
import type { Hardware } from "#hardware/ports.ts";

export interface CloudProgram {
  handleMqtt(stream: Duplex, peer: CloudPeer): void;
  handleHttp(stream: Duplex, peer: CloudPeer): void;
  status(): { readonly mqttClients: number; readonly sessions: number; readonly webSockets: number };
  stop(): Promise<void>;
  kill(): void;
}

export interface CloudPeer {
  readonly address: string;
  readonly port: number;
  readonly localPort: number;
  readonly isEncrypted: boolean;
  /** PEM, the device's own first, as the device showed it: nobody has judged it, but the device has its key. */
  readonly clientCertificateChain?: string;
}

export interface TunnelStatus {
  readonly operation: string;
  readonly state: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly heldBytes: number;
}

export interface GatewayProgram {
  status(): {
    readonly registration: "unregistered" | "registering" | "registered";
    readonly connectivity: "offline" | "connecting" | "online";
    readonly tunnels: readonly TunnelStatus[];
  };
  stop(): Promise<void>;
  kill(): void;
  /** How it ended; "reconfigured": it is to begin anew with its configuration file as it is now. */
  readonly ended?: Promise<string>;
}

export type StartCloud = () => Promise<CloudProgram>;
export type StartGateway = (hardware: Hardware) => GatewayProgram;

/** One line of a program's log. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}
