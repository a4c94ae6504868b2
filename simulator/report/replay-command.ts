// The command that runs a scenario again as it ran.
import type { ScenarioResult } from "../scenario/run-scenario.ts";

/** `target` is what was named on the command line: a scenario or a file. */
export function replayCommand(
  { scenario, seed, mode }: Pick<ScenarioResult, "scenario" | "seed" | "mode">,
  target?: string,
): string {
  const words = ["postern", "sim", "run", quoted(target ?? scenario.name), "--seed", String(seed)];
  return [...words, ...(mode === "memory" ? [] : ["--mode", mode])].join(" ");
}

function quoted(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
