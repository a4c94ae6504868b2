// Which of the names that there are a person may have meant.

/** Names up to this many changes away are like the one that was written, in parts of its length. */
const likenessShare = 0.4;
const comparedMax = 64;

/** The names that are most like `written`, best first, at most three; letter case does not count. */
export function nearestNames(written: string, names: readonly string[]): readonly string[] {
  const wanted = written.toLowerCase().slice(0, comparedMax);
  const limit = Math.max(1, Math.floor(wanted.length * likenessShare));
  return [...new Set(names)]
    .map((name) => ({ name, changes: changesBetween(wanted, name.toLowerCase().slice(0, comparedMax)) }))
    .filter(({ name, changes }) => changes <= limit || (wanted.length > 1 && name.toLowerCase().includes(wanted)))
    .toSorted((one, other) => one.changes - other.changes)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Letters to put in, leave out, replace or swap with their neighbour (optimal string alignment). */
function changesBetween(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      let least = Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + same);
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) least = Math.min(least, cell(i - 2, j - 2) + 1);
      row.push(least);
    }
  }
  return cell(one.length, other.length);
}
