// The ports that a system gives to connections that it dials.

const firstPort = 49_152;
const lastPort = 65_535;

/** One after the other, and round again; those that are in use are passed over. */
export class EphemeralPorts {
  #next = firstPort;
  #hasGoneRound = false;

  /** Throws when all of them are in use. */
  take(isInUse: (port: number) => boolean): number {
    for (let tried = firstPort; tried <= lastPort; tried += 1) {
      const port = this.#next;
      this.#next = port === lastPort ? firstPort : port + 1;
      // The first time round none can be in use.
      const isFree = !this.#hasGoneRound || !isInUse(port);
      this.#hasGoneRound ||= port === lastPort;
      if (isFree) return port;
    }
    throw new Error(`All ports from ${firstPort} to ${lastPort} are in use`);
  }
}
