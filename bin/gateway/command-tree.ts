// The command line as data, read from commander's own: for completion in shells and for the manual page.
import type { Argument, Command, Option } from "commander";

export interface CommandNode {
  /** From the program's name on. */
  readonly path: readonly string[];
  /** One line. */
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
  /** What its help says after the lists. */
  readonly after: string;
}

export interface ArgumentNode {
  /** As the help has it, such as `<name...>`. */
  readonly term: string;
  readonly description: string;
  readonly value: ValueKind;
}

export interface OptionNode {
  /** Such as `-V, --version` or `--config <file>`. */
  readonly flags: string;
  /** Such as `-V` and `--version`. */
  readonly names: readonly string[];
  /** With its default and what else the help says of it. */
  readonly description: string;
  /** Undefined for an option without a value. */
  readonly value: ValueKind | undefined;
}

/** What a shell can offer for a value. */
export type ValueKind =
  | { readonly kind: "file" }
  | { readonly kind: "folder" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "other" };

/** Reads a command and all below it. */
export function readCommandTree(command: Command, above: readonly string[] = []): CommandNode {
  const path = [...above, command.name()];
  const help = command.createHelp();
  const description = command.description();
  return {
    path,
    summary: command.summary() || (description.split("\n")[0] ?? ""),
    description,
    arguments: command.registeredArguments.map((argument) => ({
      term: argumentTerm(argument),
      description: help.argumentDescription(argument),
      value: valueKind(argument.name(), argument.argChoices),
    })),
    options: help.visibleOptions(command).map((option) => readOption(option, help.optionDescription(option))),
    commands: help.visibleCommands(command).map((each) => readCommandTree(each, path)),
    after: afterText(command),
  };
}

/** Each command of the tree, those above before those below. */
export function allCommands(tree: CommandNode): readonly CommandNode[] {
  return [tree, ...tree.commands.flatMap(allCommands)];
}

function readOption(option: Option, description: string): OptionNode {
  const takesValue = option.required || option.optional;
  const [, name = ""] = /[<[]([^\]>.]+)/.exec(option.flags) ?? [];
  return {
    flags: option.flags,
    names: [option.short, option.long].filter((each) => each !== undefined),
    description,
    value: takesValue ? valueKind(name, option.argChoices) : undefined,
  };
}

function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function valueKind(name: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { kind: "words", words: choices };
  if (name === "file" || name === "folder") return { kind: name };
  return { kind: "other" };
}

/** Commander gives it out only together with the rest of the help. */
function afterText(command: Command): string {
  let all = "";
  const { writeOut } = command.configureOutput();
  command.configureOutput({ writeOut: (text) => (all += text) });
  command.outputHelp();
  command.configureOutput(writeOut === undefined ? {} : { writeOut });
  const lists = command.helpInformation();
  return all.slice(all.indexOf(lists) + lists.length).trim();
}
