// Reads a line of the shell: words with quotes and variables, where output goes, and commands one after the other.

/** Longest line, in UTF-16 units. */
export const commandLengthMax = 16 * 1024;
/** Longest command once its variables stand in it, in UTF-16 units. */
const expandedLengthMax = 128 * 1024;

export type WordPart = { readonly text: string } | { readonly variable: string };
/** Its parts belong together without a blank. `isQuoted`: stays a word although it is empty. */
export interface Word {
  readonly parts: readonly WordPart[];
  readonly isQuoted: boolean;
}

export type Redirection =
  | { readonly from: 1 | 2; readonly kind: "file"; readonly how: "replace" | "append"; readonly to: Word }
  | { readonly from: 1 | 2; readonly kind: "stream"; readonly to: 1 | 2 };

export interface Command {
  readonly words: readonly Word[];
  readonly redirections: readonly Redirection[];
  /** Whether it runs after what came before it. */
  readonly when: "always" | "after-success" | "after-failure";
}

type Token = { readonly kind: "word"; readonly word: Word } | { readonly kind: "operator"; readonly text: string };

/** The text of the message, without the shell's name. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
}

/** Throws CommandLineError. */
export function parseCommandLine(line: string): readonly Command[] {
  if (line.length > commandLengthMax) throw new CommandLineError("line too long");
  const tokens = tokenise(line);
  const commands: Command[] = [];
  let when: Command["when"] = "always";
  let words: Word[] = [];
  let redirections: Redirection[] = [];
  const finish = (next: Command["when"], by: string): void => {
    if (words.length === 0 && redirections.length === 0) throw unexpected(by);
    commands.push({ words, redirections, when });
    [when, words, redirections] = [next, [], []];
  };
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as Token;
    if (token.kind === "word") words.push(token.word);
    else if (token.text === ";") finish("always", ";");
    else if (token.text === "&&") finish("after-success", "&&");
    else if (token.text === "||") finish("after-failure", "||");
    else if (token.text.includes(">")) {
      const redirection = readRedirection(token.text, tokens[at + 1]);
      redirections.push(redirection);
      if (redirection.kind === "file") at += 1;
    } else throw new CommandLineError(`${token.text}: not supported by this shell`);
  }
  if (words.length > 0 || redirections.length > 0) finish("always", "newline");
  else if (when !== "always") throw unexpected("newline");
  return commands;
}

/** The words as they are now; an empty variable without quotes is no word. Throws CommandLineError if they are too long. */
export function expandWords(words: readonly Word[], variable: (name: string) => string): string[] {
  let length = 0;
  const expand = (part: WordPart): string => {
    const text = "text" in part ? part.text : variable(part.variable);
    length += text.length;
    if (length > expandedLengthMax) throw new CommandLineError("argument list too long");
    return text;
  };
  return words
    .map(({ parts, isQuoted }) => ({ isQuoted, text: parts.map(expand).join("") }))
    .filter(({ isQuoted, text }) => isQuoted || text !== "")
    .map(({ text }) => text);
}

function readRedirection(operator: string, next: Token | undefined): Redirection {
  const [, from = "", arrow = "", stream] = /^([12]?)(>>|>)(?:&([12]))?$/.exec(operator) ?? [];
  const source = from === "2" ? 2 : 1;
  if (stream !== undefined) return { from: source, kind: "stream", to: stream === "2" ? 2 : 1 };
  if (next?.kind !== "word") throw unexpected(next === undefined ? "newline" : next.text);
  return { from: source, kind: "file", how: arrow === ">>" ? "append" : "replace", to: next.word };
}

const operators = /^(?:[12]?>>|[12]?>&[12]|[12]?>|&&|\|\||[;|&<()`])/;
const bareWord = /^[^\s;&|<>()`"'\\$]+/;
const variableName = /^\$(?:\{([A-Za-z_][A-Za-z0-9_]*|\?)\}|([A-Za-z_][A-Za-z0-9_]*|\?|\$))/;

function tokenise(line: string): readonly Token[] {
  const tokens: Token[] = [];
  let rest = line;
  for (;;) {
    rest = rest.trimStart();
    if (rest === "" || rest.startsWith("#")) return tokens;
    const operator = operators.exec(rest)?.[0];
    if (operator !== undefined) {
      tokens.push({ kind: "operator", text: operator });
      rest = rest.slice(operator.length);
      continue;
    }
    const { word, length } = readWord(rest);
    tokens.push({ kind: "word", word });
    rest = rest.slice(length);
  }
}

function readWord(text: string): { readonly word: Word; readonly length: number } {
  const parts: WordPart[] = [];
  let isQuoted = false;
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const bare = bareWord.exec(rest)?.[0];
    if (bare !== undefined) {
      parts.push({ text: bare });
      at += bare.length;
    } else if (rest.startsWith("'") || rest.startsWith('"')) {
      const quoted = rest.startsWith("'") ? readSingleQuoted(rest) : readDoubleQuoted(rest);
      parts.push(...quoted.parts);
      isQuoted = true;
      at += quoted.length;
    } else if (rest.startsWith("\\")) {
      parts.push({ text: rest.slice(1, 2) });
      at += 2;
    } else if (rest.startsWith("$")) {
      const [whole = "$", braced, plain] = variableName.exec(rest) ?? [];
      parts.push(whole === "$" ? { text: "$" } : { variable: braced ?? plain ?? "" });
      at += whole.length;
    } else break;
  }
  return { word: { parts, isQuoted }, length: at };
}

interface Quoted {
  readonly parts: readonly WordPart[];
  readonly length: number;
}

function readSingleQuoted(text: string): Quoted {
  const end = text.indexOf("'", 1);
  if (end < 0) throw new CommandLineError("syntax error: unterminated quoted string");
  return { parts: [{ text: text.slice(1, end) }], length: end + 1 };
}

function readDoubleQuoted(text: string): Quoted {
  const parts: WordPart[] = [];
  let at = 1;
  while (at < text.length) {
    const rest = text.slice(at);
    const [plain] = /^[^"\\$]+/.exec(rest) ?? [];
    if (rest.startsWith('"')) return { parts, length: at + 1 };
    if (plain !== undefined) {
      parts.push({ text: plain });
      at += plain.length;
    } else if (rest.startsWith("\\")) {
      // Inside, it makes only these plain; before any other letter it stays.
      parts.push({ text: /^\\[\\"$`]/.test(rest) ? rest.slice(1, 2) : rest.slice(0, 2) });
      at += 2;
    } else {
      const [whole = "$", braced, name] = variableName.exec(rest) ?? [];
      parts.push(whole === "$" ? { text: "$" } : { variable: braced ?? name ?? "" });
      at += whole.length;
    }
  }
  throw new CommandLineError("syntax error: unterminated quoted string");
}

function unexpected(what: string): CommandLineError {
  return new CommandLineError(`syntax error: "${what}" unexpected`);
}
