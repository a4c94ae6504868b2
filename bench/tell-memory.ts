// Loaded into a program that a bench measures (`node --expose-gc --import`): at SIGUSR2 it says what memory it has and what of it is in use.
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Twice, with a turn between: what a finaliser lets go of is found by the next one only. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    globalThis.gc?.();
    await turn();
  }
}

process.on("SIGUSR2", () => {
  const { rss: residentBytes, heapTotal: heapBytes } = process.memoryUsage();
  void collectGarbage().then(() => {
    const { heapUsed, external } = process.memoryUsage();
    const liveBytes = heapUsed + external;
    console.log(JSON.stringify({ event: "bench.memory", residentBytes, heapBytes, liveBytes }));
  });
});
