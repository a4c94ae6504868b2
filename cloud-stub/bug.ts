// What the log says of an exception that is a bug of ours: enough to find it, nothing of the data that it was about.

/** Longest message that is logged, in UTF-16 units. */
const messageLengthMax = 300;

/** Error texts quote what they are about (a parser does its input), and that may be a secret. */
const quoted = /"[^"]*"?|'[^']*'?|`[^`]*`?/g;
/** Connection keys, tokens and the like: words that no sentence has. */
const longWord = /[\w+/=-]{20,}/g;

/** `why`: kind and message without what it quotes; `where`: the innermost place in our sources, or in whose library. */
export function describeBug(error: unknown): { readonly why: string; readonly where?: string } {
  if (!(error instanceof Error)) return { why: "something that is no Error was thrown" };
  const message = error.message.replace(quoted, '"…"').replace(longWord, "…").slice(0, messageLengthMax);
  const place = (error.stack ?? "")
    .split("\n")
    .map((line) => /\/((?:cloud-stub|protocol|node_modules|hardware)\/[^)\s]+:\d+:\d+)/.exec(line)?.[1])
    .find((found) => found !== undefined);
  return { why: `${error.name}: ${message}`, ...(place === undefined ? {} : { where: place }) };
}
