// Servers show a certificate that is not to be believed: expired, not valid yet, for another name, by an unknown authority.
import type { CertificateFlaw, WorldFault } from "./fault.ts";
import { choiceParameter, defineFault, portOf, portParameter, wordOf } from "./fault-kind.ts";

export const certificateFlaws = ["expired", "not-yet-valid", "wrong-name", "unknown-authority"] as const;

/** Who connects from now on is shown a certificate with this flaw and no other; what is connected lives on. */
export function certificate(flaw: CertificateFlaw, options: { readonly port?: number } = {}): WorldFault {
  const { port } = options;
  return {
    name: port === undefined ? `certificate ${flaw}` : `certificate ${flaw} on port ${port}`,
    onCertificate: (offer) => {
      if (port !== undefined && port !== offer.port) return false;
      offer.show(flaw);
      return true;
    },
  };
}

export const certificateKind = defineFault({
  name: "certificate",
  summary: "Servers show a certificate that is expired, not valid yet, for another name, or by an unknown authority.",
  kind: "world",
  places: ["link", "direction", "site"],
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [choiceParameter("flaw", certificateFlaws, "what is wrong with it"), portParameter()],
  create: (given) => {
    const port = portOf(given);
    return certificate(wordOf(given, "flaw", certificateFlaws), port === undefined ? {} : { port });
  },
});
