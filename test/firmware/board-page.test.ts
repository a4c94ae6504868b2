// docs/board.md says what the data say.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type LedShow, patterns } from "#firmware/board/patterns.ts";
import { boards } from "#hardware/boards/boards.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/board.md"), "utf8");

function words(show: LedShow): string {
  if (typeof show === "string") return show;
  return show.map((ms, index) => `${ms} ms ${index % 2 === 0 ? "on" : "off"}`).join(", ");
}

test.each(Object.entries(patterns))("the pattern %s", (name, { status, alone }) => {
  const shown = alone === undefined ? words(status) : `${words(status)}; with one LED only: ${words(alone)}`;
  expect(page).toContain(`| ${name} | ${shown} |`);
});

test.each(boards.map((board) => [board.name, board] as const))("the board %s", (name, board) => {
  const row = page.split("\n").find((line) => line.startsWith("|") && line.includes(`\`${name}\``)) ?? "";
  const [, , led, button, watchdog, ports] = row.split("|").map((cell) => cell.trim());
  expect(led).toBe(board.leds.status?.[0] ?? "none");
  expect(button).toBe(board.button === undefined ? "none" : `GPIO ${board.button.line.offset}`);
  if (board.watchdog !== undefined) expect(watchdog).toBe(`${board.watchdog.timeoutMsMax / 1000} s`);
  else expect(watchdog).toMatch(/^none/);
  for (const { path } of board.serialPorts) expect(ports).toContain(`\`${path}\``);
  if (board.button !== undefined) expect(page).toContain(board.button.overlay);
});
