// The doctor's report in plain words, and as JSON for programs.
import { type Diagnosis, findings, firstFailure, type HopName, type HopResult } from "./findings.ts";

const hopTitles: Readonly<Record<HopName, string>> = {
  config: "Settings",
  state: "State folder",
  identity: "Identity",
  clock: "Clock",
  uplink: "Uplink",
  dns: "Name server",
  proxy: "Proxy",
  tcp: "TCP",
  tls: "TLS",
  mqtt: "MQTT login",
  https: "HTTPS",
  websocket: "Websocket",
  lan: "Panel",
};

const marks: Readonly<Record<HopResult["outcome"], string>> = {
  ok: "ok  ",
  note: "note",
  fail: "FAIL",
  skipped: "-   ",
};

/** One line for a hop. */
export function resultLine({ hop, subject, outcome, code, detail }: HopResult): string {
  const said = [code, detail].filter((part) => part !== undefined).join(": ");
  const reason = outcome === "skipped" && said === "" ? "not tried: something before it fails" : said;
  return `${marks[outcome]}  ${hopTitles[hop].padEnd(12)}  ${subject}${reason === "" ? "" : `  (${reason})`}`;
}

/** What to do now; behind the lines of the hops. */
export function verdictLines(diagnosis: Diagnosis): readonly string[] {
  const first = firstFailure(diagnosis);
  if (first === undefined) return ["", "All is well on the way to the cloud."];
  const { what, fix } = findings[first.code];
  const others = diagnosis.results.filter(({ outcome }) => outcome === "fail").length - 1;
  return [
    "",
    `The first thing that is wrong: ${hopTitles[first.hop]}, ${first.subject}`,
    `  ${first.code}: ${what}`,
    ...(first.detail === undefined ? [] : [`  Found: ${first.detail}`]),
    `  What to do: ${fix}`,
    ...(others > 0 ? [`Then run the doctor again: ${others} more ${others === 1 ? "fails" : "fail"}.`] : []),
  ];
}

/** For programs; stable names. */
export function diagnosisJson(diagnosis: Diagnosis): string {
  const first = firstFailure(diagnosis);
  const verdict = first === undefined ? null : { ...first, ...findings[first.code] };
  return JSON.stringify({ isWell: first === undefined, first: verdict, hops: diagnosis.results }, null, 2);
}
