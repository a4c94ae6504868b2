// Which uplink the gateway shall use, from what is up, what was preferred and what the cloud was reached over. Pure.

/** What is seen of an uplink. */
export interface UplinkSight {
  readonly name: string;
  readonly isUp: boolean;
  readonly isDefault: boolean;
}

/** Why another uplink is chosen than before. */
export type ChoiceCause =
  /** The first choice after the gateway's start. */
  | "start"
  /** The one before is not up any more. */
  | "gone"
  /** The cloud is out of reach over the one before, although it is up. */
  | "unreachable"
  /** A better one has reached the cloud again. */
  | "better"
  /** One is up again after a time without, or a better one while the cloud was out of reach anyway. */
  | "back"
  /** None of those that were preferred is up: the system chooses. */
  | "dark";

export interface UplinkChoice {
  /** Undefined: the system's choice. */
  readonly wanted: string | undefined;
  readonly cause: ChoiceCause;
  /** Probes over better ones that have worked in a row, by name. */
  readonly worked: Readonly<Record<string, number>>;
  /** Times in a row that the cloud was reached over the wanted one by a probe, and by nothing else. */
  readonly rounds: number;
}

export interface Choosing extends UplinkChoice {
  /** Names, best first. */
  readonly prefer: readonly string[];
  /** Undefined before the first look. */
  readonly sights: readonly UplinkSight[] | undefined;
  readonly isOnline: boolean;
}

/** Probes in a row that must work before a better uplink is taken in place of one that works. */
export const probesBeforeReturn = 2;

/** Preferred ones that are up, best first. */
export function upNames({ prefer }: Pick<Choosing, "prefer">, sights: readonly UplinkSight[] = []): readonly string[] {
  return prefer.filter((name) => sights.some((sight) => sight.name === name && sight.isUp));
}

/** Those that are up and better than the wanted one, best first. */
export function betterNames(choosing: Choosing): readonly string[] {
  const { prefer, sights, wanted } = choosing;
  if (wanted === undefined) return [];
  const rank = prefer.indexOf(wanted);
  return upNames(choosing, sights).filter((name) => prefer.indexOf(name) < rank);
}

/** Whether one that is better than the wanted one is up in `sights` and was not before. */
export function hasBetterComeUp(choosing: Choosing, sights: readonly UplinkSight[]): boolean {
  const before = upNames(choosing, choosing.sights);
  return betterNames({ ...choosing, sights }).some((name) => !before.includes(name));
}

/** The choice once the uplinks are as `sights` says. */
export function choiceAfterLook(choosing: Choosing, sights: readonly UplinkSight[]): UplinkChoice {
  const { wanted, isOnline } = choosing;
  const up = upNames(choosing, sights);
  const [best] = up;
  if (best === undefined) return choice(choosing, undefined, "dark");
  if (choosing.sights === undefined) return choice(choosing, best, "start");
  if (wanted === undefined) return choice(choosing, best, "back");
  if (!up.includes(wanted)) return choice(choosing, best, "gone");
  if (isOnline || !hasBetterComeUp(choosing, sights)) return choosing;
  return choice(choosing, betterNames({ ...choosing, sights })[0], "back");
}

/** The choice once the cloud has been out of reach for too long: the next one that is up, after the last the first. */
export function choiceAfterFailure(choosing: Choosing): UplinkChoice {
  const up = upNames(choosing, choosing.sights);
  const at = choosing.wanted === undefined ? -1 : up.indexOf(choosing.wanted);
  const next = up[(at + 1) % Math.max(1, up.length)];
  return choice(choosing, next, next === undefined ? "dark" : "unreachable");
}

/** The choice once better ones have been probed: `reached` names those over which the cloud answered. */
export function choiceAfterProbes(choosing: Choosing, reached: readonly string[]): UplinkChoice {
  const better = betterNames(choosing);
  const worked = Object.fromEntries(
    better.map((name) => [name, reached.includes(name) ? (choosing.worked[name] ?? 0) + 1 : 0]),
  );
  // Where nothing works anyway, one that has worked once is enough.
  const enough = choosing.isOnline ? probesBeforeReturn : 1;
  const found = better.find((name) => (worked[name] ?? 0) >= enough);
  return found === undefined ? { ...choosing, worked } : choice(choosing, found, "better");
}

function choice(before: UplinkChoice, wanted: string | undefined, cause: ChoiceCause): UplinkChoice {
  if (before.wanted === wanted) return before;
  return { wanted, cause, worked: {}, rounds: 0 };
}
