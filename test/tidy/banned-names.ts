// Names that only the edges of the program may use: time, randomness, files, sockets and the environment come in by ports.
import { blank, findImports, lineAt } from "./source-text.ts";

interface Banned {
  /** Matched in code without comments and strings. */
  readonly pattern: RegExp;
  readonly instead: string;
}

const timers = ["setTimeout", "setInterval", "clearTimeout", "clearInterval"];
const banned: readonly Banned[] = [
  ...timers.map((name) => ({ pattern: new RegExp(`(?<![.\\w$])${name}\\b`, "g"), instead: "the clock port" })),
  { pattern: /(?<![.\w$])Date\s*\.\s*now\b/g, instead: "the clock port" },
  { pattern: /(?<![.\w$])new\s+Date\s*\(\s*\)/g, instead: "the clock port" },
  { pattern: /(?<![.\w$])performance\s*\./g, instead: "the clock port" },
  { pattern: /(?<![.\w$])Math\s*\.\s*random\b/g, instead: "the random port" },
  {
    pattern: /(?<![\w$])(randomBytes|randomUUID|randomInt|randomFillSync|getRandomValues)\b/g,
    instead: "the random port",
  },
  { pattern: /(?<![.\w$])process\s*\.\s*env\b/g, instead: "an option handed in" },
  { pattern: /(?<![.\w$])globalThis\b/g, instead: "a port" },
];

const bannedModules = new Set(["fs", "fs/promises", "net", "tls", "dns", "dns/promises", "timers", "timers/promises"]);

const strictFolders = /^(protocol|firmware|hardware|simulator|cloud-stub\/(broker|devices|remote-access))\//;
/**
 * The edges (programs, real sockets, reports in files), the file that declares the ports' own names, and what takes the
 * place of the process's timers and randomness while a site runs.
 */
const exempt =
  /^(firmware\/main\.ts|firmware\/local\/.*|simulator\/(main|simulated-clock|deterministic-[a-z-]+)\.ts|simulator\/(loopback|serve|report)\/.*|hardware\/(linux|image)\/.*|hardware\/ports\.ts)$/;

export function isStrict(path: string): boolean {
  return strictFolders.test(path) && !exempt.test(path);
}

/** Each banned name in a file of the strict folders, in words. */
export function bannedNames(path: string, text: string): readonly string[] {
  if (!isStrict(path)) return [];
  const code = blank(text, { alsoQuoted: true });
  const names = banned.flatMap(({ pattern, instead }) =>
    [...code.matchAll(pattern)]
      .filter((match) => !isDeclaration(code, match.index + match[0].length))
      .map((match) => `${path}:${lineAt(code, match.index)}: names ${match[0]}; use ${instead}`),
  );
  const modules = findImports(text)
    .filter(({ specifier }) => bannedModules.has(specifier.replace(/^node:/, "")))
    .map(({ specifier, line }) => `${path}:${line}: imports ${specifier}; use a port`);
  return [...names, ...modules];
}

/** Whether what follows a name makes it a property or a method of ours: `name: ...`, `name?: ...`, `name(...) {`, `name(...): T`. */
function isDeclaration(code: string, at: number): boolean {
  const rest = code.slice(at).trimStart();
  if (/^\??\s*:/.test(rest)) return true;
  if (!rest.startsWith("(")) return false;
  let depth = 0;
  for (let end = 0; end < rest.length; end += 1) {
    if (rest[end] === "(") depth += 1;
    if (rest[end] === ")") depth -= 1;
    if (depth === 0) return /^\s*[{:]/.test(rest.slice(end + 1));
  }
  return false;
}
