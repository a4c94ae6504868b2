// What docs/faults.md says of each fault, from the catalogue: the table of where each runs, and its parameters and picture.
import { type FaultKind, type FaultParameter, faultKinds, rangeOf } from "../catalogue.ts";
import { linkProfiles } from "../profiles.ts";

const places = { link: "a wire", direction: "one direction of a wire", site: "the whole site" } as const;

export const pageMarks = ["<!-- made by scripts/draw-faults.ts -->", "<!-- end of what is made -->"] as const;

/** The page with what stands between its marks made again. Throws if it has none. */
export function remakePage(page: string, hasPicture: (name: string) => boolean): string {
  const [begin, end] = pageMarks;
  const [before, rest] = page.split(`${begin}\n`);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`There is no "${begin}" with "${end}" behind it`);
  return `${before}${begin}\n${faultPages(hasPicture)}${end}${after}`;
}

function faultPages(hasPicture: (name: string) => boolean): string {
  const table = faultKinds.map(({ name, summary, modes, onLoopback }) => {
    const loopback = modeWords(modes.loopback, onLoopback);
    return `| [\`${name}\`](#${name}) | ${summary} | ${modeWords(modes.memory)} | ${loopback} |`;
  });
  const profiles = linkProfiles.map(({ name, summary, faults }) => {
    const parts = faults.map(({ fault, from }) => (from === undefined ? fault : `${fault} (from ${from})`));
    return `| \`${name}\` | ${summary} | ${[...new Set(parts)].join(", ")} |`;
  });
  return [
    "| Fault | What it does | In memory | On loopback |",
    "|---|---|---|---|",
    ...table,
    "",
    ...faultKinds.flatMap((kind) => pageOf(kind, hasPicture(kind.name))),
    "## Link profiles",
    "| Profile | What it is | Made of |",
    "|---|---|---|",
    ...profiles,
    "",
  ].join("\n");
}

function pageOf(kind: FaultKind, hasPicture: boolean): readonly string[] {
  const { name, summary, parameters } = kind;
  const where = kind.places.map((place) => places[place]).join(", ");
  return [
    `### ${name}`,
    `${summary} Laid on: ${where}.`,
    ...(parameters.length === 0 ? [] : [""]),
    ...parameters.map((parameter) => `- \`${parameter.name}\`: ${parameter.summary}; ${valuesOf(parameter)}`),
    "",
    ...(hasPicture ? [`![${name}](faults/${name}.svg)`, ""] : []),
  ];
}

function valuesOf(parameter: FaultParameter): string {
  const usual = parameter.kind === "choice" ? `"${parameter.default}"` : parameter.default;
  return `${rangeOf(parameter)}, ${usual} if not said`;
}

function modeWords(mode: true | string, difference?: string): string {
  if (mode !== true) return `no: ${mode}`;
  return difference === undefined ? "yes" : `yes; ${difference}`;
}
