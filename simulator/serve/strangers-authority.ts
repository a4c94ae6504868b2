// The authority of who stands in for a link's target: one for all links of the process.
import type { RealClock } from "../loopback/real-clock.ts";
import { RunAuthority } from "../loopback/run-authority.ts";

let authority: RunAuthority | undefined;

/** Of the certificates of who stands in for a target; nobody trusts it. Made when it is needed first, as that takes time. */
export function strangersAuthority(clock: RealClock): RunAuthority {
  authority ??= new RunAuthority(["portal.example"], () => clock.nowMs());
  return authority;
}
