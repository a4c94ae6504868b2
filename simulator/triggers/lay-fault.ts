// Lays a fault over a site: over a wire, one direction of it, or everything; by a schedule, and from an event on.
import type { Clock } from "#hardware/ports.ts";
import type { RunMode } from "../faults/catalogue.ts";
import { type Fault, isLinkFault } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import type { ProtocolEvent } from "./protocol-event.ts";
import { checkSchedule, type Lay, runSchedule, type Schedule, type ScheduledFault } from "./schedule.ts";

/** What laying a fault needs of a site; sites in memory and on loopback have it. */
export interface FaultSite {
  readonly mode: RunMode;
  readonly clock: Pick<Clock, "setTimeout" | "clearTimeout">;
  between(one: string, other: string): { apply(fault: Fault): () => void };
  from(sender: string): { to(receiver: string): { apply(fault: Fault): () => void } };
  /** Lays a fault over the whole site. */
  apply(fault: Fault): Promise<() => Promise<void>>;
  on(event: ProtocolEvent, happened: () => void): () => void;
  /** What went wrong after the call that asked for it: the site tells it at its end, at the latest. */
  faultFailed(error: unknown): void;
}

/** Where and when a fault is laid. */
export interface Laying extends Schedule {
  /** The two hosts of the wire; without it the whole site. */
  readonly between?: readonly [string, string];
  /** The one of them whose sending alone is meant. */
  readonly from?: string;
}

export interface LaidFault {
  /** Whether it is in force now. */
  readonly isLaid: boolean;
  /** Lifts it and ends its schedule and its waiting. Safe to call again. */
  lift(): Promise<void>;
}

/** Lays it now, or from `afterMs` on. Throws a FaultError for what cannot be here; nothing is left half-begun then. */
export async function layFault(site: FaultSite, fault: Fault, laying: Laying = {}): Promise<LaidFault> {
  const running = await start(site, layingOf(site, fault, laying), laying);
  return {
    get isLaid() {
      return running.isLaid;
    },
    lift: () => running.stop(),
  };
}

/** Lays it once the event has happened; the schedule begins then. Throws a FaultError at once for what cannot be here. */
export function layFaultWhen(site: FaultSite, event: ProtocolEvent, fault: Fault, laying: Laying = {}): LaidFault {
  checkSchedule(laying);
  const lay = layingOf(site, fault, laying);
  let running: ScheduledFault | undefined;
  let starting: Promise<void> = Promise.resolve();
  let isLifted = false;
  const unwatch = site.on(event, () => {
    starting = start(site, lay, laying).then(
      async (started) => {
        running = started;
        if (isLifted) await started.stop();
      },
      (error: unknown) => site.faultFailed(error),
    );
  });
  return {
    get isLaid() {
      return running?.isLaid ?? false;
    },
    lift: async () => {
      isLifted = true;
      unwatch();
      await starting;
      await running?.stop();
    },
  };
}

function start(site: FaultSite, lay: Lay, schedule: Schedule): Promise<ScheduledFault> {
  return runSchedule(site.clock, schedule, lay, (error) => site.faultFailed(error));
}

/** The place is looked for now, so that a wrong host fails here and not at its time. */
function layingOf(site: FaultSite, fault: Fault, { between, from }: Laying): Lay {
  if (between === undefined) {
    if (!isLinkFault(fault)) return () => site.apply(fault);
    throw new FaultError("fault.wrong-place", `"${fault.name}" stands on a wire: "between" says on which`);
  }
  if (!isLinkFault(fault) && fault.isOfSite === true) {
    throw new FaultError("fault.wrong-place", `"${fault.name}" acts on the whole site: leave "between" out`);
  }
  const [one, other] = between;
  if (isLinkFault(fault) && fault.isOneWay === true && from === undefined) {
    throw new FaultError("fault.wrong-place", `"${fault.name}" has a direction: "from" says which, ${one} or ${other}`);
  }
  if (from !== undefined && from !== one && from !== other) {
    throw new FaultError("fault.wrong-place", `"from" takes one of the two ends ${one} and ${other}, not "${from}"`);
  }
  const wire = from === undefined ? site.between(one, other) : site.from(from).to(from === one ? other : one);
  return () => wire.apply(fault);
}
