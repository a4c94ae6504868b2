// What a kind of panel is that is served by name: its protocol, and the options that it takes.
import type { PanelProgram } from "../panels/panel.ts";
import type { PanelOptions } from "./api-types.ts";

export interface PanelOption {
  readonly name: string;
  readonly summary: string;
  readonly kind: "text" | "number" | "boolean";
  /** The only values, for a text. */
  readonly choices?: readonly string[];
}

export interface PanelKind {
  readonly name: string;
  readonly summary: string;
  readonly protocol: string;
  readonly options: readonly PanelOption[];
  /** `options` have been checked. */
  create(options: PanelOptions, profile?: string): PanelProgram;
}

/** What an option takes, in words. */
export function takes({ kind, choices }: PanelOption): string {
  if (choices !== undefined) return `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`;
  return kind === "text" ? "a text" : kind === "number" ? "a number" : "true or false";
}
