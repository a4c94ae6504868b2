// The nearest known name to a misspelt one.

interface Quotes {
  readonly before: string;
  readonly after: string;
}

/** ` (did you mean x?)`, or all that is known where nothing is near. */
export function suggestion(name: string, known: readonly string[], quotes: Quotes = { before: "", after: "" }): string {
  const quoted = (each: string): string => `${quotes.before}${each}${quotes.after}`;
  const best = nearest(name, known);
  if (best !== undefined) return ` (did you mean ${quoted(best)}?)`;
  return ` (known: ${known.map(quoted).join(", ")})`;
}

/** ` (did you mean "x"?)`, or nothing. */
export function suggestValue(name: string, known: readonly string[]): string {
  const best = nearest(name, known);
  return best === undefined ? "" : ` (did you mean ${JSON.stringify(best)}?)`;
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((each) => ({ each, distance: editDistance(name.slice(0, nameLengthMax).toLowerCase(), each) }))
    .toSorted((a, b) => a.distance - b.distance);
  if (best === undefined || best.distance > Math.max(2, Math.floor(name.length / 3))) return undefined;
  // A short name is near to everything.
  return best.distance < best.each.length ? best.each : undefined;
}

/** Beyond it nothing is near any more. */
const nameLengthMax = 64;

/** How many characters must be added, removed or replaced to get from one name to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, a] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, b] of [...to].entries()) {
      const replaced = (row[j] ?? 0) + (a === b ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
