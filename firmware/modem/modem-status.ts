// What people are told of the modem; its numbers and those of its SIM are left out.

import type { ModemSnapshot } from "./modem.machine.ts";
import type { ModemTrouble } from "./modem-words.ts";

export interface ModemStatus {
  readonly port: string;
  readonly trouble?: ModemTrouble;
  readonly why?: string;
  readonly model?: string;
  readonly sim?: string;
  readonly registration?: string;
  readonly operator?: string;
  readonly signalDbm?: number;
  /** Since the gateway's start. */
  readonly resets: number;
}

/** `snapshot`: of the child "modem"; undefined where there is none. */
export function modemStatus(snapshot: ModemSnapshot | undefined): ModemStatus | undefined {
  if (snapshot === undefined) return undefined;
  const { settings, facts, trouble, detail, resets } = snapshot.context;
  const isThere = trouble !== "missing" && trouble !== "silent";
  return {
    port: settings.port,
    ...(trouble === undefined ? {} : { trouble }),
    ...(detail === undefined ? {} : { why: detail }),
    ...(facts === undefined ? {} : { model: `${facts.maker} ${facts.model}`.trim() }),
    ...(facts === undefined || !isThere ? {} : { sim: facts.sim, registration: facts.registration }),
    ...(facts?.operator === undefined || !isThere ? {} : { operator: facts.operator }),
    ...(facts?.signalDbm === undefined || !isThere ? {} : { signalDbm: facts.signalDbm }),
    resets,
  };
}
