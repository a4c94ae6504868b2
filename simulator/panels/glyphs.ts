// The panels' own bitmap font: printable ASCII, the degree sign and German letters, five pixels wide and seven high above the base line, drawn for this project.

export const glyphWidth = 5;
/** Seven rows above the base line and two below it. */
export const glyphHeight = 9;

/**
 * Two hexadecimal digits a row, top to bottom; the most significant of the low five bits is the leftmost pixel. Rows that
 * are not given are empty.
 */
const rows = new Map<string, string>([
  [" ", "00000000000000"],
  ["!", "04040404040004"],
  ['"', "0a0a0a00000000"],
  ["#", "0a0a1f0a1f0a0a"],
  ["$", "040f140e051e04"],
  ["%", "19190204081313"],
  ["&", "0c12140815120d"],
  ["'", "04040800000000"],
  ["(", "02040808080402"],
  [")", "08040202020408"],
  ["*", "0004150e150400"],
  ["+", "0004041f040400"],
  [",", "00000000000c0c0408"],
  ["-", "0000001f000000"],
  [".", "00000000000c0c"],
  ["/", "01010204081010"],
  ["0", "0e11131519110e"],
  ["1", "040c040404040e"],
  ["2", "0e11010204081f"],
  ["3", "1f02040201110e"],
  ["4", "02060a121f0202"],
  ["5", "1f101e0101110e"],
  ["6", "0608101e11110e"],
  ["7", "1f010204080808"],
  ["8", "0e11110e11110e"],
  ["9", "0e11110f01020c"],
  [":", "000c0c000c0c00"],
  [";", "00000c0c000c0c0408"],
  ["<", "02040810080402"],
  ["=", "00001f001f0000"],
  [">", "08040201020408"],
  ["?", "0e110102040004"],
  ["@", "0e11010d15150e"],
  ["A", "0e1111111f1111"],
  ["B", "1e11111e11111e"],
  ["C", "0e11101010110e"],
  ["D", "1c12111111121c"],
  ["E", "1f10101e10101f"],
  ["F", "1f10101e101010"],
  ["G", "0e11101711110f"],
  ["H", "1111111f111111"],
  ["I", "0e04040404040e"],
  ["J", "0702020202120c"],
  ["K", "11121418141211"],
  ["L", "1010101010101f"],
  ["M", "111b1515111111"],
  ["N", "11111915131111"],
  ["O", "0e11111111110e"],
  ["P", "1e11111e101010"],
  ["Q", "0e11111115120d"],
  ["R", "1e11111e141211"],
  ["S", "0f10100e01011e"],
  ["T", "1f040404040404"],
  ["U", "1111111111110e"],
  ["V", "11111111110a04"],
  ["W", "1111111515150a"],
  ["X", "11110a040a1111"],
  ["Y", "1111110a040404"],
  ["Z", "1f01020408101f"],
  ["[", "0e08080808080e"],
  ["\\", "10100804020101"],
  ["]", "0e02020202020e"],
  ["^", "040a1100000000"],
  ["_", "0000000000001f"],
  ["`", "08040200000000"],
  ["a", "00000e010f110f"],
  ["b", "1010161911111e"],
  ["c", "00000e1010110e"],
  ["d", "01010d1311110f"],
  ["e", "00000e111f100e"],
  ["f", "0609081c080808"],
  ["g", "00000d1311130d010e"],
  ["h", "10101619111111"],
  ["i", "04000c0404040e"],
  ["j", "02000602020202120c"],
  ["k", "10101214181412"],
  ["l", "0c04040404040e"],
  ["m", "00001a15151111"],
  ["n", "00001619111111"],
  ["o", "00000e1111110e"],
  ["p", "000016191119161010"],
  ["q", "00000d1311130d0101"],
  ["r", "00001619101010"],
  ["s", "00000e100e011e"],
  ["t", "08081c08080906"],
  ["u", "0000111111130d"],
  ["v", "00001111110a04"],
  ["w", "0000111115150a"],
  ["x", "0000110a040a11"],
  ["y", "0000111111130d010e"],
  ["z", "00001f0204081f"],
  ["{", "03040408040403"],
  ["|", "04040404040404"],
  ["}", "18040402040418"],
  ["~", "00000815020000"],
  ["°", "0c12120c000000"],
  ["·", "0000000c0c0000"],
  ["ä", "0a000e010f110f"],
  ["ö", "0a000e1111110e"],
  ["ü", "0a00111111130d"],
  ["Ä", "0a000e111f1111"],
  ["Ö", "110e111111110e"],
  ["Ü", "0a00111111110e"],
  ["ß", "0c12141211121410"],
]);

/** What looks nearly the same. */
const likenesses = new Map([
  ...[..."\u2010\u2011\u2012\u2013\u2014\u2212"].map((dash) => [dash, "-"] as const),
  ...[..."\u2018\u2019\u00b4"].map((quote) => [quote, "'"] as const),
  ...[..."\u201c\u201d\u201e"].map((quote) => [quote, '"'] as const),
]);

/** Rows of a character, each five bits; marks on an unknown one are left out, or it is shown as a question mark. */
export function glyphRows(character: string): readonly number[] {
  const [plain = ""] = character.normalize("NFD");
  const known = [character, likenesses.get(character), plain, "?"].find((one) => one !== undefined && rows.has(one));
  const text = rows.get(known ?? "?") ?? "";
  return Array.from({ length: glyphHeight }, (_, row) => Number.parseInt(text.slice(row * 2, row * 2 + 2) || "0", 16));
}

/** Digits stand in columns of their own, so that a number does not move when it changes. */
const wide = /[0-9]/;
const spaceWidth = 3;
const extents = new Map<string, { readonly left: number; readonly width: number }>();

/** The columns of a character that have something in them. */
export function glyphExtent(character: string): { readonly left: number; readonly width: number } {
  let extent = extents.get(character);
  if (extent === undefined) {
    extent = measure(character);
    if (extents.size < 256) extents.set(character, extent);
  }
  return extent;
}

function measure(character: string): { readonly left: number; readonly width: number } {
  if (wide.test(character)) return { left: 0, width: glyphWidth };
  const used = glyphRows(character).reduce((all, row) => all | row, 0);
  if (used === 0) return { left: 0, width: spaceWidth };
  const left = Math.clz32(used) - (32 - glyphWidth);
  const right = 31 - Math.clz32(used & -used);
  return { left, width: glyphWidth - left - right };
}
