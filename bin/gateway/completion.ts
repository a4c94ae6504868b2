// Completion of the command line in bash, zsh and fish: scripts made from the commands themselves.
import { allCommands, type CommandNode, type OptionNode, type ValueKind } from "./command-tree.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The script that a shell reads once. */
export function completionScript(shell: Shell, tree: CommandNode): string {
  const [name = ""] = tree.path;
  const lines = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](name, allCommands(tree));
  return `${lines.join("\n")}\n`;
}

/**
 * In bash and zsh the words before the one that is asked about are walked through: those that name a command lead into it,
 * those that are an option's value are passed over.
 */
function bashScript(name: string, commands: readonly CommandNode[]): readonly string[] {
  return [
    `# Completion of ${name} in bash; made by \`${name} completion bash\`.`,
    `_${name}() {`,
    `  local at="${name}" i current=\${COMP_WORDS[COMP_CWORD]} last=\${COMP_WORDS[COMP_CWORD - 1]}`,
    "  local IFS=$'\\n'",
    "  COMPREPLY=()",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    ...indented(4, walk(commands, "COMP_WORDS[i]")),
    "  done",
    '  case "$at $last" in',
    ...indented(4, valueCases(commands, bashValue)),
    "  esac",
    "  if [[ $current == -* ]]; then",
    '    case "$at" in',
    ...indented(
      6,
      optionCases(commands, ({ names }) => names, bashWords),
    ),
    "    esac",
    "    return",
    "  fi",
    '  case "$at" in',
    ...indented(4, wordCases(commands, bashWords, bashValue)),
    "  esac",
    "}",
    `complete -F _${name} ${name}`,
  ];
}

function bashWords(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W $'${words.join("\\n")}' -- "$current"))`;
}

function bashValue(value: ValueKind): string {
  switch (value.kind) {
    case "file":
      return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current"))';
    case "folder":
      return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current"))';
    case "words":
      return bashWords(value.words);
    case "other":
      return ":";
    default:
      return value satisfies never;
  }
}

function zshScript(name: string, commands: readonly CommandNode[]): readonly string[] {
  return [
    `#compdef ${name}`,
    `# Completion of ${name} in zsh; made by \`${name} completion zsh\`.`,
    `_${name}() {`,
    `  local at="${name}" last="\${words[CURRENT-1]}"`,
    "  local -i i",
    "  local -a found",
    "  for ((i = 2; i < CURRENT; i++)); do",
    ...indented(4, walk(commands, "words[i]")),
    "  done",
    '  case "$at $last" in',
    ...indented(4, valueCases(commands, zshValue)),
    "  esac",
    '  if [[ "$PREFIX" == -* ]]; then',
    '    case "$at" in',
    ...indented(6, optionCases(commands, zshOption, zshDescribed("option"))),
    "    esac",
    "    return",
    "  fi",
    '  case "$at" in',
    ...indented(4, wordCases(commands, zshDescribed("command"), zshValue, zshCommand)),
    "  esac",
    "}",
    // Read from a folder of functions it is called at once; read by hand it is registered.
    `if [[ "$funcstack[1]" == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi`,
  ];
}

function zshOption({ names, description }: OptionNode): readonly string[] {
  return names.map((each) => zshPair(each, description));
}

function zshCommand({ path, summary }: CommandNode): string {
  return zshPair(path.at(-1) ?? "", summary);
}

function zshPair(name: string, text: string): string {
  return quoted(`${name.replaceAll(":", "\\:")}:${oneLine(text)}`, "'\\''");
}

function zshDescribed(what: string) {
  return (pairs: readonly string[]): string => `found=(${pairs.join(" ")}); _describe -o '${what}' found`;
}

function zshValue(value: ValueKind): string {
  switch (value.kind) {
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "words":
      return `compadd -- ${value.words.map((word) => quoted(word, "'\\''")).join(" ")}`;
    case "other":
      return ":";
    default:
      return value satisfies never;
  }
}

/** Which words lead into which command, and which are followed by a value. `variable`: has the word. */
function walk(commands: readonly CommandNode[], variable: string): readonly string[] {
  const word = `\${${variable}}`;
  const leading = commands.filter(({ path }) => path.length > 1).map(({ path }) => path.join(" "));
  const valued = commands.flatMap((command) => valuedNames(command));
  return [
    `case "$at ${word}" in`,
    ...(valued.length === 0 ? [] : [`  ${patterns(valued)}) ((i++)) ;;`]),
    ...(leading.length === 0 ? [] : [`  ${patterns(leading)}) at="$at ${word}" ;;`]),
    "esac",
  ];
}

