// Looks at the uplinks, makes a choice true, and tries over which of them the cloud answers.
import { fromCallback, fromPromise } from "xstate";
import type { Hardware, TimerHandle, Uplink, Uplinks } from "#hardware/ports.ts";
import { httpsPortOf, mqttPortOf, type ReachableCloud } from "../connectivity/cloud-ports.ts";
import { type CloudPort, dialCloud } from "../connectivity/dial-cloud.ts";
import type { UplinkSight } from "./choose-uplink.ts";
import type { ProbeInput, SightFact, SteerOutcome } from "./uplinks-setup.ts";

/** A change that nobody told of is seen at the latest after this time. */
const lookEveryMs = 30_000;
/** One probe of one port of the cloud. */
export const probeMs = 10_000;
/** Uplinks probed at once. */
const probesMax = 8;

/** Tells what is seen at the start and at each change. */
export function uplinksWatch({ clock }: Pick<Hardware, "clock">, uplinks: Uplinks) {
  return fromCallback(({ sendBack }) => {
    let timer: TimerHandle | undefined;
    let isOver = false;
    /** A look begun before another one has nothing to say any more. */
    let looks = 0;
    let known = "";
    const look = async (): Promise<void> => {
      looks += 1;
      const number = looks;
      clock.clearTimeout(timer);
      timer = clock.setTimeout(() => void look(), lookEveryMs);
      const list = await uplinks.list().catch((): readonly Uplink[] => []); // what cannot be listed is not up
      if (isOver || number !== looks) return;
      const sights = list.map(sightOf);
      const seen = JSON.stringify(sights);
      if (seen === known) return;
      known = seen;
      const fact: SightFact = { type: "uplinks.seen", sights };
      sendBack(fact);
    };
    const unwatch = uplinks.watch(() => void look()); // never rejects
    void look();
    return () => {
      isOver = true;
      unwatch();
      clock.clearTimeout(timer);
    };
  });
}

function sightOf({ name, isUp, isDefault = false }: Uplink): UplinkSight {
  return { name, isUp, isDefault };
}

/** Makes a choice true. */
export function uplinksSteering(uplinks: Uplinks) {
  return fromPromise<SteerOutcome, { readonly name: string | undefined }>(async ({ input: { name } }) => {
    if (uplinks.prefer === undefined) return { ok: false, why: "this machine does not let the gateway choose" };
    const outcome = await uplinks.prefer(name);
    return outcome.ok ? { ok: true, name } : outcome;
  });
}

/** The names over which the cloud answers with TLS, where MQTT goes: a link that is up may lead to a dead end or a login page. */
export function uplinksProbe(hardware: Pick<Hardware, "clock" | "network">, cloud: ReachableCloud) {
  const ports = { tls: [mqttPortOf(cloud)], websocket: [httpsPortOf(cloud)] };
  const asked = cloud.mqttOver === "auto" ? [...ports.tls, ...ports.websocket] : ports[cloud.mqttOver];
  return fromPromise<readonly string[], ProbeInput>(async ({ input: { names }, signal }) => {
    const answers = async (uplink: string): Promise<boolean> => {
      for (const port of asked) if (await doesAnswer(hardware, { ...port, uplink }, signal)) return true;
      return false;
    };
    const tried = names.slice(0, probesMax);
    const answered = await Promise.all(tried.map(answers));
    return tried.filter((_, index) => answered[index]);
  });
}

async function doesAnswer(
  hardware: Pick<Hardware, "clock" | "network">,
  port: CloudPort,
  signal: AbortSignal,
): Promise<boolean> {
  const outcome = await dialCloud(hardware, port, { timeoutMs: probeMs, signal });
  if (!outcome.ok) return false;
  outcome.connection.reset();
  return true;
}

/** Gives the choice back to the system, whatever an earlier run may have left: at the end, and where nothing is configured. */
export async function releaseUplinks({ uplinks }: Pick<Hardware, "uplinks">): Promise<void> {
  await uplinks?.prefer?.(undefined).catch(() => undefined); // nothing more can be done about it
}
