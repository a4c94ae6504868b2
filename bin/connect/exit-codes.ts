// With which exit code `postern connect` ends: one for each thing that a script would do differently about (docs/connect.md).
import type { CloseReason } from "#protocol/close-reason.ts";

export const exitCodes = {
  /** The session ended in order, or a person stopped the open port. */
  done: 0,
  /** A mistake on the command line, or our bug. */
  usage: 1,
  /** Something that it needs is not there: the password, a file. */
  incomplete: 2,
  /** The cloud does not accept user and password, or not now. */
  signIn: 3,
  /** The user may not do this. */
  forbidden: 4,
  /** There is no such device, or more than one. */
  device: 5,
  /** The device has no such endpoint, more than one, or one that a native client cannot use. */
  endpoint: 6,
  /** The cloud cannot be reached, or what answers there is no such cloud. */
  cloudUnreachable: 7,
  /** The cloud's certificate is not to be trusted. */
  certificate: 8,
  /** The local port cannot be opened. */
  localPort: 9,
  gatewayOffline: 10,
  /** The gateway refused, gave up or vanished. */
  gateway: 11,
  /** The panel refused, did not answer, broke off or vanished. */
  panel: 12,
  /** The cloud ended the session: a limit, an administrator, a change of endpoint, permission or device. */
  endedByCloud: 13,
  /** The connection to the cloud broke, or the cloud stopped. */
  cloudLost: 14,
  /** The panel's protocol or sign-in is not as the endpoint says. */
  protocol: 15,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Of one word that is not like the others of its family. */
const single: Partial<Record<CloseReason, ExitCode>> = {
  "panel.closed": exitCodes.done,
  "client.closed": exitCodes.done,
  "gateway.offline": exitCodes.gatewayOffline,
  "internal.error": exitCodes.usage,
};

const families: Readonly<Record<string, ExitCode>> = {
  client: exitCodes.endedByCloud,
  panel: exitCodes.panel,
  policy: exitCodes.gateway,
  gateway: exitCodes.gateway,
  cloud: exitCodes.cloudLost,
  session: exitCodes.endedByCloud,
  endpoint: exitCodes.endedByCloud,
  permission: exitCodes.endedByCloud,
  device: exitCodes.endedByCloud,
  protocol: exitCodes.protocol,
  auth: exitCodes.protocol,
  hostkey: exitCodes.protocol,
};

/** For a session that ended with this word. */
export function exitCodeOf(reason: CloseReason): ExitCode {
  return single[reason] ?? families[reason.split(".")[0] ?? ""] ?? exitCodes.usage;
}
