// A panel that is asked for, checked: its kind, its profile and its options.
import { unknownWord } from "../faults/nearest-word.ts";
import { findProfile, panelProfiles } from "../panels/profiles/catalogue.ts";
import { badValue } from "./api-error.ts";
import type { NewPanel, PanelOptions } from "./api-types.ts";
import { type PanelKind, takes } from "./panel-kind.ts";
import { kindOfProtocol, panelKinds } from "./panel-kinds.ts";

export interface CheckedPanel {
  readonly kind: PanelKind;
  readonly profile: string | undefined;
  readonly options: PanelOptions;
}

/** What is asked for, checked: kind, profile and options. Throws ApiError with the place and what was meant. */
export function checkPanel({ kind, profile, options = {} }: Omit<NewPanel, "name">): CheckedPanel {
  if (kind === undefined && profile === undefined) {
    const text = `takes one of ${panelKinds.map(({ name }) => name).join(", ")}; or name a "profile"`;
    throw badValue(text, "kind");
  }
  const wanted = profile === undefined ? (kind ?? "") : kindOfProfile(profile);
  if (kind !== undefined && kind !== wanted) {
    throw badValue(`the profile ${profile} is one of the kind "${wanted}", not "${kind}"`, "kind");
  }
  const found = panelKinds.find(({ name }) => name === wanted);
  if (found === undefined) {
    throw badValue(
      unknownWord(
        "kind of panel",
        wanted,
        panelKinds.map(({ name }) => name),
      ),
      "kind",
    );
  }
  for (const [name, value] of Object.entries(options)) checkOption(found, name, value);
  return { kind: found, profile, options };
}

function kindOfProfile(profile: string): string {
  const known = panelProfiles.map(({ name }) => name);
  if (!known.includes(profile)) throw badValue(unknownWord("panel profile", profile, known), "profile");
  const { protocol } = findProfile(profile);
  return kindOfProtocol[protocol] ?? protocol.toLowerCase();
}

function checkOption(kind: PanelKind, name: string, value: unknown): void {
  const place = `options.${name}`;
  const option = kind.options.find((candidate) => candidate.name === name);
  if (option === undefined) {
    const known = kind.options.map((candidate) => candidate.name);
    throw badValue(unknownWord(`option of the kind ${kind.name}`, name, known), place);
  }
  const isTaken =
    option.kind === "text"
      ? typeof value === "string" && (option.choices?.includes(value) ?? true)
      : option.kind === "number"
        ? typeof value === "number"
        : typeof value === "boolean";
  if (!isTaken) throw badValue(`takes ${takes(option)} (${option.summary}), not ${JSON.stringify(value)}`, place);
}
