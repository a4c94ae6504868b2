// A person, a browser, a cloud and a gateway as processes, and TigerVNC's Xvnc running xterm as the panel.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCanary } from "../support/canary.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, canvasPicture, connect, openDevice, recordWebSocketFrames } from "../support/console-page.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, temporaryFolder } from "../support/processes.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";
import { differentPixels } from "../support/xwd.ts";

const panelPassword = "xV7-pass";
const isSkipped = isAnyMissing(peers.xvnc, peers.vncPassword, peers.xterm, peers.xwd, peers.chromium);

describe.skipIf(isSkipped)("Xvnc in the console", () => {
  const folder = temporaryFolder();
  let xvnc: Xvnc;
  let bench: ConsoleBench;

  beforeAll(async () => {
    xvnc = await startXvnc({ password: panelPassword, folder: folder.path });
    bench = await ConsoleBench.start("gw-xvnc", [`127.0.0.1:${xvnc.port}`]);
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await xvnc?.stop();
    folder[Symbol.dispose]();
  });

  test("a person registers the gateway, adds the panel, sees its very screen, types into it and disconnects", async () => {
    console.info(`real peer: Xtigervnc ${xvnc.version}, Chromium ${bench.browser.version()}`);
    const { context, page } = await bench.signedIn();
    await bench.registersGateway(page);

    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: xvnc.port, password: panelPassword });

    const frames: (string | Buffer)[] = [];
    context.on("page", (opened) => {
      const recorded = recordWebSocketFrames(opened);
      opened.on("close", () => frames.push(...recorded));
    });
    const viewer = await connect(page, "Press 4");
    const canvas = viewer.locator("#screen canvas");
    await canvas.hover({ position: { x: 700, y: 440 } });
    await eventually("a canvas equal to the display's own picture", async () => {
      return differentPixels(await canvasPicture(viewer), await xvnc.picture()) === 0 ? true : undefined;
    });

    await canvas.click({ position: { x: 100, y: 100 } });
    await viewer.keyboard.type("echo typed-in-the-browser > from-browser.txt\n", { delay: 20 });
    const file = join(folder.path, "from-browser.txt");
    await eventually("the file that the typed line makes on the panel", () => (existsSync(file) ? true : undefined));
    expect(readFileSync(file, "utf8")).toBe("typed-in-the-browser\n");
    await canvas.hover({ position: { x: 700, y: 440 } });
    await eventually("the typed line on the canvas, equal to the display", async () => {
      const [seen, shown] = [await canvasPicture(viewer), await xvnc.picture()];
      return differentPixels(seen, shown) === 0 ? true : undefined;
    });

    await viewer.getByTestId("disconnect").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='client.closed']").waitFor();
    await viewer.close();

    await page.getByTestId("tab-control").click();
    await page.getByTestId("operation-table").locator("[data-status=SUCCESSFUL]").first().waitFor();
    expect(await page.getByTestId(/^operation-\d+$/).count()).toBe(1);
    expect(await page.getByTestId("operation-table").textContent()).toContain("admin");

    const closed = await bench.gateway.event("tunnel.closed");
    expect(closed).toMatchObject({ reason: "client.closed" });
    expect(frames.length).toBeGreaterThan(10);
    expect(frames.flatMap((frame) => findCanary("a websocket frame of the browser", frame, panelPassword))).toEqual([]);
    await context.close();
  });

  test("a wrong VNC password is said in plain words in the tab where the person looks", async () => {
    const { context, page } = await bench.signedIn();
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Wrong", host: "127.0.0.1", port: xvnc.port, password: "not-it" });
    const opening = page.context().waitForEvent("page");
    await page
      .locator('[data-name="Wrong"]')
      .getByTestId(/^connect-/)
      .click();
    const viewer = await opening;
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='auth.failed']").waitFor();
    expect(await viewer.getByTestId("connection-ending").textContent()).toMatch(/password/i);
    await context.close();
  });
});
