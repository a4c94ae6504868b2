// All faults by name: what the command line, the API, files and the swarm choose from.
import { blackHoleKind } from "./black-hole.ts";
import { brokerKickKind } from "./broker-kick.ts";
import { captivePortalKind } from "./captive-portal.ts";
import { certificateKind } from "./certificate.ts";
import { clockJumpKind } from "./clock-jump.ts";
import { cloudRestartKind } from "./cloud-restart.ts";
import { corruptKind } from "./corrupt.ts";
import { diskFullKind } from "./disk-full.ts";
import { diskReadOnlyKind } from "./disk-read-only.ts";
import { diskTornKind } from "./disk-torn.ts";
import { dnsFailureKind } from "./dns-failure.ts";
import { dnsWrongAnswerKind } from "./dns-wrong-answer.ts";
import { duplicateKind } from "./duplicate.ts";
import { duplicateClientIdKind } from "./duplicate-client-id.ts";
import type { Fault } from "./fault.ts";
import { FaultError, shortened, shown } from "./fault-error.ts";
import type { FaultKind, FaultParameter, Parameters, ParameterValue, RunMode } from "./fault-kind.ts";
import { halfOpenKind } from "./half-open.ts";
import { jitterKind } from "./jitter.ts";
import { latencyKind } from "./latency.ts";
import { lossKind } from "./loss.ts";
import { modemHangKind } from "./modem-hang.ts";
import { unknownWord } from "./nearest-word.ts";
import { oneWayPartitionKind } from "./one-way-partition.ts";
import { powerCutKind } from "./power-cut.ts";
import { proxyRefusalKind } from "./proxy-refusal.ts";
import { refuseKind } from "./refuse.ts";
import { resetKind } from "./reset.ts";
import { sliceKind } from "./slice.ts";
import { slowReaderKind } from "./slow-reader.ts";
import { stallKind } from "./stall.ts";
import { throttleKind } from "./throttle.ts";
import { uplinkSwapKind } from "./uplink-swap.ts";
import { watchdogStarvationKind } from "./watchdog-starvation.ts";

export type { FaultKind, FaultParameter, Parameters, RunMode } from "./fault-kind.ts";

/** In the order in which docs/faults.md and the command line show them: those of links first. */
export const faultKinds: readonly FaultKind[] = [
  latencyKind,
  jitterKind,
  throttleKind,
  sliceKind,
  slowReaderKind,
  lossKind,
  stallKind,
  blackHoleKind,
  oneWayPartitionKind,
  corruptKind,
  duplicateKind,
  halfOpenKind,
  refuseKind,
  resetKind,
  dnsFailureKind,
  dnsWrongAnswerKind,
  certificateKind,
  captivePortalKind,
  proxyRefusalKind,
  clockJumpKind,
  brokerKickKind,
  duplicateClientIdKind,
  cloudRestartKind,
  powerCutKind,
  diskFullKind,
  diskReadOnlyKind,
  diskTornKind,
  watchdogStarvationKind,
  modemHangKind,
  uplinkSwapKind,
];

/** Throws a FaultError that names the nearest known name. */
export function findFaultKind(name: string): FaultKind {
  const kind = faultKinds.find((candidate) => candidate.name === name);
  if (kind !== undefined) return kind;
  const names = faultKinds.map((candidate) => candidate.name);
  throw new FaultError("fault.unknown-name", unknownWord("fault", name, names));
}

/** The fault, with defaults for what is left out. Throws a FaultError that names the parameter and what it takes. */
export function createFault(name: string, given: Readonly<Record<string, unknown>> = {}): Fault {
  const kind = findFaultKind(name);
  return kind.create(checkParameters(kind, given));
}

/** All parameters of the kind, those given checked. */
export function checkParameters(kind: FaultKind, given: Readonly<Record<string, unknown>>): Parameters {
  const names = kind.parameters.map((parameter) => parameter.name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new FaultError("fault.unknown-name", unknownWord(`parameter of ${kind.name}`, name, names), shortened(name));
  }
  return Object.fromEntries(
    kind.parameters.map((parameter) => [parameter.name, checkValue(kind, parameter, given[parameter.name])]),
  );
}

/** Throws a FaultError with the table's line where the kind cannot run in that mode. */
export function checkMode(kind: FaultKind, mode: RunMode): void {
  const possible = kind.modes[mode];
  if (possible === true) return;
  throw new FaultError("fault.not-here", `${kind.name} cannot run in the mode "${mode}": ${possible}`);
}

function checkValue(kind: FaultKind, parameter: FaultParameter, value: unknown): ParameterValue {
  if (value === undefined) return parameter.default;
  if (isTaken(parameter, value)) return value;
  const text = `${kind.name} takes ${rangeOf(parameter)} (${parameter.summary}), not ${shown(value)}`;
  throw new FaultError("fault.bad-value", text, parameter.name);
}

function isTaken(parameter: FaultParameter, value: unknown): value is ParameterValue {
  if (parameter.kind === "boolean") return typeof value === "boolean";
  if (parameter.kind === "choice") return typeof value === "string" && parameter.choices.includes(value);
  if (typeof value !== "number" || (parameter.isWhole && !Number.isInteger(value))) return false;
  return value >= parameter.min && value <= parameter.max;
}

/** "a whole number of ms from 0 to 600000", for messages and help. */
export function rangeOf(parameter: FaultParameter): string {
  if (parameter.kind === "boolean") return "true or false";
  if (parameter.kind === "choice") return `one of ${parameter.choices.map((choice) => `"${choice}"`).join(", ")}`;
  const { isWhole, unit, min, max } = parameter;
  const what = isWhole ? "a whole number" : "a number";
  const counted = unit === "" || unit === "fraction" || unit === "port" ? "" : ` of ${unit}`;
  return `${what}${counted} from ${min} to ${max}`;
}
