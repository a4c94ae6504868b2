// Connections break: those that are open are reset at once, new ones right after they were accepted.
import type { WorldFault } from "./fault.ts";

/** `spareNew`: only what is open when the fault begins is reset. */
export function reset(options: { readonly spareNew?: boolean } = {}): WorldFault {
  return {
    name: options.spareNew === true ? "reset of open connections" : "reset",
    begin: (world) => world.resetConnections(),
    onConnect: (attempt) => {
      if (options.spareNew === true) return false;
      attempt.reset();
      return true;
    },
  };
}
