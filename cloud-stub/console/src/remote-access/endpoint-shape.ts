// What an endpoint is, as the cloud gives it, and what the console offers to make.
import type { RemoteAccessProtocol } from "#protocol/remote-access.ts";

export type CredentialsType = "NONE" | "PASS_ONLY" | "USER_PASS" | "KEY_PAIR" | "CERTIFICATE";

export interface Endpoint {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: string;
  /** A stored secret is "***"; the cloud never gives it out. */
  readonly credentials?: {
    readonly type?: string | null;
    readonly username?: string | null;
    readonly password?: string | null;
    readonly publicKey?: string | null;
    readonly privateKey?: string | null;
    readonly certificate?: string | null;
    readonly hostKey?: string | null;
  } | null;
  readonly attrs?: unknown;
}

export interface OfferedProtocol {
  readonly protocol: RemoteAccessProtocol;
  readonly text: string;
  readonly defaultPort: string;
}
