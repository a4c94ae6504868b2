// The limits of a session as the tenant's options set them (protocol.md 5.7), within what a session can be.
import type { SessionLimits } from "./limits.ts";

export interface TenantOptionReader {
  get(category: string, key: string): Promise<string | undefined>;
}

/** Category of the tenant options that concern this folder. */
export const optionCategory = "remoteaccess";

/** Whether an SSH host key is stored without asking when it is seen first: "true" or "false". */
export const hostKeyAutosave = "hostkey-autosave";

/** Names of the options; their values are whole numbers. */
export const limitOptions = {
  /** How long a session waits for its gateway, in seconds. */
  gatewayWait: "remoteaccess.operation.timeout",
  /** How long nothing may happen, in ms. */
  idle: "remoteaccess.ws.idle.timeout",
  /** Longest life of an open session, in ms; Postern's own. */
  total: "postern.session.total.timeout",
} as const;

/** What is wrong with the value of an option that this folder reads; undefined if nothing is, or it is not one of them. */
export function whyOptionRefused(category: string, key: string, value: string): string | undefined {
  if (category !== optionCategory) return undefined;
  if (key === hostKeyAutosave) return /^(true|false)$/.test(value) ? undefined : "must be true or false";
  const unitMs = key === limitOptions.gatewayWait ? 1_000 : 1;
  if (!Object.values(limitOptions).some((known) => known === key)) return undefined;
  const ms = /^[0-9]{1,10}$/.test(value) ? Number(value) * unitMs : 0;
  if (ms >= limitMsMin && ms <= limitMsMax) return undefined;
  return `must be a whole number from ${limitMsMin / unitMs} to ${Math.floor(limitMsMax / unitMs)}`;
}

/** Shortest limit that a tenant may set, in ms. */
const limitMsMin = 1_000;

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
    return ms >= limitMsMin && ms <= limitMsMax ? ms : otherwiseMs;
  };
  return {
    ...base,
    gatewayWaitMs: await read(limitOptions.gatewayWait, 1_000, base.gatewayWaitMs),
    idleMs: await read(limitOptions.idle, 1, base.idleMs),
    totalMs: await read(limitOptions.total, 1, base.totalMs),
  };
}