function valuedNames({ path, options }: CommandNode): readonly string[] {
  return options
    .filter(({ value }) => value !== undefined)
    .flatMap(({ names }) => names.map((each) => [...path, each].join(" ")));
}

/** After an option that takes a value. */
function valueCases(commands: readonly CommandNode[], offer: (value: ValueKind) => string): readonly string[] {
  return commands.flatMap(({ path, options }) =>
    options.flatMap(({ names, value }) => {
      if (value === undefined) return [];
      return [`${patterns(names.map((each) => [...path, each].join(" ")))}) ${offer(value)}; return ;;`];
    }),
  );
}

/** For a word that begins with a dash. */
function optionCases(
  commands: readonly CommandNode[],
  write: (option: OptionNode) => readonly string[],
  offer: (words: readonly string[]) => string,
): readonly string[] {
  return commands.map(({ path, options }) => `"${path.join(" ")}") ${offer(options.flatMap(write))} ;;`);
}

/** For any other word: a command below, or the first argument. */
function wordCases(
  commands: readonly CommandNode[],
  offer: (words: readonly string[]) => string,
  offerValue: (value: ValueKind) => string,
  write: (command: CommandNode) => string = ({ path }) => path.at(-1) ?? "",
): readonly string[] {
  return commands.flatMap((command) => {
    const [argument] = command.arguments;
    if (command.commands.length > 0) return [`"${command.path.join(" ")}") ${offer(command.commands.map(write))} ;;`];
    return argument === undefined ? [] : [`"${command.path.join(" ")}") ${offerValue(argument.value)} ;;`];
  });
}

function patterns(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(" | ");
}

/** fish asks a function of ours which command the line is at, for each rule. */
function fishScript(name: string, commands: readonly CommandNode[]): readonly string[] {
  const leading = commands.filter(({ path }) => path.length > 1).map(({ path }) => path.join(" "));
  const valued = commands.flatMap((command) => valuedNames(command));
  return [
    `# Completion of ${name} in fish; made by \`${name} completion fish\`.`,
    `function __${name}_is_at`,
    "    set -l words (commandline -opc)",
    `    set -l at ${name}`,
    "    set -l isValue no",
    "    for word in $words[2..-1]",
    "        if test $isValue = yes",
    "            set isValue no",
    "            continue",
    "        end",
    '        switch "$at $word"',
    ...(valued.length === 0 ? [] : [`            case ${fishWords(valued)}`, "                set isValue yes"]),
    ...(leading.length === 0 ? [] : [`            case ${fishWords(leading)}`, '                set at "$at $word"']),
    "        end",
    "    end",
    '    test "$at" = "$argv"',
    "end",
    `complete -c ${name} -f`,
    ...commands.flatMap((command) => fishRules(name, command)),
  ];
}

function fishRules(name: string, command: CommandNode): readonly string[] {
  const rule = `complete -c ${name} -n ${fishWord(`__${name}_is_at ${command.path.join(" ")}`)}`;
  const [argument] = command.arguments;
  return [
    ...command.commands.map(({ path, summary }) => `${rule} -a ${fishWord(path.at(-1) ?? "")} -d ${fishText(summary)}`),
    ...(command.commands.length > 0 || argument === undefined
      ? []
      : fishValue(argument.value).map((each) => `${rule} ${each}`)),
    ...command.options.map(({ names, description, value }) => {
      const flags = names.map((each) => (each.startsWith("--") ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`));
      const takes = value === undefined ? [] : ["-r", ...fishValue(value)];
      return [rule, ...flags, ...takes, `-d ${fishText(description)}`].join(" ");
    }),
  ];
}

function fishValue(value: ValueKind): readonly string[] {
  switch (value.kind) {
    case "file":
      return ["-F"];
    case "folder":
      return ["-f -a '(__fish_complete_directories)'"];
    case "words":
      return [`-f -a ${fishWord(value.words.join(" "))}`];
    case "other":
      return [];
    default:
      return value satisfies never;
  }
}

function fishWords(words: readonly string[]): string {
  return words.map(fishWord).join(" ");
}

function fishText(text: string): string {
  return fishWord(oneLine(text));
}

/** In single quotes fish takes a backslash before a quote or a backslash. */
function fishWord(text: string): string {
  return quoted(text.replaceAll("\\", "\\\\"), "\\'");
}

function quoted(text: string, quote: string): string {
  return `'${text.replaceAll("'", quote)}'`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function indented(width: number, lines: readonly string[]): readonly string[] {
  return lines.map((line) => `${" ".repeat(width)}${line}`);
}
