// Lays a fault that a text form describes over a site: where it says, as likely as it says, and when.
import { checkMode, createFault, findFaultKind } from "../faults/catalogue.ts";
import { type Fault, isLinkFault } from "../faults/fault.ts";
import type { FaultSpec } from "../faults/fault-spec.ts";
import { createEvent } from "./event-kinds.ts";
import { type FaultSite, type LaidFault, type Laying, layFault, layFaultWhen } from "./lay-fault.ts";
import { withProbability } from "./probability.ts";

/** Throws a FaultError for what cannot be here; nothing is left half-begun then. */
export async function applyFaultSpec(site: FaultSite, spec: FaultSpec): Promise<LaidFault> {
  checkMode(findFaultKind(spec.fault), site.mode);
  const fault = faultOf(spec);
  const { between, from, schedule, when } = spec;
  const laying: Laying = {
    ...schedule,
    ...(between === undefined ? {} : { between }),
    ...(from === undefined ? {} : { from }),
  };
  return when === undefined ? layFault(site, fault, laying) : layFaultWhen(site, createEvent(when), fault, laying);
}

/** Lays several, in order. If one cannot be laid those before it are lifted again. */
export async function applyFaultSpecs(site: FaultSite, specs: readonly FaultSpec[]): Promise<LaidFault> {
  const laid: LaidFault[] = [];
  const lift = async (): Promise<void> => {
    const problems: unknown[] = [];
    // One that cannot be lifted does not keep the others.
    for (const each of laid.splice(0).reverse()) await each.lift().catch((error: unknown) => problems.push(error));
    if (problems.length > 0) throw problems[0];
  };
  try {
    for (const spec of specs) laid.push(await applyFaultSpec(site, spec));
  } catch (error) {
    await lift().catch((problem: unknown) => site.faultFailed(problem));
    throw error;
  }
  return {
    get isLaid() {
      return laid.some((each) => each.isLaid);
    },
    lift,
  };
}

/** The fault that a text form describes, its probability included. */
export function faultOf(spec: FaultSpec): Fault {
  const fault = createFault(spec.fault, spec.parameters ?? {});
  const { probability } = spec;
  if (probability === undefined) return fault;
  return isLinkFault(fault) ? withProbability(probability, fault) : withProbability(probability, fault);
}
