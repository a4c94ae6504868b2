// The reference of gateway.toml in docs/gateway.md, written from the schema by which the gateway reads the file.
import type { Key } from "#firmware/config/key-kinds.ts";
import { namedSections, type Section, sections } from "#firmware/config/schema.ts";

const begin = "<!-- reference: begin (made by scripts/write-gateway-reference.ts) -->";
const end = "<!-- reference: end -->";

/** The page with the reference anew between its two marks. Throws Error if they are not there. */
export function withReference(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page must have ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n${reference().join("\n")}\n${page.slice(to)}`;
}

function reference(): readonly string[] {
  const all: [title: string, section: Section][] = [
    ...Object.entries(sections),
    ["serial.<name>", namedSections.serial],
    ["commands", namedSections.commands],
  ];
  return all.flatMap(([title, section]) => ["", ...sectionLines(title, section)]);
}

function sectionLines(title: string, { about, keys }: Section): readonly string[] {
  const rows = Object.entries(keys).map(([name, key]) => row(name, key));
  const table = rows.length === 0 ? [] : ["", "| Key | Value | Default | Meaning |", "|---|---|---|---|", ...rows];
  return [`### \`[${title}]\``, about, ...table];
}

function row(name: string, key: Key<unknown>): string {
  const value = key.defaultText;
  // What is written as the file would have it stands as code, words do not.
  const isToml = value !== undefined && /^("|\[|true$|false$|[0-9-]+$)/.test(value);
  const cells = [`\`${name}\``, key.kind, value === undefined ? "" : isToml ? `\`${value}\`` : value, key.about];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
