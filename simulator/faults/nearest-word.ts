// Which of the known words was meant by one that is not known.
import { shown } from "./fault-error.ts";

/** No word of ours is longer by far: nobody meant one by this. */
const lengthMax = 64;

/** Edits after which two words have nothing to do with one another, for a word of `length`. */
function editsMax(length: number): number {
  return Math.max(2, Math.floor(length / 3));
}

/** The known word that needs the fewest edits, or undefined if none is near. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (word.length > lengthMax) return undefined;
  const distances = known.map((candidate) => ({ candidate, edits: editsBetween(plain(word), plain(candidate)) }));
  const best = distances.toSorted((one, other) => one.edits - other.edits)[0];
  return best !== undefined && best.edits <= editsMax(word.length) ? best.candidate : undefined;
}

/** `there is no fault "latencie"; did you mean "latency"?`, or all that there are. */
export function unknownWord(what: string, word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  const hint = nearest === undefined ? `there are ${known.join(", ") || "none"}` : `did you mean "${nearest}"?`;
  return `there is no ${what} ${shown(word)}; ${hint}`;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[\s_-]+/g, "");
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editsBetween(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= one.length; row += 1) {
    const edits: number[] = [row];
    rows.push(edits);
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwap = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      edits.push(
        Math.min(
          cell(row - 1, column) + 1,
          cell(row, column - 1) + 1,
          cell(row - 1, column - 1) + (isSame ? 0 : 1),
          isSwap ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return cell(one.length, other.length);
}
