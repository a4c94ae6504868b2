// A person looks after a gateway in a real Chromium: its alarms, its measurements, and what they ask of it. The test plays the gateway.
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBrowser, openDevice, signIn } from "../support/console-page.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { PlayedDevice } from "../support/played-device.ts";
import { temporaryFolder } from "../support/processes.ts";
import { adminPassword, type RunningCloud, startCloudProgram } from "../support/running-cloud.ts";

const minuteMs = 60_000;
const script = "<img src=x onerror=document.title='run'>";

/** As a gateway sends them: one a minute, the temperature climbs from 45 to 54. */
function measurements(): readonly string[] {
  const nowMs = Date.now();
  return Array.from({ length: 10 }, (_, index) => {
    const time = new Date(nowMs - (9 - index) * minuteMs).toISOString();
    const load = (index % 3) / 10 + 0.15;
    return [
      `211,${45 + index},${time}`,
      `201,postern_Health,${time},postern_Load,load1,${load},,postern_Memory,used,${30 + index},%,postern_Uplink,eth0,1,,postern_Uplink,wwan0,0,`,
      `210,${-70 - index},,${time}`,
    ].join("\n");
  });
}

describe.skipIf(isAnyMissing(peers.chromium))("looking after a gateway", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let cloud: RunningCloud;
  let device: PlayedDevice;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = temporaryFolder();
    cloud = await startCloudProgram(folder.path);
    device = await PlayedDevice.start(cloud, "gw-played", [
      "114,c8y_Restart,c8y_Command,c8y_LogfileRequest,c8y_UploadConfigFile,c8y_DownloadConfigFile",
      "118,gateway,system",
      "119,postern-gateway",
      ...measurements(),
    ]);
    browser = await openBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    await signIn(page, cloud.consoleUrl, adminPassword);
    await openDevice(page, "Gateway gw-played", "health");
  });

  afterAll(async () => {
    await browser?.close();
    await device?.stop();
    await cloud?.program.stop();
    folder?.[Symbol.dispose]();
  });

  test("what it measures stands there with its latest value and how it went", async () => {
    const temperature = page.getByTestId("measurement-c8y_TemperatureMeasurement.T");
    await temperature.getByText("CPU temperature").waitFor();
    expect(await temperature.locator(".measured").textContent()).toBe("54 °C");
    expect(await temperature.getByRole("img").getAttribute("aria-label")).toBe("CPU temperature: 45 to 54 °C");
    // Ten points, the first at the lower left, the last at the upper right.
    const path = (await temperature.locator(".trend-line").getAttribute("d")) ?? "";
    expect(path.match(/[ML]/g)).toHaveLength(10);
    expect(path).toMatch(/^M2\.0 46\.0 .* L238\.0 2\.0$/);
    expect(await page.getByTestId("measurement-postern_Memory.used").locator(".measured").textContent()).toBe("39 %");
    expect(await page.getByTestId("measurement-c8y_SignalStrength.rssi").textContent()).toContain("-79 dBm");
    const uplink = page.getByTestId("measurement-uplink");
    expect(await uplink.locator(".measured").textContent()).toBe("eth0");
    expect(await uplink.textContent()).toContain("Also there: wwan0");
    await device.sends("211,61");
    await temperature.locator(".measured").filter({ hasText: "61" }).waitFor();
  });

  test("alarms come by themselves, the worst first, are acknowledged, and cleared after a question", async () => {
    await page.getByTestId("no-alarms").waitFor();
    await device.sends("303,postern_DiskFull,The disk is 91 % full", `301,postern_Hot,${script}`);
    const rows = page.getByTestId("alarm-table").locator("tbody tr");
    await rows.nth(1).waitFor();
    expect(await rows.first().getAttribute("data-severity")).toBe("CRITICAL");
    expect(await rows.first().textContent()).toContain(script);
    await device.sends("301,postern_Hot,again");
    await rows.first().getByText("2 times").waitFor();
    await rows
      .first()
      .getByTestId(/^acknowledge-/)
      .click();
    await page.locator("tr[data-status=ACKNOWLEDGED]").waitFor();
    await rows
      .first()
      .getByTestId(/^clear-/)
      .click();
    await page.getByTestId("clear-alarm-dialog-cancel").click();
    await rows
      .first()
      .getByTestId(/^clear-/)
      .click();
    await page.getByTestId("clear-alarm-dialog-confirm").click();
    await rows.first().getByText("The disk is 91 % full").waitFor();
    expect(await rows.count()).toBe(1);
    // The gateway itself says when it is over.
    await device.sends("306,postern_DiskFull");
    await page.getByTestId("no-alarms").waitFor();
    await page.getByTestId("alarms-cleared").click();
    await rows.nth(1).waitFor();
    expect(await page.title()).not.toBe("run");
  });

  test("Restart asks, and the gateway's answers are seen as they come", async () => {
    await page.getByTestId("tab-control").click();
    await page.getByTestId("ask-restart").click();
    await page.getByTestId("restart-dialog-cancel").click();
    await page.getByTestId("ask-restart").click();
    await page.getByTestId("restart-dialog-confirm").click();
    expect(await device.nextLine()).toBe("510,gw-played");
    const row = page.getByTestId("operation-table").locator("tbody tr").first();
    await row.filter({ hasText: "Pending" }).waitFor();
    await device.sends("501,c8y_Restart");
    await row.filter({ hasText: "Executing" }).waitFor();
    await device.sends("503,c8y_Restart");
    await row.filter({ hasText: "Successful" }).waitFor();
  });

  test("a log is chosen, sent by the gateway, and saved", async () => {
    await page.getByTestId("ask-log").click();
    await page.getByTestId("log-type").selectOption("system");
    await page.getByTestId("log-span").selectOption("1");
    await page.getByTestId("log-search").fill('a "b", c');
    await page.getByTestId("log-lines").fill("0");
    await page.getByTestId("log-lines-note").filter({ hasText: "A whole number from 1 to 10000." }).waitFor();
    await page.getByTestId("log-lines").fill("50");
    await page.getByTestId("log-dialog-confirm").click();
    expect(await device.nextLine()).toMatch(/^522,gw-played,system,20[^,]*Z,20[^,]*Z,"a \\"b\\", c",50$/);
    await device.sends("501,c8y_LogfileRequest");
    const event = { source: { id: device.id }, type: "c8y_Logfile", text: "system" };
    const made = JSON.parse((await device.asks({ method: "POST", path: "/event/events", json: event })).toString());
    const path = `/event/events/${made.id}/binaries`;
    const { self } = JSON.parse((await device.asks({ method: "POST", path, text: "line 1\nline 2\n" })).toString());
    await device.sends(`503,c8y_LogfileRequest,${self}`);
    const download = page.waitForEvent("download");
    await page
      .getByTestId(/^file-/)
      .first()
      .click();
    const saved = await download;
    expect(saved.suggestedFilename()).toMatch(/^system-\d+\.txt$/);
    expect(readFileSync(await saved.path(), "utf8")).toBe("line 1\nline 2\n");
  });

  test("a command's output is shown as it is, and a refusal with its reason", async () => {
    await page.getByTestId("ask-command").click();
    await page.getByTestId("command-text").fill("uptime");
    await page.keyboard.press("Enter");
    expect(await device.nextLine()).toBe("511,gw-played,uptime");
    await device.sends("501,c8y_Command", `503,c8y_Command,"up 3 days,\n${script}"`);
    const output = page.getByTestId(/^output-/);
    await output.waitFor();
    expect(await output.textContent()).toBe(`up 3 days,\n${script}`);
    expect(await page.title()).not.toBe("run");
    await page.getByTestId("ask-command").click();
    await page.getByTestId("command-choice").selectOption({ label: "Another one …" });
    await page.getByTestId("command-text").fill("rm");
    await page.getByTestId("command-dialog-confirm").click();
    expect(await device.nextLine()).toBe("511,gw-played,rm");
    await device.sends("501,c8y_Command", "502,c8y_Command,The local configuration has no command rm");
    await page
      .getByTestId(/^failure-/)
      .filter({ hasText: "The local configuration has no command rm" })
      .waitFor();
  });

  test("a configuration is asked for, and another one sent, which the gateway fetches with its own login", async () => {
    await page.getByTestId("ask-get-configuration").click();
    await page.getByTestId("get-configuration-dialog-confirm").click();
    expect(await device.nextLine()).toBe("526,gw-played,postern-gateway");
    await page.getByTestId("ask-send-configuration").click();
    await page
      .getByTestId("configuration-text-file")
      .setInputFiles({ name: "gateway.toml", mimeType: "text/plain", buffer: Buffer.from('[log]\nlevel = "debug"\n') });
    expect(await page.getByTestId("configuration-text").inputValue()).toBe('[log]\nlevel = "debug"\n');
    await page.getByTestId("send-configuration-dialog-confirm").click();
    const line = await device.nextLine();
    const address = new RegExp(
      `^524,gw-played,https://localhost:${cloud.ports.https}(/inventory/binaries/\\d+),postern-gateway$`,
    );
    const path = address.exec(line)?.[1] ?? line;
    expect((await device.asks({ path })).toString("utf8")).toBe('[log]\nlevel = "debug"\n');
    await device.sends("501,c8y_DownloadConfigFile", "503,c8y_DownloadConfigFile");
    const row = page.getByTestId("operation-table").locator("tbody tr").first();
    await row.filter({ hasText: "Successful" }).waitFor();
    await expect(device.asks({ path })).rejects.toThrow(/404/);
  });

  test("what the gateway does not support is not offered, and whoever may only look sees no buttons", async () => {
    await device.sends("114,c8y_Restart,c8y_Command\n118\n119");
    await page.getByTestId("ask-log").waitFor({ state: "detached" });
    expect(await page.getByTestId("device-actions").locator("ix-button").count()).toBe(2);
    const address = page.url();
    await addReader(page);
    const reader = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    await reader.goto(address);
    await reader.getByTestId("login-user").fill("reader");
    await reader.getByTestId("login-password").fill("long enough 1");
    await reader.getByTestId("login-submit").click();
    await reader.getByTestId("operation-table").waitFor();
    expect(await reader.getByTestId("device-actions").count()).toBe(0);
    await device.sends("302,postern_Hot,hot");
    await reader.getByTestId("tab-health").click();
    await reader.getByTestId("alarm-table").locator("tbody tr").filter({ hasText: "postern_Hot" }).waitFor();
    expect(await reader.getByTestId(/^(acknowledge|clear)-/).count()).toBe(0);
  });
});

async function addReader(page: Page): Promise<void> {
  await page.getByTestId("menu-users").click();
  await page.getByTestId("add-user").click();
  await page.getByTestId("user-name").fill("reader");
  await page.getByTestId("user-password").fill("long enough 1");
  await page.getByTestId("user-group").selectOption({ label: "readers" });
  await page.getByTestId("add-user-dialog-save").click();
  await page.getByTestId("user-reader").waitFor();
}
