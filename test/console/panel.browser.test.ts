// A person in a browser operates the simulator's panel: its button by the pointer, its field by the keyboard.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { layout } from "#simulator/panels/hmi-screen.ts";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, canvasPicture, connect, openDevice } from "../support/console-page.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually } from "../support/processes.ts";
import { differentPixels } from "../support/xwd.ts";

const password = "hmi-pass";

describe.skipIf(isAnyMissing(peers.chromium))("the simulator's panel in the console", () => {
  let panel: RunningVncPanel;
  let bench: ConsoleBench;

  beforeAll(async () => {
    panel = await vncPanel({ password, title: "PRESS 4  Hydraulics" }).start({
      name: "press4",
      network: openLinuxNetwork(),
      clock: linuxClock,
      random: linuxRandom,
      seed: 7,
      address: "127.0.0.1",
      port: 0,
    });
    bench = await ConsoleBench.start("gw-panel", [`127.0.0.1:${panel.port}`]);
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await panel?.close();
  });

  test("a person sees the panel's picture, stops the machine, types an order, and finds the connection in Control", async () => {
    const { context, page } = await bench.signedIn();
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: panel.port, password });
    const viewer = await connect(page, "Press 4");
    const canvas = viewer.locator("#screen canvas");

    await eventually("a canvas equal to the panel's own picture", async () => {
      const seen = await canvasPicture(viewer);
      return differentPixels(seen, panel.screen.frame) === 0 ? true : undefined;
    });

    expect(panel.screen.isRunning).toBe(true);
    const { button, field } = layout;
    await canvas.click({ position: { x: button.x + button.width / 2, y: button.y + button.height / 2 } });
    await eventually("the machine to stop", () => (panel.screen.isRunning ? undefined : true));

    await canvas.click({ position: { x: field.x + 20, y: field.y + 10 } });
    await viewer.keyboard.type("B-77\n", { delay: 20 });
    await eventually("the order on the panel", () => (panel.screen.order === "B-77" ? true : undefined));

    await viewer.getByTestId("disconnect").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='client.closed']").waitFor();
    await viewer.close();
    await page.getByTestId("tab-control").click();
    await page.getByTestId("operation-table").locator("[data-status=SUCCESSFUL]").first().waitFor();
    await eventually("the panel to see the connection go", () => (panel.connections === 0 ? true : undefined));
    await context.close();
  });
});
