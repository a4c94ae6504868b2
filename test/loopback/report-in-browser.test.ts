// The HTML report in a real browser: nothing is fetched, nothing fails, and it fits a screen and a phone.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeHtml } from "#simulator/report/html/page.ts";
import { replayCommand } from "#simulator/report/replay-command.ts";
import { runScenario } from "#simulator/scenario/run-scenario.ts";
import { findScenario } from "#simulator/scenarios/catalogue.ts";
import { openBrowser } from "../support/console-page.ts";
import { isAnyMissing, peers } from "../support/peers.ts";

let folder: string;
let file: string;
let browser: Browser;

describe.skipIf(isAnyMissing(peers.chromium))("a report in a browser", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "postern-report-"));
    file = join(folder, "report.html");
    const result = await runScenario(findScenario("reset-storm"));
    await writeFile(
      file,
      writeHtml({ result, replay: replayCommand(result) }, { folder: "", program: "Postern test" }),
    );
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ["a screen", 1280],
    ["a phone", 360],
  ] as const)(
    "fits %s without scrolling sideways, asks for nothing else, and draws its pictures",
    async (_what, width) => {
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      const asked: string[] = [];
      const problems: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      page.on("console", (message) => problems.push(message.text()));
      page.on("pageerror", (error) => problems.push(error.message));
      await page.goto(pathToFileURL(file).href);
      expect({ asked, problems }).toEqual({ asked: [pathToFileURL(file).href], problems: [] });
      expect(await page.locator("html").evaluate((html) => html.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await page.locator(".sequence svg").count()).toBeGreaterThan(1);
      const bars = await page
        .locator(".bar.fault")
        .evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect().width));
      expect(bars).toHaveLength(24);
      expect(Math.min(...bars)).toBeGreaterThan(1);
      // Each arrow ends at the lifelines of its two hosts.
      const ends = await page
        .locator(".arrow")
        .evaluateAll((all) => all.flatMap((line) => [line.getAttribute("x1"), line.getAttribute("x2")]));
      const lives = await page.locator(".life").evaluateAll((all) => all.map((line) => line.getAttribute("x1")));
      expect(ends.filter((x) => !lives.includes(x))).toEqual([]);
      await page.close();
    },
  );
});
