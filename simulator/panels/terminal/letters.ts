// What a letter takes on a terminal, and text cut to a width in columns.

/** East Asian and picture letters, which terminals draw two columns wide. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const marks = /\p{M}|\u200d/u;

/** Columns of one code point: 0 for marks that stand on the letter before. */
export function letterWidth(letter: string): number {
  if (marks.test(letter)) return 0;
  return wide.test(letter) ? 2 : 1;
}

/** Exactly so many columns: cut or filled with blanks. */
export function fitted(text: string, columns: number): string {
  let cut = "";
  let width = 0;
  for (const letter of text) {
    const next = width + letterWidth(letter);
    if (next > columns) break;
    cut += letter;
    width = next;
  }
  return cut + " ".repeat(Math.max(0, columns - width));
}
