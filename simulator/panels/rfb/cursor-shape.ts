// The panel's pointer: an arrow, black with a white edge.
import type { CursorShape } from "#protocol/rfb/cursor.ts";

/** `#` black, `.` white, blank not there; the hot spot is the upper left corner. */
const rows = [
  "..          ",
  ".#.         ",
  ".##.        ",
  ".###.       ",
  ".####.      ",
  ".#####.     ",
  ".######.    ",
  ".#######.   ",
  ".########.  ",
  ".#####..... ",
  ".##.##.     ",
  ".#. .##.    ",
  "..  .##.    ",
  "     .##.   ",
  "     .##.   ",
  "      ..    ",
];

export const arrowCursor: CursorShape = {
  picture: {
    width: 12,
    height: rows.length,
    pixels: Uint32Array.from([...rows.join("")], (mark) => (mark === "." ? 0xffffff : 0)),
  },
  mask: Uint8Array.from([...rows.join("")], (mark) => Number(mark !== " ")),
};
