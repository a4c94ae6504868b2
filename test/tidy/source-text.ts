// Looks at source text without a parser: blanks out comments and strings, finds the imports.

export interface ImportLine {
  readonly specifier: string;
  readonly isType: boolean;
  /** From 1. */
  readonly line: number;
}

/**
 * The text at the same positions, with comments, templates and regular expressions blanked out, and with `alsoQuoted` what
 * stands in quotes too. Quotes and expressions inside templates stay.
 */
export function blank(text: string, { alsoQuoted }: { readonly alsoQuoted: boolean }): string {
  const out = text.split("");
  const wipe = (from: number, to: number): void => {
    for (let at = from; at < to; at += 1) if (out[at] !== "\n") out[at] = " ";
  };
  for (const { kind, from, to } of scan(text)) {
    if (kind === "comment") wipe(from, to);
    else if (kind === "template" || alsoQuoted) wipe(from + 1, to - 1);
  }
  return out.join("");
}

/** Every static and dynamic import and re-export. */
export function findImports(text: string): readonly ImportLine[] {
  const code = blank(text, { alsoQuoted: false });
  const found: ImportLine[] = [];
  const statement =
    /(?<=^|[\n;}])[^\S\n]*(import|export)\b(\s+type\b(?!\s+from\b))?(?:[^"'`;]*?\sfrom)?\s*["']([^"'\n]+)["']/g;
  for (const match of code.matchAll(statement)) {
    if (match[1] === "export" && !/\sfrom\s*["']/.test(match[0])) continue;
    found.push({ specifier: match[3] ?? "", isType: match[2] !== undefined, line: lineAt(code, match.index) });
  }
  for (const match of code.matchAll(/(?<![.\w$])import\s*\(\s*["']([^"'\n]+)["']/g)) {
    found.push({ specifier: match[1] ?? "", isType: false, line: lineAt(code, match.index) });
  }
  return found;
}

/** Line number of a position, from 1. */
export function lineAt(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

interface Piece {
  readonly kind: "comment" | "quoted" | "template";
  readonly from: number;
  readonly to: number;
}

/** A slash after one of these begins a regular expression, after anything else a division. */
const beforeRegExp = /(^|[(,=:[!&|?{};+>]|\b(return|typeof|case|of|in|await|yield))$/;

/** Comments, quoted strings, the literal parts of templates, and regular expressions, which count as templates. */
function scan(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  /** For each open `${` the depth of braces within it. */
  const templates: number[] = [];
  let at = 0;
  const take = (kind: Piece["kind"], to: number): void => {
    pieces.push({ kind, from: at, to });
    at = to;
  };
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const one = two[0] ?? "";
    const depth = templates.at(-1);
    if (two === "//") take("comment", endOr(text, text.indexOf("\n", at)));
    else if (two === "/*") take("comment", endOr(text, text.indexOf("*/", at + 2), 2));
    else if (one === '"' || one === "'") take("quoted", endOfQuoted(text, at, one));
    else if (one === "`" || (one === "}" && depth === 0)) {
      if (one === "}") templates.pop();
      const end = endOfTemplatePart(text, at + 1);
      if (text[end - 1] === "{") templates.push(0);
      take("template", end);
    } else if (one === "/" && beforeRegExp.test(text.slice(Math.max(0, at - 40), at).trimEnd())) {
      take("template", endOfRegExp(text, at));
    } else {
      if (depth !== undefined && one === "{") templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && one === "}") templates[templates.length - 1] = depth - 1;
      at += 1;
    }
  }
  return pieces;
}

function endOr(text: string, found: number, add = 0): number {
  return found === -1 ? text.length : found + add;
}

/** An apostrophe in the text of a page ends with its line at the latest. */
function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === "\n") return at;
  }
  return text.length;
}

/** Behind the closing backtick, or behind the `${` that opens an expression. */
function endOfTemplatePart(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "`") return at + 1;
    else if (text[at] === "$" && text[at + 1] === "{") return at + 2;
  }
  return text.length;
}

function endOfRegExp(text: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < text.length; at += 1) {
    const one = text[at];
    if (one === "\\") at += 1;
    else if (one === "[") inClass = true;
    else if (one === "]") inClass = false;
    else if ((one === "/" && !inClass) || one === "\n") return at + 1;
  }
  return text.length;
}
