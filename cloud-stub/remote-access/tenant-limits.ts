// The limits of a session as the tenant's options set them (protocol.md 5.7), within what a session can be.
import { defaultSessionLimits, type SessionLimits } from "./limits.ts";

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
  /** Sessions that one device may have at the same time; Postern's own. A lower number ends none that is there. */
  perDevice: "postern.session.device.max",
} as const;

type LimitOption = (typeof limitOptions)[keyof typeof limitOptions];

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Shortest limit that a tenant may set, in ms. */
const limitMsMin = 1_000;

/** Longest limit that a tenant may set, in ms: timers of JavaScript go no further. */
const limitMsMax = 2 ** 31 - 1;

const inMs: Range = { min: limitMsMin, max: limitMsMax };

/** In the unit of the option. */
const ranges: Readonly<Record<LimitOption, Range>> = {
  [limitOptions.gatewayWait]: { min: limitMsMin / 1_000, max: Math.floor(limitMsMax / 1_000) },
  [limitOptions.idle]: inMs,
  [limitOptions.total]: inMs,
  // More than the whole cloud takes would only promise something.
  [limitOptions.perDevice]: { min: 1, max: defaultSessionLimits.sessionsMax },
};

/** What is wrong with the value of an option that this folder reads; undefined if nothing is, or it is not one of them. */
export function whyOptionRefused(category: string, key: string, value: string): string | undefined {
  if (category !== optionCategory) return undefined;
  if (key === hostKeyAutosave) return /^(true|false)$/.test(value) ? undefined : "must be true or false";
  const option = Object.values(limitOptions).find((known) => known === key);
  if (option === undefined || read(option, value) !== undefined) return undefined;
  const { min, max } = ranges[option];
  return `must be a whole number from ${min} to ${max}`;
}

/** `base` where an option is not set or is no sensible number. */
export async function tenantLimits(
  base: SessionLimits,
  options: TenantOptionReader | undefined,
): Promise<SessionLimits> {
  if (options === undefined) return base;
  const set = async (option: LimitOption) => read(option, (await options.get(optionCategory, option))?.trim());
  const gatewayWaitS = await set(limitOptions.gatewayWait);
  return {
    ...base,
    gatewayWaitMs: gatewayWaitS === undefined ? base.gatewayWaitMs : gatewayWaitS * 1_000,
    idleMs: (await set(limitOptions.idle)) ?? base.idleMs,
    totalMs: (await set(limitOptions.total)) ?? base.totalMs,
    sessionsPerDeviceMax: (await set(limitOptions.perDevice)) ?? base.sessionsPerDeviceMax,
  };
}

function read(option: LimitOption, text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return undefined;
  const { min, max } = ranges[option];
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}
