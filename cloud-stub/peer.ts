// Who is at the other end of a connection, as the listener saw it.

export interface Peer {
  readonly address: string;
  readonly port: number;
  /** Port on which we accepted. */
  readonly localPort: number;
  /** Whether TLS ran under the stream. */
  readonly isEncrypted: boolean;
}
