// Operations of the soak: each is asked for in the cloud, and must end as it should.
import type { SoakSite } from "./soak-form.ts";

/** An operation takes at most so long, a restart of the board or a trial of a configuration included. */
const endLimitMs = 900_000;
const lookMs = 1_000;

/** Rejects if it does not end as wanted. */
export async function ends(site: SoakSite, fragment: object, wanted: "SUCCESSFUL" | "FAILED"): Promise<void> {
  await endsAs(site, fragment, await asks(site, fragment), wanted);
}

/** Returns the operation's id. */
export async function asks(site: SoakSite, fragment: object): Promise<string> {
  const body = { deviceId: site.operator.deviceId, description: "of the soak", ...fragment };
  const answer = await site.operator.asks("POST", "/devicecontrol/operations", body);
  if (answer.status !== 201) throw new Error(`The cloud took no operation: ${answer.status} ${answer.text}`);
  return (answer.json() as { readonly id: string }).id;
}

export async function endsAs(
  site: SoakSite,
  fragment: object,
  id: string,
  wanted: "SUCCESSFUL" | "FAILED" | "any",
): Promise<void> {
  for (let passedMs = 0; passedMs <= endLimitMs; passedMs += lookMs) {
    const { status, failureReason } = await site.operator.gets(`/devicecontrol/operations/${id}`);
    const isOver = status === "SUCCESSFUL" || status === "FAILED";
    if (isOver && (wanted === "any" || status === wanted)) return;
    if (isOver) {
      throw new Error(`${JSON.stringify(fragment)} is ${status} and not ${wanted}: ${String(failureReason)}`);
    }
    await site.passes(lookMs);
  }
  throw new Error(`${JSON.stringify(fragment)} is not over after ${endLimitMs / 1000} s\n${site.describe()}`);
}
