// The limits of a session as the tenant's options set them (protocol.md 5.7), within what a session can be.
import type { SessionLimits } from "./limits.ts";

export interface TenantOptionReader {
  get(category: string, key: string): Promise<string | undefined>;
}

/** Category of the tenant options that concern this folder. */
export const optionCategory = "remoteaccess";

/** Names of the options; their values are whole numbers. */
export const limitOptions = {
  /** How long a session waits for its gateway, in seconds. */
  gatewayWait: "remoteaccess.operation.timeout",
  /** How long nothing may happen, in ms. */
  idle: "remoteaccess.ws.idle.timeout",
  /** Longest life of an open session, in ms; Postern's own. */
  total: "postern.session.total.timeout",
} as const;

/** Longest limit that a tenant may set, in ms: timers of JavaScript go no further. */
const limitMsMax = 2 ** 31 - 1;

/** `base` where an option is not set or is no sensible number. */
export async function tenantLimits(
  base: SessionLimits,
  options: TenantOptionReader | undefined,
): Promise<SessionLimits> {
  if (options === undefined) return base;
  const read = async (key: string, unitMs: number, otherwiseMs: number) => {
    const text = await options.get(optionCategory, key);
    const ms = text !== undefined && /^[0-9]{1,10}$/.test(text.trim()) ? Number(text) * unitMs : 0;
    return ms >= 1_000 && ms <= limitMsMax ? ms : otherwiseMs;
  };
  return {
    ...base,
    gatewayWaitMs: await read(limitOptions.gatewayWait, 1_000, base.gatewayWaitMs),
    idleMs: await read(limitOptions.idle, 1, base.idleMs),
    totalMs: await read(limitOptions.total, 1, base.totalMs),
  };
}
