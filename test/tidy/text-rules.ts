// Words and constructs that must not stand anywhere, or only in some files.
import { blank, lineAt } from "./source-text.ts";

interface TextRule {
  readonly name: string;
  readonly files: RegExp;
  readonly pattern: RegExp;
  /** Look at code only, without comments and strings. */
  readonly codeOnly?: boolean;
}

const sources = /\.(ts|tsx|mjs)$/;
const everything = /./;

const rules: readonly TextRule[] = [
  {
    name: "a default export",
    // What a tool or a package of others asks for by default is not ours to name.
    files: /^(?!(.*\/)?(vite|vitest)\.config\.ts$)(?!.*\.d\.ts$).*\.(ts|tsx|mjs)$/,
    pattern: /(?<![.\w$])export\s+default\b|\bas\s+default\b/g,
    codeOnly: true,
  },
  { name: "a path of one machine", files: everything, pattern: /(?<![\w.~-])\/(work|root|home)\/[\w.]/g },
  {
    name: "the address of a package registry",
    files: everything,
    pattern: /\b(registry|deb)\.[a-z0-9.-]+\.(org|com)\b|"resolved":/g,
  },
  {
    name: "TLS verification switched off",
    files: everything,
    // A server that asks for a certificate and lets in who has none says both; its program judges what it was shown.
    pattern:
      /(?<!requestCert: true, )rejectUnauthorized["']?\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED|strictSSL\s*:\s*false|--insecure\b/g,
  },
  { name: "a note of unfinished work", files: sources, pattern: /\b(TODO|FIXME|XXX)\b/g },
  { name: "a test that shuts out the others", files: sources, pattern: /\.only\b\s*[(.]/g, codeOnly: true },
];

/** Everything in a file that breaks one of the rules, in words. */
export function textViolations(path: string, text: string): readonly string[] {
  return rules
    .filter(({ files }) => files.test(path))
    .flatMap(({ name, pattern, codeOnly }) => {
      const looked = codeOnly ? blank(text, { alsoQuoted: true }) : text;
      return [...looked.matchAll(pattern)].map((match) => `${path}:${lineAt(looked, match.index)}: ${name}`);
    });
}
