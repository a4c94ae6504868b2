// How soon a change that the panel makes by itself is on the page: an X program changes the screen, nobody touches anything.
import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, canvasPicture, connect, openDevice } from "../support/console-page.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, Program, temporaryFolder } from "../support/processes.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";
import { differentPixels, type Picture } from "../support/xwd.ts";

const password = "xV7-pass";
/** In the middle of the terminal, where no text is. */
const place = { x: 500, y: 300 };
const limitMs = 2_000;
const givenUpMs = 10_000;
const colours = ["#ff0000", "#00a0ff", "#10c020", "#ffd000", "#8000ff", "#ffffff", "#202020", "#ff60a0"];

describe.skipIf(isAnyMissing(peers.xvnc, peers.vncPassword, peers.xterm, peers.xwd, peers.chromium))(
  "a change on the panel's screen",
  () => {
    const folder = temporaryFolder();
    const orders = join(folder.path, "orders");
    let orderFile: number | undefined;
    let xvnc: Xvnc;
    let program: Program;
    let bench: ConsoleBench;

    beforeAll(async () => {
      xvnc = await startXvnc({ password, folder: folder.path });
      execFileSync("mkfifo", [orders]);
      // Held open for reading too: opening does not wait for the program, and its input never ends.
      orderFile = openSync(orders, "r+");
      // OSC 11 gives xterm another background.
      const obeys = `while read -r colour; do printf '\\033]11;%s\\007' "$colour"; done < "${orders}"`;
      program = new Program(
        "xterm",
        "xterm",
        ["-geometry", "160x40+0+0", "-bc", "-bcn", "0", "-bcf", "0", "-fn", "fixed", "-e", obeys],
        { env: { DISPLAY: xvnc.display, HOME: folder.path } },
      );
      bench = await ConsoleBench.start("gw-change", [`127.0.0.1:${xvnc.port}`]);
    });

    afterAll(async () => {
      await bench?.[Symbol.asyncDispose]();
      await program?.stop("SIGTERM");
      await xvnc?.stop();
      if (orderFile !== undefined) closeSync(orderFile);
      folder[Symbol.dispose]();
    });

    test("is on the page within 2 s of the moment at which the panel is told to change", async () => {
      console.info(`real peer: Xtigervnc ${xvnc.version}, Chromium ${bench.browser.version()}`);
      const { context, page } = await bench.signedIn();
      await bench.registersGateway(page);
      await openDevice(page, bench.gatewayName, "remote-access");
      await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: xvnc.port, password });
      const viewer = await connect(page, "Press 4");
      await viewer.locator("#screen canvas").hover({ position: { x: 780, y: 470 } });
      await eventually("the panel's picture", async () =>
        differentPixels(await canvasPicture(viewer), await xvnc.picture()) === 0 ? true : undefined,
      );

      const delaysMs: number[] = [];
      for (const colour of colours) {
        const shownAtMs = await watchPlace(viewer, colour);
        const toldAtMs = Date.now();
        writeSync(orderFile!, `${colour}\n`);
        const shown = await shownAtMs();
        const wanted = Number.parseInt(colour.slice(1), 16);
        expect(await pixelsAtPlace(viewer, xvnc)).toEqual({ panel: wanted, page: wanted });
        delaysMs.push(shown - toldAtMs);
      }
      await eventually("the whole picture", async () =>
        differentPixels(await canvasPicture(viewer), await xvnc.picture()) === 0 ? true : undefined,
      );
      const sorted = delaysMs.toSorted((a, b) => a - b);
      console.info(
        `a change by itself is on the page after ${sorted[0]} to ${sorted.at(-1)} ms, median ${sorted[sorted.length >> 1]} ms`,
      );
      for (const delayMs of delaysMs) {
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThan(limitMs);
      }
      await context.close();
    });
  },
);

async function pixelsAtPlace(
  viewer: Page,
  xvnc: Xvnc,
): Promise<{ panel: number | undefined; page: number | undefined }> {
  const at = ({ width, pixels }: Picture) => pixels[place.y * width + place.x];
  return { panel: at(await xvnc.picture()), page: at(await canvasPicture(viewer)) };
}

/**
 * Looks at the place in each of the browser's frames, from now on; gives when it has the colour, by the clock that both
 * share, or when it gave up.
 */
async function watchPlace(viewer: Page, colour: string): Promise<() => Promise<number>> {
  const { x, y } = place;
  await viewer.evaluate(`(() => {
    const { promise, resolve } = Promise.withResolvers();
    const context = document.querySelector("#screen canvas").getContext("2d");
    const givenUpAtMs = Date.now() + ${givenUpMs};
    const look = () => {
      const [red, green, blue] = context.getImageData(${x}, ${y}, 1, 1).data;
      const seen = "#" + [red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("");
      if (seen === "${colour}" || Date.now() > givenUpAtMs) resolve(Date.now());
      else requestAnimationFrame(look);
    };
    look();
    globalThis.shownAtMs = promise;
  })()`);
  return async () => Number(await viewer.evaluate("globalThis.shownAtMs"));
}
