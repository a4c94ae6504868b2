// What people are told of the uplinks.
import type { UplinksSnapshot } from "./uplinks.machine.ts";

export interface UplinkStatus {
  /** The one that is used; undefined: the system's choice, or none. */
  readonly name: string | undefined;
  /** The configured ones, best first, and whether each is up. */
  readonly uplinks: readonly { readonly name: string; readonly isUp: boolean }[];
  /** The one that shall be used where that could not be made true, and why. */
  readonly wanted?: string;
  readonly why?: string;
}

/** `snapshot`: of the child "uplinks"; undefined where there is none. */
export function uplinkStatus(snapshot: UplinksSnapshot | undefined): UplinkStatus | undefined {
  if (snapshot === undefined) return undefined;
  const { prefer, sights = [], steered, wanted, refusal } = snapshot.context;
  const uplinks = prefer.map((name) => ({ name, isUp: sights.some((each) => each.name === name && each.isUp) }));
  const name = steered?.name ?? sights.find(({ isDefault }) => isDefault)?.name;
  return {
    name,
    uplinks,
    ...(refusal === undefined ? {} : { why: refusal, ...(wanted === undefined ? {} : { wanted }) }),
  };
}
