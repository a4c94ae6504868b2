// Faults that are there only now and then: by each chunk's luck, each attempt's, or once for something that begins.
import type { Fault, LinkFault, WorldFault } from "../faults/fault.ts";
import { isLinkFault } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";

/**
 * The fault, with a probability of `share` (above 0, at most 1): for a link fault decided for each chunk by its draw, for
 * connection attempts, name queries and certificates for each of them, and once, when it begins, for what begins. A dark
 * link is dark for everything: for one that loses now and then there is `loss`.
 */
export function withProbability(share: number, fault: LinkFault): LinkFault;
export function withProbability(share: number, fault: WorldFault): WorldFault;
export function withProbability(share: number, fault: Fault): Fault;
export function withProbability(share: number, fault: Fault): Fault {
  if (!(share > 0 && share <= 1)) {
    throw new FaultError("fault.bad-value", `a probability is above 0 and at most 1, not ${share}`, "probability");
  }
  if (share === 1) return fault;
  return isLinkFault(fault) ? unlikelyLinkFault(share, fault) : unlikelyWorldFault(share, fault);
}

function nameOf(share: number, name: string): string {
  return `${name} (${Number((share * 100).toPrecision(3))} %)`;
}

function unlikelyLinkFault(share: number, fault: LinkFault): LinkFault {
  if (fault.isDark === true) {
    const text = `"${fault.name}" darkens all or nothing: use "loss" for a link that loses now and then`;
    throw new FaultError("fault.bad-value", text, "probability");
  }
  return {
    ...fault,
    name: nameOf(share, fault.name),
    // Within its share the draw is as even as before, so that the fault's own luck is not all good or all bad.
    plan: (delivery, context) =>
      context.draw < share ? fault.plan(delivery, { ...context, draw: context.draw / share }) : [delivery],
  };
}

function unlikelyWorldFault(share: number, fault: WorldFault): WorldFault {
  const begun: boolean[] = [];
  const { isOfSite, onConnect, onResolve, onCertificate, begin, end } = fault;
  const ifLucky = <Asked extends { readonly draw?: number }>(ask: ((asked: Asked) => boolean) | undefined) =>
    ask === undefined
      ? undefined
      : (asked: Asked): boolean => drawOf(fault, asked.draw) < share && ask.call(fault, asked);
  const [connect, resolve, show] = [ifLucky(onConnect), ifLucky(onResolve), ifLucky(onCertificate)];
  return {
    name: nameOf(share, fault.name),
    ...(isOfSite === undefined ? {} : { isOfSite }),
    ...(connect === undefined ? {} : { onConnect: connect }),
    ...(resolve === undefined ? {} : { onResolve: resolve }),
    ...(show === undefined ? {} : { onCertificate: show }),
    ...(begin === undefined
      ? {}
      : {
          begin: (world) => {
            const happens = drawOf(fault, world.draw?.()) < share;
            begun.push(happens);
            return happens ? begin.call(fault, world) : undefined;
          },
        }),
    ...(end === undefined ? {} : { end: (world) => (begun.pop() === false ? undefined : end.call(fault, world)) }),
  };
}

function drawOf(fault: WorldFault, draw: number | undefined): number {
  if (draw !== undefined) return draw;
  throw new FaultError("fault.not-here", `"${fault.name}" cannot have a probability here: this site draws nothing`);
}
