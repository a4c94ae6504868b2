// The manual page in roff (man(7)), made from the commands' own help.
import { allCommands, type CommandNode } from "./command-tree.ts";

export interface ManualFacts {
  readonly version: string;
  /** Where the rest is explained, a line each. */
  readonly seeAlso: readonly string[];
}

/** Section 1. The same commands give the same bytes. */
export function manualPage(tree: CommandNode, { version, seeAlso }: ManualFacts): string {
  const [name = ""] = tree.path;
  // That every group of commands has `help` is said once.
  const commands = allCommands(tree).filter(({ path }) => path.length <= 2 || path.at(-1) !== "help");
  const lines = [
    `.\\" Made from the help of the commands: change that.`,
    `.TH ${name.toUpperCase()} 1 "" "Postern ${version}" "User Commands"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(tree.summary.replace(/^Postern: /, ""))}`,
    ".SH SYNOPSIS",
    ...commands
      .filter(({ commands }) => commands.length === 0)
      .flatMap((each) => [...synopsis(each), ".br"])
      .slice(0, -1),
    ".SH DESCRIPTION",
    ...paragraphs(tree.description),
    ".SH COMMANDS",
    ...commands.filter(({ path }) => path.length > 1).flatMap(commandLines),
    ".SH OPTIONS",
    "Of every command:",
    ...optionLines(tree),
    ".SH SEE ALSO",
    ...seeAlso.flatMap((each) => [escaped(each), ".br"]).slice(0, -1),
  ];
  return `${lines.join("\n")}\n`;
}

function synopsis({ path, arguments: args, options }: CommandNode): readonly string[] {
  const own = options.some(({ names }) => !names.includes("--help")) ? ["[options]"] : [];
  return [`.B ${escaped(path.join(" "))}`, escaped([...own, ...args.map(({ term }) => term)].join(" "))].filter(
    (line) => line !== "",
  );
}

function commandLines(command: CommandNode): readonly string[] {
  const { path, description, summary, arguments: args, after } = command;
  return [
    `.SS ${escaped(path.join(" "))}`,
    ...paragraphs(description === "" ? summary : description),
    ...args.flatMap(({ term, description: text }) => tagged(term, text)),
    ...optionLines(command),
    ...(after === "" ? [] : [".PP", ".nf", ...after.split("\n").map(escaped), ".fi"]),
  ];
}

function optionLines({ path, options }: CommandNode): readonly string[] {
  // That every command has --help is said once.
  const told = path.length === 1 ? options : options.filter(({ names }) => !names.includes("--help"));
  return told.flatMap(({ flags, description }) => tagged(flags, description));
}

function tagged(term: string, text: string): readonly string[] {
  return [".TP", `.B ${escaped(term)}`, ...text.split("\n").map(escaped)];
}

function paragraphs(text: string): readonly string[] {
  return text
    .split(/\n{2,}/)
    .flatMap((paragraph, index) => [...(index === 0 ? [] : [".PP"]), ...paragraph.split("\n").map(escaped)]);
}

/** A backslash, a dash that must stay one, and a control character at a line's beginning mean something to roff. */
function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}
