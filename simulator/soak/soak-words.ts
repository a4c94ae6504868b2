// The soak's report in words, a line for each fact.

import type { SoakReport } from "./soak.ts";
import type { SoakForm } from "./soak-form.ts";

export function soakReportLines(report: SoakReport): readonly string[] {
  const { from, seeds, hours, spells, visits, recoveriesMs, failures, injected, never } = report;
  const faults = Object.values(injected).reduce((sum, count) => sum + count, 0);
  return [
    `Seeds ${from} to ${from + seeds - 1}: ${Math.round(hours)} simulated hours, ${spells} spells of trouble with ${faults} faults, ${failures.length} failures`,
    `Online again after (simulated): half of the times within ${seconds(recoveriesMs, 0.5)}, 99 of 100 within ${seconds(recoveriesMs, 0.99)}, at the latest ${seconds(recoveriesMs, 1)}; ${visits} times a tunnel was opened`,
    ...failures.map(
      ({ seed, form, message, atMs }) => `FAILED: seed ${seed} (${formWords(form)}) at ${atMs} ms: ${message}`,
    ),
    "",
    "Faults laid over the site:",
    ...Object.entries(injected).map(([name, count]) => `  ${name} ${count}`),
    "",
    never.length === 0 ? "Every state and transition was taken." : "Never taken:",
    ...never.map((name) => `  ${name}`),
  ];
}

function formWords({ login, way, steers, hasModem, hasFile, startsInTrouble }: SoakForm): string {
  const more = [
    steers && "steers uplinks",
    hasModem && "modem",
    hasFile && "configuration file",
    startsInTrouble && "starts in trouble",
  ];
  return [login, way, ...more.filter((each) => each !== false)].join(", ");
}

function seconds(ascendingMs: readonly number[], share: number): string {
  const at = Math.max(0, Math.ceil(ascendingMs.length * share) - 1);
  return `${((ascendingMs[at] ?? 0) / 1000).toFixed(1)} s`;
}
