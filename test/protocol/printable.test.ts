// Texts of the other side, made fit for people and logs.
import { describe, expect, it } from "vitest";
import { cutToBytes, printable } from "#protocol/printable.ts";

describe("printable", () => {
  it.each([
    ["plain", "plain"],
    ["Prüfstand №3 🛠", "Prüfstand №3 🛠"],
    ["  two\r\nlines\t", "two lines"],
    ["\u001b[2Jred", "[2Jred"],
    ["a\u0000b", "a b"],
    ["right\u202eleft\u2066x", "right left x"],
    ["a\u2028b", "a b"],
    ["bad \ufffd\ud800 end", "bad end"],
    ["\u0007", ""],
  ])("%j becomes %j", (text, clean) => {
    expect(printable(text, 100)).toBe(clean);
  });

  it("is cut to characters, not to halves of them", () => {
    expect(printable("🛠🛠🛠", 3)).toBe("🛠🛠🛠");
    expect(printable("🛠🛠🛠", 2)).toBe("🛠🛠");
  });
});

it.each([
  ["abc", 3, "abc"],
  ["abc", 2, "ab"],
  ["aä", 2, "a"],
  ["aä", 3, "aä"],
  ["a🛠", 4, "a"],
  ["a🛠b", 5, "a🛠"],
  ["🛠", 0, ""],
])("cuts %j to %i bytes as %j", (text, bytesMax, cut) => {
  expect(cutToBytes(text, bytesMax)).toBe(cut);
});
