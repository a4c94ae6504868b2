// What a person can do with a panel's screen besides looking: keys, clipboard, sizes, picture, against TigerVNC's Xvnc.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, canvasPicture, connect, openDevice, recordWebSocketFrames } from "../support/console-page.ts";
import { isAnyMissing, pathOf, peers } from "../support/peers.ts";
import { eventually, Program, temporaryFolder } from "../support/processes.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";
import { differentPixels, type Picture } from "../support/xwd.ts";
import { scriptsOf } from "./terminal-page.ts";

const password = "xV7-pass";
const isSkipped = isAnyMissing(peers.xvnc, peers.vncPassword, peers.xterm, peers.xwd, peers.chromium);

describe.skipIf(isSkipped)("the tools of the screen", () => {
  const folder = temporaryFolder();
  let xvnc: Xvnc;
  let bench: ConsoleBench;
  let page: Page;
  let viewer: Page;

  beforeAll(async () => {
    xvnc = await startXvnc({ password, folder: folder.path });
    bench = await ConsoleBench.start("gw-tools", [`127.0.0.1:${xvnc.port}`]);
    console.info(`real peer: Xtigervnc ${xvnc.version}, Chromium ${bench.browser.version()}`);
    ({ page } = await bench.signedIn());
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: bench.cloud.consoleUrl });
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: xvnc.port, password });
    viewer = await connect(page, "Press 4");
    await viewer.locator("#screen canvas").hover({ position: { x: 100, y: 100 } });
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await xvnc?.stop();
    folder[Symbol.dispose]();
  });

  const fileOf = (name: string) =>
    eventually(`the file ${name} at the panel`, () => {
      const file = join(folder.path, name);
      return existsSync(file) && readFileSync(file, "utf8").endsWith("\n") ? readFileSync(file, "utf8") : undefined;
    });

  test("the screen's code comes with the screen only, and the terminal's not at all", async () => {
    expect(await scriptsOf(page)).not.toMatch(/terminal-session|vnc-session/);
    const scripts = await scriptsOf(viewer);
    expect(scripts).toMatch(/vnc-session/);
    expect(scripts).not.toMatch(/terminal-session/);
  });

  test("a text goes to the panel's clipboard, and is pasted there", async () => {
    await viewer.getByTestId("clipboard").click();
    await viewer.getByTestId("clipboard-text").fill("from the browser é");
    await viewer.getByTestId("clipboard-send").click();
    await viewer.locator("#screen canvas").click({ position: { x: 100, y: 100 } });
    await viewer.keyboard.type("cat > pasted.txt\n", { delay: 20 });
    await eventually("cat to wait", () => (existsSync(join(folder.path, "pasted.txt")) ? true : undefined));
    const before = await xvnc.picture();
    await viewer.keyboard.press("Shift+Insert");
    await eventually("the text to be pasted", async () =>
      differentPixels(before, await xvnc.picture()) > 0 ? true : undefined,
    );
    await viewer.keyboard.press("Enter");
    await viewer.keyboard.press("Control+D");
    // This xterm does not speak UTF-8.
    expect(Buffer.from(await fileOf("pasted.txt"), "latin1").length).toBeGreaterThan(0);
    expect(readFileSync(join(folder.path, "pasted.txt"), "latin1")).toMatch(/^from the browser /);
  });

  test("what is selected at the panel comes to the page, and from there to the person's own clipboard", async () => {
    const canvas = viewer.locator("#screen canvas");
    await canvas.click({ position: { x: 100, y: 100 } });
    await viewer.keyboard.type("clear; echo chosen\n", { delay: 20 });
    await eventually("the word to be drawn", async () => {
      await canvas.dblclick({ position: { x: 20, y: 9 } });
      return (await viewer.getByTestId("clipboard-text").inputValue()).startsWith("chosen") ? true : undefined;
    });
    await viewer.getByTestId("clipboard-copy").click();
    await viewer.getByTestId("clipboard-copy").filter({ hasText: "Copied" }).waitFor();
    // The whole line, where two double clicks came so fast that the panel took them for more.
    expect(await viewer.evaluate("navigator.clipboard.readText()")).toMatch(/^chosen\n?$/);
    await viewer.getByTestId("clipboard").click();
  });

  test.skipIf(isAnyMissing(peers.xev))(
    "keys that the browser keeps for itself reach the panel, held and pressed",
    async () => {
      const watcher = new Program(
        "xev",
        pathOf(peers.xev) ?? "xev",
        ["-geometry", "800x480+0+0", "-event", "keyboard"],
        {
          env: { DISPLAY: xvnc.display },
        },
      );
      const canvas = viewer.locator("#screen canvas");
      await eventually("xev's window", async () => {
        await canvas.hover({ position: { x: 300, y: 300 } });
        await canvas.hover({ position: { x: 310, y: 300 } });
        return watcher.output.includes("KeymapNotify") || watcher.output.includes("Outer window") ? true : undefined;
      });
      const press = async (testId: string) => {
        await viewer.getByTestId("keys-menu").click();
        await viewer.getByTestId(testId).click();
      };
      const saw = (kind: string, name: string) =>
        watcher.output.split("\n\n").some((event) => event.includes(`${kind} event`) && event.includes(`, ${name})`));
      const sees = (kind: string, name: string) =>
        watcher.until(() => (saw(kind, name) ? true : undefined), `${kind} of ${name}`, 10_000);
      await press("key-f11");
      await sees("KeyPress", "F11");
      await press("key-windows");
      await sees("KeyPress", "Super_L");
      await press("key-ctrl");
      await sees("KeyPress", "Control_L");
      expect(saw("KeyRelease", "Control_L")).toBe(false);
      await press("key-ctrl");
      await sees("KeyRelease", "Control_L");
      await viewer.getByTestId("ctrl-alt-del").click();
      await sees("KeyPress", "Alt_L");
      await sees("KeyPress", "Delete");
      await watcher.stop("SIGTERM");
    },
  );

  test("the saved picture is the panel's own, to the pixel", async () => {
    await viewer.locator("#screen canvas").hover({ position: { x: 700, y: 440 } });
    await eventually("a picture equal to the display's own", async () => {
      const downloading = viewer.waitForEvent("download");
      await viewer.getByTestId("screenshot").click();
      const download = await downloading;
      expect(download.suggestedFilename()).toBe("Press-4.png");
      const saved = pictureOf(PNG.sync.read(readFileSync(await download.path())));
      return differentPixels(saved, await xvnc.picture()) === 0 ? true : undefined;
    });
  });

  test("a low quality is asked for when chosen, and the exact picture comes back with the exact one", async () => {
    await viewer.reload();
    const frames = recordWebSocketFrames(viewer);
    await viewer.reload();
    await viewer.locator("#connection-bar[data-step=connected]").waitFor();
    const asked = () => frames.map(encodingsIn).filter((list) => list.length > 0);
    const choose = async (testId: string) => {
      await viewer.getByTestId("view-menu").click();
      await viewer.getByTestId(testId).click();
    };
    expect(asked().at(-1)?.filter(isLossy)).toEqual([]);
    await choose("quality-low");
    await eventually("a wish for low quality", () => (asked().at(-1)?.includes(-31) ? true : undefined));
    await choose("compression-small");
    await eventually("a wish for compression", () => (asked().at(-1)?.includes(-247) ? true : undefined));
    await choose("quality-exact");
    await eventually("no lossy wish", () => (asked().at(-1)?.some(isLossy) === false ? true : undefined));
    const canvas = viewer.locator("#screen canvas");
    await canvas.hover({ position: { x: 700, y: 440 } });
    await canvas.click({ position: { x: 100, y: 100 } });
    await viewer.keyboard.type("clear\n", { delay: 20 });
    await canvas.hover({ position: { x: 700, y: 440 } });
    await eventually("a canvas equal to the display", async () =>
      differentPixels(await canvasPicture(viewer), await xvnc.picture()) === 0 ? true : undefined,
    );
  });

  test("a small window shows the screen smaller, pixel for pixel when wished, and can change the panel's own size", async () => {
    await viewer.setViewportSize({ width: 600, height: 400 });
    const canvas = viewer.locator("#screen canvas");
    const shownWidth = async () => Math.round((await canvas.boundingBox())?.width ?? 0);
    const choose = async (testId: string) => {
      await viewer.getByTestId("view-menu").click();
      await viewer.getByTestId(testId).click();
    };
    await eventually("a smaller picture", async () => ((await shownWidth()) <= 600 ? true : undefined));
    await choose("fit-one-to-one");
    await eventually("pixel for pixel", async () => ((await shownWidth()) === 800 ? true : undefined));
    await choose("fit-remote");
    const stage = await viewer.locator("#screen").boundingBox();
    await eventually("the panel's own screen to have the window's size", async () => {
      const { width, height } = await xvnc.picture();
      return width === Math.floor(stage?.width ?? 0) && height === Math.floor(stage?.height ?? 0) ? true : undefined;
    });
    await viewer.setViewportSize({ width: 900, height: 600 });
    await eventually("it to follow the window", async () => ((await xvnc.picture()).width === 900 ? true : undefined));
  });
});

function pictureOf(png: PNG): Picture {
  const pixels = new Uint32Array(png.width * png.height);
  for (let index = 0; index < pixels.length; index++) pixels[index] = png.data.readUInt32BE(index * 4) >>> 8;
  return { width: png.width, height: png.height, pixels };
}

/** The list of a SetEncodings message (RFC 6143 section 7.5.2); empty for any other frame. */
function encodingsIn(frame: string | Buffer): readonly number[] {
  if (typeof frame === "string" || frame.length < 8 || frame[0] !== 2) return [];
  const count = frame.readUInt16BE(2);
  if (frame.length !== 4 + 4 * count) return [];
  return Array.from({ length: count }, (_, index) => frame.readInt32BE(4 + 4 * index));
}

/** A JPEG quality level, JPEG or H.264. */
function isLossy(encoding: number): boolean {
  return (encoding >= -32 && encoding <= -23) || encoding === 21 || encoding === 50;
}
