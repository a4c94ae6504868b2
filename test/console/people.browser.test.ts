// Permissions, accounts, live sessions and the audit trail in the console: what one person does shows in another's tab.
import { readFileSync } from "node:fs";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, connect, openDevice } from "../support/console-page.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually } from "../support/processes.ts";

const password = "Otto-of-the-test-1";

describe.skipIf(isAnyMissing(peers.chromium))("people in the console", () => {
  let panel: RunningVncPanel;
  let bench: ConsoleBench;
  let page: Page;
  let otto: { context: BrowserContext; page: Page };

  beforeAll(async () => {
    panel = await startPanel(vncPanel({ password: "on-panel" }), "press4");
    bench = await ConsoleBench.start("gw-people", [`127.0.0.1:${panel.port}`]);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: panel.port, password: "on-panel" });
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await panel?.close();
  });

  async function signsInAsOtto(): Promise<{ context: BrowserContext; page: Page }> {
    const context = await bench.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const own = await context.newPage();
    await own.goto(bench.cloud.consoleUrl);
    await own.getByTestId("login-user").fill("otto");
    await own.getByTestId("login-password").fill(password);
    await own.getByTestId("login-submit").click();
    await own.getByTestId("user-menu").waitFor();
    return { context, page: own };
  }

  async function chooses(userName: string, item: string): Promise<void> {
    await page.getByTestId("menu-users").click();
    await page.getByTestId(`user-menu-${userName}`).click();
    await page.getByTestId(`${item}-${userName}`).filter({ visible: true }).click();
  }

  test("an administrator adds a person; a password that is too short is said in the form, and what was typed stays", async () => {
    await page.getByTestId("menu-users").click();
    await page.getByTestId("add-user").click();
    await page.getByTestId("user-name").fill("otto");
    await page.getByTestId("user-password").fill("x");
    await page.getByTestId("add-user-dialog-save").click();
    await page
      .getByTestId("add-user-dialog-error")
      .filter({ hasText: /password/i })
      .waitFor();
    expect(await page.getByTestId("user-name").inputValue()).toBe("otto");
    await page.getByTestId("user-password").fill(password);
    await page.getByTestId("add-user-dialog-save").click();
    await page.getByTestId("user-otto").filter({ hasText: "readers" }).waitFor();
  });

  test("a reader sees the list and may connect, without the buttons that would fail", async () => {
    otto = await signsInAsOtto();
    await openDevice(otto.page, bench.gatewayName, "remote-access");
    await otto.page.locator('[data-name="Press 4"]').waitFor();
    expect(await otto.page.getByTestId("add-endpoint").count()).toBe(0);
    expect(await otto.page.getByTestId("menu-users").count()).toBe(0);
    expect(await otto.page.getByTestId("menu-sessions").count()).toBe(0);
    await otto.page.getByTestId(/^endpoint-menu-/).click();
    await otto.page
      .getByTestId(/^native-client-/)
      .filter({ visible: true })
      .click();
    const command = await otto.page.getByTestId("native-command").textContent();
    expect(command).toMatch(/^postern connect \d+ \d+ --url http:\/\/localhost:\d+ --user t1000\/otto$/);
    await otto.page.getByTestId("native-close").click();
    expect(await otto.page.getByTestId(/^edit-endpoint-/).count()).toBe(0);
    expect(await otto.page.getByTestId(/^remove-endpoint-\d/).count()).toBe(0);
  });

  test("an administrator of remote access sees the live session and ends it; the other is told who", async () => {
    const viewer = await connect(otto.page, "Press 4");
    await page.getByTestId("menu-sessions").click();
    const row = page.getByTestId("session-table").locator("tbody tr").filter({ hasText: "otto" });
    await row.waitFor();
    expect(await row.textContent()).toContain("Press 4");
    await row.getByTestId(/^end-session-/).click();
    await page.getByTestId("end-session-dialog-confirm").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='session.ended-by-admin']").waitFor();
    expect(await viewer.getByTestId("connection-ending").textContent()).toMatch(/administrator/i);
    await page.getByTestId("no-sessions").waitFor();
    await eventually("the panel to see the connection go", () => (panel.connections === 0 ? true : undefined));
    await viewer.close();
  });

  test("a permission that is taken away ends the session at once, and the tab goes with a line that says why", async () => {
    const viewer = await connect(otto.page, "Press 4");
    await chooses("otto", "groups-of");
    await page.getByTestId("group-readers").click();
    await page.getByTestId("groups-dialog-save").click();
    const sentAtMs = Date.now();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='permission.revoked']").waitFor();
    expect(Date.now() - sentAtMs).toBeLessThan(3000);
    await eventually("the panel to see the connection go", () => (panel.connections === 0 ? true : undefined));
    await viewer.close();

    // Allowed to see devices, but nothing of remote access.
    const operator = operatorOf(bench.cloud);
    await operator.asks("POST", "/user/t1000/users/otto/roles", { role: { id: "ROLE_INVENTORY_READ" } });
    await otto.page.reload();
    await openDevice(otto.page, bench.gatewayName, "info");
    await otto.page.getByTestId("remote-access-help").filter({ hasText: "no permission" }).waitFor();
    expect(await otto.page.getByTestId("tab-remote-access").count()).toBe(0);
    await otto.context.close();
  });

  test("without the subscription the tab is absent for everybody, and a line says so", async () => {
    const operator = operatorOf(bench.cloud);
    const subscribed = await operator.asks("GET", "/tenant/tenants/t1000/applications");
    const { references } = subscribed.json() as { references: { application: { id: string; name: string } }[] };
    const id = references[0]?.application.id;
    expect((await operator.asks("DELETE", `/tenant/tenants/t1000/applications/${id}`)).status).toBe(204);
    await openDevice(page, bench.gatewayName, "info");
    await page.reload();
    await page.getByTestId("remote-access-help").filter({ hasText: "subscription" }).waitFor();
    await page.getByTestId("tab-remote-access").waitFor({ state: "detached" });
    await operator.asks("POST", "/tenant/tenants/t1000/applications", { application: { id } });
    await page.reload();
    await page.getByTestId("tab-remote-access").waitFor();
    expect(await page.getByTestId("remote-access-help").count()).toBe(0);
  });

  test("the audit trail names who, from where, how much and why it ended; it is filtered, and taken away as a table", async () => {
    await page.getByTestId("menu-audit").click();
    await page.getByTestId("audit-user").fill("otto");
    await page.getByTestId("audit-reason").selectOption("session.ended-by-admin");
    const rows = page.getByTestId("audit-table").locator("tbody tr");
    await eventually("one record", async () => ((await rows.count()) === 1 ? true : undefined));
    const text = (await rows.first().textContent()) ?? "";
    for (const part of ["otto", "Press 4", "from 127.0.0.1", "received", "sent", "session.ended-by-admin"]) {
      expect(text).toContain(part);
    }
    const downloading = page.waitForEvent("download");
    await page.getByTestId("audit-export").click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe("audit.csv");
    const lines = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\r\n");
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain("otto");

    await page.getByTestId("audit-reason").selectOption("");
    await page.getByTestId("audit-type").selectOption("User");
    await page.getByTestId("audit-user").fill("admin");
    await page.getByTestId("audit-table").getByText("otto").first().waitFor();
    await page.getByTestId("audit-to").fill("2001-01-01");
    await page.getByTestId("no-audit-records").waitFor();

    await openDevice(page, bench.gatewayName, "info");
    await page.getByTestId("tab-audit").click();
    await page.getByTestId("audit-table").getByText("Press 4").first().waitFor();
    expect(await page.getByTestId("audit-table").getByText("otto").count()).toBeGreaterThan(0);
  });

  test("a person is disabled, cannot sign in, is enabled again with a new password, and is removed", async () => {
    await chooses("otto", "disable");
    await page.getByTestId("user-confirm-dialog-confirm").click();
    await page.locator('[data-testid="user-otto"][data-enabled="false"]').waitFor();
    const context = await bench.browser.newContext();
    const other = await context.newPage();
    await other.goto(bench.cloud.consoleUrl);
    await other.getByTestId("login-user").fill("otto");
    await other.getByTestId("login-password").fill(password);
    await other.getByTestId("login-submit").click();
    await other.getByTestId("login-error").filter({ hasText: /wrong/i }).waitFor();
    await chooses("otto", "enable");
    await page.getByTestId("user-confirm-dialog-confirm").click();
    await page.locator('[data-testid="user-otto"][data-enabled="true"]').waitFor();
    await chooses("otto", "password-of");
    await page.getByTestId("user-password").fill(`${password}-new`);
    await page.getByTestId("password-of-user-dialog-save").click();
    await page.getByTestId("password-of-user-dialog").waitFor({ state: "detached" });
    await other.getByTestId("login-password").fill(`${password}-new`);
    await other.getByTestId("login-submit").click();
    await other.getByTestId("user-menu").waitFor();
    await context.close();
    await chooses("otto", "remove-user");
    await page.getByTestId("user-confirm-dialog-confirm").click();
    await page.getByTestId("user-otto").waitFor({ state: "detached" });
  });
});
