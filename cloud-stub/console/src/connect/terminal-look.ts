// The colours of the terminal, by the colour scheme of the page.
import type { ISearchOptions } from "@xterm/addon-search";
import type { ITheme } from "@xterm/xterm";

const dark: ITheme = {
  background: "#10151a",
  foreground: "#e6e9ec",
  cursor: "#00d7a0",
  selectionBackground: "#2f5f73",
};
const light: ITheme = {
  background: "#ffffff",
  foreground: "#1b2126",
  cursor: "#006b52",
  selectionBackground: "#b7dbe8",
};

const darkScheme = matchMedia("(prefers-color-scheme: dark)");

export function currentTheme(): ITheme {
  return darkScheme.matches ? dark : light;
}

/** Calls `changed` whenever the person's colour scheme changes. Returns the way to stop that. */
export function watchTheme(changed: (theme: ITheme) => void): () => void {
  const tell = (): void => changed(currentTheme());
  darkScheme.addEventListener("change", tell);
  return () => darkScheme.removeEventListener("change", tell);
}

export function currentSearchLook(): ISearchOptions {
  return darkScheme.matches ? searchLook("#6b5a00", "#b35900") : searchLook("#ffe38a", "#ff9f43");
}

function searchLook(match: string, activeMatch: string): ISearchOptions {
  return {
    decorations: {
      matchBackground: match,
      matchOverviewRuler: match,
      activeMatchBackground: activeMatch,
      activeMatchColorOverviewRuler: activeMatch,
    },
  };
}
