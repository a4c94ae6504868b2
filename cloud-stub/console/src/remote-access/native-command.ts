// The commands that open an endpoint to a native client, as a person types them into a terminal.
import type { Endpoint } from "./endpoint-shape.ts";

export interface NativeCommands {
  /** Opens a port on the person's own machine. */
  readonly connect: string;
  /** Only for what speaks SSH: ssh by itself, with Postern as its way there. */
  readonly ssh?: string;
}

/**
 * Ids in place of names: they need no quotes in any shell and belong to one endpoint only. `origin` is the cloud's.
 * Undefined for an SSH endpoint: the cloud signs in to it itself and hands out a terminal's bytes, not SSH.
 */
export function nativeCommands(
  endpoint: Pick<Endpoint, "id" | "protocol" | "port">,
  facts: { readonly deviceId: string; readonly origin: string; readonly tenantId: string; readonly userName: string },
): NativeCommands | undefined {
  if (endpoint.protocol === "SSH") return undefined;
  const user = `${facts.tenantId}/${facts.userName}`;
  const isPlain = /^[\w./@+-]+$/.test(user);
  const quoted = isPlain ? user : `'${user.replaceAll("'", "'\\''")}'`;
  const rest = `${facts.deviceId} ${endpoint.id} --url ${facts.origin} --user ${quoted}`;
  const connect = `postern connect ${rest}`;
  // Quotes inside of quotes differ from shell to shell: such a name goes without.
  if (!isPlain || endpoint.protocol !== "PASSTHROUGH" || endpoint.port !== 22) return { connect };
  const alias = `postern-${facts.deviceId}-${endpoint.id}`;
  return { connect, ssh: `ssh -o ProxyCommand="postern connect --stdio ${rest}" user@${alias}` };
}
