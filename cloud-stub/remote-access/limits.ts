// The limits of remote-access sessions: every wait, queue and count of this folder that can be set.

export interface SessionLimits {
  /** How long a session waits for the gateway's tunnel, from the client's request, in ms. */
  readonly gatewayWaitMs: number;
  /** How long a tunnel that broke before it stood waits for the operation's own failure text, in ms. */
  readonly verdictWaitMs: number;
  /** How long the security handshake with a panel may take, in ms. */
  readonly handshakeMs: number;
  /** How long a person may think over one question of the handshake, in ms; sshd hangs up after 120 s. */
  readonly personMs: number;
  /** A leg is lost when nothing has come from it for so long although it takes what we send, in ms. */
  readonly lostAfterMs: number;
  /** A leg is stalled when it has taken nothing of what waits for it for so long, in ms. */
  readonly stalledAfterMs: number;
  readonly pingEveryMs: number;
  /** Nothing typed, shown or asked for by the client for so long ends the session, in ms; keep-alives of a panel are none of it. */
  readonly idleMs: number;
  /** Longest life of a session from the moment it is open, in ms. */
  readonly totalMs: number;
  /** How long what was received before the end still waits to be taken while none of it is, and a close frame awaited, in ms. */
  readonly drainMs: number;
  /** How long it may take altogether, a little at a time, in ms. */
  readonly drainTotalMs: number;
  /** Bytes that one session may hold in all its queues, at least 512 KiB; relay.ts says how they are shared out. */
  readonly heldBytesMax: number;
  readonly sessionsMax: number;
  readonly sessionsPerDeviceMax: number;
}

export const defaultSessionLimits: SessionLimits = {
  gatewayWaitMs: 30_000,
  verdictWaitMs: 2_000,
  handshakeMs: 15_000,
  personMs: 110_000,
  lostAfterMs: 20_000,
  stalledAfterMs: 30_000,
  pingEveryMs: 5_000,
  idleMs: 3_600_000,
  totalMs: 12 * 3_600_000,
  drainMs: 5_000,
  drainTotalMs: 60_000,
  heldBytesMax: 1024 * 1024,
  sessionsMax: 500,
  sessionsPerDeviceMax: 16,
};
