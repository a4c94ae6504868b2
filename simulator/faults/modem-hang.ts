// The cellular modem hangs: no answer to commands, no data, and it is still there.
import type { WorldFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";
import { heldFault, need } from "./held-fault.ts";

/** Neither commands nor data are answered until it ends. */
export function modemHang(): WorldFault {
  const name = "modem hangs";
  return heldFault(name, (world) => need(world.hangModem, name, "a board with a modem")());
}

export const modemHangKind = defineFault({
  name: "modem-hang",
  summary: "The cellular modem hangs: it is there, and answers neither commands nor data.",
  kind: "world",
  isLossy: false,
  modes: { memory: true, loopback: "the loopback site has no modem" },
  parameters: [],
  create: () => modemHang(),
});
