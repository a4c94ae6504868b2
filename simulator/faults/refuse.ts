// The far host is up and nothing listens: connections are refused.
import type { WorldFault } from "./fault.ts";

/** Refuses each new connection, to `port` only if one is named. What is already connected lives on. */
export function refuse(options: { readonly port?: number } = {}): WorldFault {
  return {
    name: options.port === undefined ? "refuse" : `refuse port ${options.port}`,
    onConnect: (attempt) => {
      if (options.port !== undefined && options.port !== attempt.port) return false;
      attempt.refuse();
      return true;
    },
  };
}
