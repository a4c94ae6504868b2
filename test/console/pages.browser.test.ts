// A person on the console's pages: long names, a narrow window, the keyboard alone, and what each tab offers.
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, connect, openDevice } from "../support/console-page.ts";
import { startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { adminPassword } from "../support/running-cloud.ts";

/** As long as the cloud takes it, without a place to break. */
const longName = "W".repeat(120);
const longHost = `${"a".repeat(60)}.${"b".repeat(60)}.invalid`;
const script = "<img src=x onerror=document.title='run'>";

describe.skipIf(isAnyMissing(peers.chromium))("the console's pages", () => {
  let panel: RunningVncPanel;
  let bench: ConsoleBench;
  let page: Page;

  beforeAll(async () => {
    panel = await startPanel(vncPanel({ password: "on-panel" }), "press4");
    bench = await ConsoleBench.start("gw-pages", [`127.0.0.1:${panel.port}`]);
    ({ page } = await bench.signedIn());
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await panel?.close();
  });

  test("an id that no gateway can have is said at its field", async () => {
    await page.getByTestId("menu-registration").click();
    await page.getByTestId("registration-device-id").fill("<script>");
    await page.getByTestId("registration-add").click();
    const note = page.getByTestId("registration-device-id-note");
    await note.filter({ hasText: /^The device ID must be 1 to 100 letters, digits/ }).waitFor();
    expect(await page.getByTestId("registration-device-id").inputValue()).toBe("<script>");
    await bench.registersGateway(page);
  });

  test("the list shows the gateway online, and Info what it says of itself", async () => {
    await page.getByTestId("menu-devices").click();
    const row = page.getByTestId("device-table").locator("tbody tr");
    await row.locator("[data-state=online]").waitFor();
    expect(await row.textContent()).toContain(bench.gatewayId);
    await openDevice(page, bench.gatewayName, "info");
    const facts = page.locator(".facts").first();
    await facts.getByText(bench.gatewayId, { exact: true }).waitFor();
    await page.getByText("postern-gateway", { exact: true }).first().waitFor();
    await page.getByText("Remote access", { exact: true }).last().waitFor();
  });

  test("a long name, a long host and one with a script in it leave every button in sight", async () => {
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: panel.port, password: "on-panel" });
    await addVncEndpoint(page, { name: longName, host: longHost, port: 5900 });
    await addVncEndpoint(page, { name: script, host: "127.0.0.1", port: panel.port, password: "on-panel" });
    for (const width of [1280, 800]) {
      await page.setViewportSize({ width, height: 900 });
      for (const button of await page.getByTestId(/^connect-/).all()) await expectInSight(button, width);
      for (const menu of await page.getByTestId(/^endpoint-menu-/).all()) await expectInSight(menu, width);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    expect(await page.title()).not.toBe("run");
  });

  test("a failure with a long host in it is readable to its end, in the tab and in Control", async () => {
    const opening = page.context().waitForEvent("page");
    await page
      .locator(`[data-name="${longName}"]`)
      .getByTestId(/^connect-/)
      .click();
    const viewer = await opening;
    await viewer.setViewportSize({ width: 800, height: 600 });
    await viewer.locator("#connection-bar[data-reason='panel.name-unknown']").waitFor({ timeout: 40_000 });
    await expectInSight(viewer.getByTestId("stage-notice").locator("p"), 800);
    await viewer.close();
    await page.getByTestId("tab-control").click();
    await page.setViewportSize({ width: 1280, height: 900 });
    await expectInSight(page.getByTestId("operation-table").locator("tbody tr td").last(), 1280);
    await page.getByTestId("tab-remote-access").click();
  });

  test("the bar keeps Disconnect in sight in a narrow window", async () => {
    const viewer = await connect(page, "Press 4");
    await viewer.setViewportSize({ width: 400, height: 600 });
    await expectInSight(viewer.getByTestId("disconnect"), 400);
    await viewer.getByTestId("disconnect").click();
    await viewer.locator("#connection-bar[data-step=disconnected]").waitFor();
    await viewer.close();
  });

  test("an endpoint is changed, keeping its stored password, and then removed after a question", async () => {
    const row = page.locator('[data-name="Press 4"]');
    await row.getByTestId(/^endpoint-menu-/).click();
    await page
      .getByTestId(/^edit-endpoint-/)
      .filter({ visible: true })
      .click();
    expect(await page.getByTestId("endpoint-host").inputValue()).toBe("127.0.0.1");
    expect(await page.getByTestId("endpoint-password").inputValue()).toBe("");
    await page.getByTestId("endpoint-name").fill("Press 5");
    await page.getByTestId("endpoint-save").click();
    await page.locator('[data-name="Press 5"]').waitFor();
    const viewer = await connect(page, "Press 5");
    await viewer.close();

    const changed = page.locator('[data-name="Press 5"]');
    await changed.getByTestId(/^endpoint-menu-/).click();
    await page
      .getByTestId(/^remove-endpoint-\d+$/)
      .filter({ visible: true })
      .click();
    await page.getByTestId("remove-endpoint-dialog-cancel").click();
    await changed.waitFor();
    await changed.getByTestId(/^endpoint-menu-/).click();
    await page
      .getByTestId(/^remove-endpoint-\d+$/)
      .filter({ visible: true })
      .click();
    await page.getByTestId("remove-endpoint-dialog-confirm").click();
    await changed.waitFor({ state: "detached" });
  });

  test("a person without a mouse signs in and comes back to the page they wanted", async () => {
    const address = page.url();
    const context = await bench.browser.newContext();
    const other = await context.newPage();
    await other.goto(address);
    await other.getByTestId("login-user").waitFor();
    await other.keyboard.type("admin");
    await other.keyboard.press("Tab");
    await other.keyboard.type(adminPassword);
    await other.keyboard.press("Enter");
    await other.getByTestId("endpoint-table").waitFor();
    expect(other.url()).toBe(address);
    await context.close();
  });
});

/** Its whole box is within the window's width: nobody has to scroll sideways for it. */
async function expectInSight(element: Locator, width: number): Promise<void> {
  await element.waitFor();
  const box = await element.boundingBox();
  expect(box?.x).toBeGreaterThanOrEqual(0);
  expect((box?.x ?? 0) + (box?.width ?? width)).toBeLessThanOrEqual(width);
}
