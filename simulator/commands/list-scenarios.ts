// `postern sim list`: the ready-made scenarios, for people or as JSON.
import { scenarios } from "../scenarios/catalogue.ts";
import type { CommandIo, SimExitCode } from "./command-io.ts";

export function listScenarios(io: CommandIo, options: { readonly json?: true }): SimExitCode {
  if (options.json === true) {
    const rows = scenarios.map(({ name, title, summary, faults, profiles, modes }) => ({
      name,
      title,
      summary,
      faults,
      profiles,
      modes,
    }));
    io.say(JSON.stringify(rows, undefined, 2));
    return 0;
  }
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  for (const { name, title, faults, profiles, modes } of scenarios) {
    io.say(`${name.padEnd(width)}  ${title}`);
    const details = [
      `faults ${faults.join(", ") || "none"}`,
      ...(profiles.length === 0 ? [] : [`profiles ${profiles.join(", ")}`]),
      modes.join(" and "),
    ];
    io.say(`${"".padEnd(width)}  ${details.join("; ")}`);
  }
  io.say(`${scenarios.length} scenarios. Run one with: postern sim run NAME`);
  return 0;
}
