// What a person sees of remote access with some rights and not others, and on a device that cannot do it: said in words, and no button that would fail.
import { connectAsync, type MqttClient } from "mqtt";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, connect, openDevice } from "../support/console-page.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually } from "../support/processes.ts";
import { bootstrapPassword } from "../support/running-cloud.ts";

const password = "Person-of-the-test-1";
const noSupport =
  "This device does not report the operation c8y_RemoteAccessConnect, so its Remote access tab is hidden.";

describe.skipIf(isAnyMissing(peers.chromium))("rights in the console", () => {
  let panel: RunningVncPanel;
  let bench: ConsoleBench;
  let admin: Page;
  let plain: MqttClient | undefined;

  beforeAll(async () => {
    panel = await startPanel(vncPanel({ password: "on-panel" }), "press4");
    bench = await ConsoleBench.start("gw-rights", [`127.0.0.1:${panel.port}`]);
    console.info(`real peer: Chromium ${bench.browser.version()}`);
    ({ page: admin } = await bench.signedIn());
    await bench.registersGateway(admin);
    await openDevice(admin, bench.gatewayName, "remote-access");
    await addVncEndpoint(admin, { name: "Press 4", host: "127.0.0.1", port: panel.port, password: "on-panel" });
  });

  afterAll(async () => {
    await plain?.endAsync(true);
    await bench?.[Symbol.asyncDispose]();
    await panel?.close();
  });

  /** The JSON of an answer of 2xx to the administrator. */
  async function asks(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await operatorOf(bench.cloud).asks(method, path, body);
    expect(answer.status, `${method} ${path}`).toBeLessThan(300);
    return answer.status === 204 ? {} : (answer.json() as Record<string, unknown>);
  }

  /** A new person in one group, signed in. */
  async function signsInAs(userName: string, groupId: unknown): Promise<Page> {
    await asks("POST", "/user/t1000/users", { userName, password });
    await asks("POST", `/user/t1000/groups/${groupId}/users`, { user: { id: userName } });
    const context = await bench.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto(bench.cloud.consoleUrl);
    await page.getByTestId("login-user").fill(userName);
    await page.getByTestId("login-password").fill(password);
    await page.getByTestId("login-submit").click();
    await page.getByTestId("user-menu").waitFor();
    return page;
  }

  async function groupWith(name: string, ...roles: readonly string[]): Promise<unknown> {
    const { id } = await asks("POST", "/user/t1000/groups", { name });
    for (const role of roles) await asks("POST", `/user/t1000/groups/${id}/roles`, { role: { id: role } });
    return id;
  }

  const groupByName = async (name: string) => (await asks("GET", `/user/t1000/groupByName/${name}`))["id"];

  async function choosesOf(page: Page, endpoint: string, item: "edit-endpoint" | "remove-endpoint"): Promise<void> {
    await page
      .locator(`[data-name="${endpoint}"]`)
      .getByTestId(/^endpoint-menu-/)
      .click();
    await page
      .getByTestId(new RegExp(`^${item}-\\d`))
      .filter({ visible: true })
      .click();
  }

  test("with Change on Remote access and on Device control and no other, a person adds, edits, removes and connects", async () => {
    const groupId = await groupWith("fitters", "ROLE_REMOTE_ACCESS_ADMIN", "ROLE_DEVICE_CONTROL_ADMIN");
    const page = await signsInAs("frida", groupId);
    // Endpoints are found below their device, and to see devices is a right of its own.
    await page.getByText("You may not see devices").waitFor();
    await asks("POST", "/user/t1000/users/frida/roles", { role: { id: "ROLE_INVENTORY_READ" } });
    await page.reload();
    await openDevice(page, bench.gatewayName, "remote-access");

    await addVncEndpoint(page, { name: "Frida's", host: "127.0.0.1", port: panel.port, password: "on-panel" });
    expect(await page.getByText("you need “Change” permission").count()).toBe(0);
    await choosesOf(page, "Frida's", "edit-endpoint");
    await page.getByTestId("endpoint-name").fill("Frida's panel");
    await page.getByTestId("endpoint-save").click();
    await page.locator(`[data-name="Frida's panel"]`).waitFor();
    const viewer = await connect(page, "Frida's panel");
    await viewer.locator("#screen canvas").waitFor();
    expect(panel.connections).toBe(1);
    await viewer.getByTestId("disconnect").click();
    await viewer.locator("#connection-bar[data-step=disconnected]").waitFor();
    await viewer.close();
    await choosesOf(page, "Frida's panel", "remove-endpoint");
    await page.getByTestId("remove-endpoint-dialog-confirm").click();
    await page.locator(`[data-name="Frida's panel"]`).waitFor({ state: "detached" });
    await page.locator('[data-name="Press 4"]').waitFor();
    // No other right has come along.
    for (const menu of ["menu-users", "menu-audit"]) expect(await page.getByTestId(menu).count()).toBe(0);
    expect(await page.getByTestId("tab-audit").count()).toBe(0);
    await page.context().close();
  });

  test.each([
    { has: "Change on Remote access alone", userName: "rita", role: "ROLE_REMOTE_ACCESS_ADMIN" },
    { has: "Read on Remote access", userName: "rob", role: "ROLE_REMOTE_ACCESS_READ" },
  ])("with $has a person is told which permissions setting up takes, and has no button for it", async (sample) => {
    const groupId = await groupWith(`group of ${sample.userName}`, "ROLE_INVENTORY_READ", sample.role);
    const page = await signsInAs(sample.userName, groupId);
    await openDevice(page, bench.gatewayName, "remote-access");
    await page.locator('[data-name="Press 4"]').waitFor();
    const line = page.getByText(
      "To add, edit or remove endpoints you need “Change” permission for Remote access and for Device control.",
      { exact: true },
    );
    await line.waitFor();
    expect(await line.isVisible()).toBe(true);
    expect(await page.getByTestId("add-endpoint").count()).toBe(0);
    await page.getByTestId(/^endpoint-menu-/).click();
    await page
      .getByTestId(/^native-client-/)
      .filter({ visible: true })
      .waitFor();
    expect(await page.getByTestId(/^(edit|remove)-endpoint-\d/).count()).toBe(0);
    await page.context().close();
  });

  test("the registration page of a reader lists who asks, says what registering takes, and has no button that would fail", async () => {
    const asking = "gw-asking";
    await asks("POST", "/devicecontrol/newDeviceRequests", { id: asking });
    await askForCredentials(asking);
    await admin.getByTestId("menu-registration").click();
    await admin.getByTestId(`accept-${asking}`).waitFor();

    const page = await signsInAs("regina", await groupByName("readers"));
    await page.getByTestId("menu-registration").click();
    await page.locator(`[data-testid="request-${asking}"][data-status="PENDING_ACCEPTANCE"]`).waitFor();
    await page
      .getByText("To register gateways you need “Change” permission for Device control.", { exact: true })
      .waitFor();
    for (const button of [
      "registration-device-id",
      "registration-add",
      `accept-${asking}`,
      `remove-request-${asking}`,
    ]) {
      expect(await page.getByTestId(button).count(), button).toBe(0);
    }
    expect(await admin.locator("ix-content ix-button").count()).toBeGreaterThan(0);
    expect(await page.locator("ix-content ix-button").count()).toBe(0);
    await page.context().close();
  });

  test("without any right on Device control the registration page is not in the menu, and says why when opened all the same", async () => {
    const page = await signsInAs("nora", await groupWith("onlookers", "ROLE_INVENTORY_READ"));
    await page.getByTestId("device-table").waitFor();
    expect(await page.getByTestId("menu-registration").count()).toBe(0);
    await page.goto(`${bench.cloud.consoleUrl}/registration`);
    await page.getByText("You may not see registrations").waitFor();
    await page.getByText("That needs the permission “Read” for Device control.").waitFor();
    expect(await page.getByTestId("registration-add").count()).toBe(0);
    await page.context().close();
  });

  test("a device that does not support remote access has no such tab and a line that says what is missing, until it says that it can", async () => {
    const name = "A machine that is no gateway";
    plain = await registersPlainDevice("machine-7");
    await plain.publishAsync("s/us", `100,${name},machine\n114,c8y_Restart`, { qos: 1 });
    await openDevice(admin, name, "info");
    const help = admin.getByTestId("remote-access-help");
    await help.filter({ hasText: noSupport }).waitFor();
    await admin.getByTestId("tab-control").waitFor();
    expect(await admin.getByTestId("tab-remote-access").count()).toBe(0);

    // Whoever has kept the address is told the same there.
    const deviceUrl = /^.*\/devices\/\d+/.exec(admin.url())?.[0];
    await admin.goto(`${deviceUrl}/remote-access`);
    await admin.getByText("Remote access is not available here").waitFor();
    await admin.getByText(noSupport).waitFor();
    expect(await admin.getByTestId("add-endpoint").count()).toBe(0);

    await admin.goto(`${deviceUrl}/info`);
    await help.waitFor();
    await plain.publishAsync("s/us", "114,c8y_Restart,c8y_RemoteAccessConnect", { qos: 1 });
    await admin.getByTestId("tab-remote-access").waitFor();
    await help.waitFor({ state: "detached" });
  });

  /** What a device asks again and again until it is accepted. */
  async function askForCredentials(id: string): Promise<{ readonly password?: string }> {
    const answer = await fetch(`${bench.cloud.consoleUrl}/devicecontrol/deviceCredentials`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`management/devicebootstrap:${bootstrapPassword}`).toString("base64")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ id }),
    });
    return answer.status === 201 ? ((await answer.json()) as { password: string }) : {};
  }

  /** A device by MQTT that is no gateway of ours. */
  async function registersPlainDevice(id: string): Promise<MqttClient> {
    await asks("POST", "/devicecontrol/newDeviceRequests", { id });
    await askForCredentials(id);
    await asks("PUT", `/devicecontrol/newDeviceRequests/${id}`, { status: "ACCEPTED" });
    const own = await eventually("credentials for the device", async () => (await askForCredentials(id)).password);
    return await connectAsync(`mqtts://localhost:${bench.cloud.ports.mqtts}`, {
      clientId: id,
      username: `t1000/device_${id}`,
      password: own,
      protocolVersion: 4,
      reconnectPeriod: 0,
      ca: [Buffer.from(bench.cloud.authority)],
    });
  }
});
