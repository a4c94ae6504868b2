// Which faults can be laid on a link that leads to a program of somebody else.
import { faultKinds } from "../faults/catalogue.ts";
import { isLinkFault } from "../faults/fault.ts";
import type { FaultKind } from "../faults/fault-kind.ts";

/** Why a fault cannot be laid on a link that leads to a program of somebody else, or true. */
export function onLinks(kind: FaultKind): true | string {
  if (kind.modes.loopback !== true) return kind.modes.loopback;
  if (!kind.places.includes("link") && !kind.places.includes("direction")) {
    return "it acts on a whole site, and a link is none: run it in a scenario";
  }
  const defaults = Object.fromEntries(kind.parameters.map((parameter) => [parameter.name, parameter.default]));
  const fault = kind.create(defaults);
  if (isLinkFault(fault) || fault.begin !== undefined || fault.onConnect !== undefined) return true;
  if (fault.onResolve !== undefined) return "a link carries connections, and nobody asks it for a name";
  return "the certificate is the target's own, and a link does not look into TLS";
}

/** Of the faults that can be laid on links. */
export const linkFaultNames: readonly string[] = faultKinds
  .filter((kind) => onLinks(kind) === true)
  .map(({ name }) => name);
