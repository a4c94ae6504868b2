// The wish of a person or a service manager that the program stops.

const stopSignals = ["SIGINT", "SIGTERM"] as const;

/** Resolves with the first SIGINT or SIGTERM. Later ones do nothing: npm passes a signal on that the terminal has sent already. */
export function untilStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of stopSignals) process.on(signal, () => resolve(signal));
  });
}
