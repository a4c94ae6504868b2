// The address with which packets leave through an uplink.

import type { SourceOf } from "./dial.ts";
import { listInterfaces } from "./interfaces.ts";

/** RFC 4291 section 2.5.6: such an address leads no further than the cable. */
const linkLocal = /^fe[89ab]/i;

/** Does not see to it that the packets take that way: where the interface is not the default one, routes of the system must. */
export const addressOfUplink: SourceOf = async (uplink, family) => {
  const found = (await listInterfaces()).find(({ name }) => name === uplink);
  if (found === undefined) return { ok: false, why: `the uplink ${uplink} is not up` };
  if (!found.hasDefaultRoute) return { ok: false, why: `the uplink ${uplink} is not up: it has no default route` };
  const own = found.addresses.find((each) => each.family === family && !linkLocal.test(each.address));
  if (own === undefined) return { ok: false, why: `the uplink ${uplink} has no IPv${family} address` };
  return { ok: true, address: own.address };
};
