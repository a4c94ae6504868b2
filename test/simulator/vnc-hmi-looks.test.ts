// What a newcomer would stumble over on the panel's screen: letters of other languages, pipes that end in the air, stripes.
import { describe, expect, it } from "vitest";
import type { Framebuffer } from "#protocol/rfb/pixel-format.ts";
import { glyphRows } from "#simulator/panels/glyphs.ts";
import { keypad, settingRows } from "#simulator/panels/hmi-layout.ts";
import { HmiScreen } from "#simulator/panels/hmi-screen.ts";

const clock = {
  nowMs: () => Date.UTC(2026, 10, 24, 9, 0, 0),
  monotonicMs: () => 0,
  setTimeout: () => ({ timer: undefined }),
  clearTimeout: () => undefined,
};

function screenOf(title: string): HmiScreen {
  return new HmiScreen({ title, seed: 7, clock });
}

function pixel({ width, pixels }: Framebuffer, x: number, y: number): number {
  return pixels[y * width + x] ?? -1;
}

describe("the panel's letters", () => {
  it.each([..."äöüÄÖÜß·"])("%s has a shape of its own", (letter) => {
    for (const other of ["?", ..."aouAOUB."]) expect(glyphRows(letter)).not.toEqual(glyphRows(other));
  });

  it.each([
    ["é", "e"],
    ["Ç", "C"],
    ["ñ", "n"],
    ["–", "-"],
    ["´", "'"],
  ])("%s is shown as %s", (letter, plain) => {
    expect(glyphRows(letter)).toEqual(glyphRows(plain));
  });

  it("what nothing stands for is a question mark", () => {
    expect(glyphRows("漢")).toEqual(glyphRows("?"));
  });

  it("a title has the room that is there: more of it on the first page", () => {
    const long = screenOf("Press 4 in hall B, line 2, a").render();
    const longer = screenOf("Press 4 in hall B, line 2, a rather long name").render();
    const row = (frame: Framebuffer, from: number, to: number) => frame.pixels.slice(20 * 800 + from, 20 * 800 + to);
    expect(row(longer, 430, 550)).not.toEqual(row(long, 430, 550));
  });
});

describe("the process picture of a press", () => {
  it("has a pipe that reaches the cylinder, behind the column", () => {
    const screen = screenOf("Press 4");
    screen.shows("process");
    const frame = screen.render();
    const pipe = pixel(frame, 540, 194);
    expect(pixel(frame, 600, 194)).toBe(pipe);
    expect(pixel(frame, 624, 194)).toBe(pipe);
    expect(pixel(frame, 584, 194)).toBe(pixel(frame, 584, 300));
  });
});

describe("the keypad", () => {
  it("stands before a page that steps back evenly", () => {
    const screen = screenOf("Press 4");
    screen.shows("settings");
    const before = screen.render().pixels.slice();
    const [row] = settingRows;
    screen.pointer((row?.x ?? 0) + 600, (row?.y ?? 0) + 20, 1);
    screen.pointer((row?.x ?? 0) + 600, (row?.y ?? 0) + 20, 0);
    expect(screen.keypad).toBeDefined();
    const frame = screen.render();
    const beside = keypad.x - 20;
    const column = Array.from({ length: 20 }, (_, step) => pixel(frame, beside, 185 + step));
    const plain = Array.from({ length: 20 }, (_, step) => before[(185 + step) * 800 + beside]);
    // Where the page is of one colour, so is what is seen of it behind the keypad, and it is another one.
    for (const [step, colour] of column.entries()) {
      if (plain[step] !== plain[0]) continue;
      expect(colour).toBe(column[0]);
      expect(colour).not.toBe(plain[0]);
    }
  });
});
