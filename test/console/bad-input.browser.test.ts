// What goes wrong is said in plain words at the place where the person looks, reached by really being wrong, cutting and stopping.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { garbagePanel, httpPanel, silentPanel } from "#simulator/panels/odd-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, connect, openDevice } from "../support/console-page.ts";
import { startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";

describe.skipIf(isAnyMissing(peers.chromium))("bad input in the console", () => {
  const panels = new Map<string, RunningPanel>();
  let bench: ConsoleBench;
  let page: Page;

  beforeAll(async () => {
    panels.set("web", await startPanel(httpPanel(), "web"));
    panels.set("silent", await startPanel(silentPanel(), "silent"));
    panels.set("garbage", await startPanel(garbagePanel(), "garbage"));
    panels.set("press4", await startPanel(vncPanel({ password: "on-panel" }), "press4"));
    const allowed = [...panels.values()].map(({ port }) => `127.0.0.1:${port}`);
    bench = await ConsoleBench.start("gw-bad", [...allowed, "127.0.0.1:1"]);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    for (const panel of panels.values()) await panel.close();
  });

  test("a wrong password at sign-in is said under the form, and what was typed as user stays", async () => {
    const context = await bench.browser.newContext();
    const other = await context.newPage();
    await other.goto(bench.cloud.consoleUrl);
    await other.getByTestId("login-user").fill("admin");
    await other.getByTestId("login-password").fill("not-it");
    await other.getByTestId("login-submit").click();
    await other
      .getByTestId("login-error")
      .filter({ hasText: /password/i })
      .waitFor();
    expect(await other.getByTestId("login-user").inputValue()).toBe("admin");
    await context.close();
  });

  test("a port out of range is said at its field, and the rest of the form stays as typed", async () => {
    await page.getByTestId("add-endpoint").click();
    await page.getByTestId("endpoint-name").fill("Nowhere");
    await page.getByTestId("endpoint-host").fill("192.0.2.7");
    await page.getByTestId("endpoint-port").fill("70000");
    await page.getByTestId("endpoint-save").click();
    await page.getByTestId("endpoint-port-note").filter({ hasText: "65535" }).waitFor();
    expect(await page.getByTestId("endpoint-host").inputValue()).toBe("192.0.2.7");
    expect(await page.getByTestId("endpoint-name").inputValue()).toBe("Nowhere");
    await page.getByTestId("endpoint-cancel").click();
  });

  test.each([
    {
      what: "a web server",
      panel: "web",
      password: "some-pw1",
      reason: "protocol.malformed",
      words: /HTTP|not its protocol/i,
    },
    {
      what: "garbage",
      panel: "garbage",
      password: "some-pw1",
      reason: "protocol.malformed",
      words: /VNC|not its protocol/i,
    },
    {
      what: "silence",
      panel: "silent",
      password: "some-pw1",
      reason: "panel.timeout",
      words: /did not answer|no VNC greeting|nothing/i,
    },
    {
      what: "a panel with another password",
      panel: "press4",
      password: "other-pw",
      reason: "auth.failed",
      words: /password/i,
    },
  ])("$what instead of the expected panel: the bar says why", async ({ what, panel, password, reason, words }) => {
    const port = panels.get(panel)!.port;
    await addVncEndpoint(page, { name: what, host: "127.0.0.1", port, password });
    expect(await endingOf(what, reason)).toMatch(words);
  });

  test("a target that the gateway's policy refuses", async () => {
    await addVncEndpoint(page, { name: "metadata", host: "169.254.169.254", port: 80 });
    expect(await endingOf("metadata", "policy.refused")).toMatch(/policy/i);
    await page.getByTestId("tab-control").click();
    await page.getByTestId("operation-table").locator("[data-status=FAILED]").first().waitFor();
    expect(await page.getByTestId("operation-table").textContent()).toMatch(/policy does not allow/i);
    await page.getByTestId("tab-remote-access").click();
  });

  test("a port on which nothing listens", async () => {
    await addVncEndpoint(page, { name: "nobody", host: "127.0.0.1", port: 1 });
    expect(await endingOf("nobody", "panel.refused")).toMatch(/refused/i);
  });

  test("a panel whose password nobody stored asks the person, for this session only", async () => {
    await addVncEndpoint(page, { name: "asks", host: "127.0.0.1", port: panels.get("press4")!.port });
    const opening = page.context().waitForEvent("page");
    await page
      .locator('[data-name="asks"]')
      .getByTestId(/^connect-/)
      .click();
    const viewer = await opening;
    await viewer.getByTestId("panel-password").fill("on-panel");
    await viewer.getByTestId("password-send").click();
    await viewer.locator("#connection-bar[data-step=connected]").waitFor();
    await viewer.locator("#screen canvas").waitFor();
    await viewer.getByTestId("disconnect").click();
    await viewer.locator("#connection-bar[data-step=disconnected]").waitFor();
    await viewer.close();
  });

  test("a gateway that goes away in mid-session, and one that stays away", async () => {
    await addVncEndpoint(page, {
      name: "press4",
      host: "127.0.0.1",
      port: panels.get("press4")!.port,
      password: "on-panel",
    });
    const viewer = await connect(page, "press4");
    await bench.gateway.stop("SIGKILL");
    await viewer
      .locator("#connection-bar[data-step=disconnected][data-reason='gateway.lost']")
      .waitFor({ timeout: 40_000 });
    expect(await viewer.getByTestId("connection-ending").textContent()).toMatch(/gateway vanished/i);
    await viewer.getByTestId("connect-again").click();
    await viewer.locator("#connection-bar[data-step=waiting-for-gateway]").waitFor();
    await viewer
      .locator("#connection-bar[data-step=disconnected][data-reason='gateway.offline']")
      .waitFor({ timeout: 45_000 });
    expect(await viewer.getByTestId("connection-ending").textContent()).toMatch(/offline/i);
    await viewer.close();
  });

  test("a cloud that stops while the page is open: a banner says so", async () => {
    await page.getByTestId("menu-devices").click();
    await bench.cloud.program.stop("SIGTERM");
    await page.getByTestId("unreachable-banner").waitFor({ timeout: 60_000 });
  });

  /** Connects, and gives the words with which the tab says that it is over. */
  async function endingOf(endpointName: string, reason: string): Promise<string> {
    const opening = page.context().waitForEvent("page");
    await page
      .locator(`[data-name="${endpointName}"]`)
      .getByTestId(/^connect-/)
      .click();
    const viewer = await opening;
    await viewer
      .locator(`#connection-bar[data-step=disconnected][data-reason='${reason}']`)
      .waitFor({ timeout: 40_000 });
    const words = await viewer.getByTestId("connection-ending").textContent();
    await viewer.close();
    return words ?? "";
  }
});
