// The console over HTTPS in a browser that judges the cloud's certificate itself, and refuses it where the authority is unknown.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, canvasPicture, openDevice, signIn } from "../support/console-page.ts";
import { startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually } from "../support/processes.ts";
import { adminPassword } from "../support/running-cloud.ts";
import { openBrowserThatTrusts } from "../support/trusting-browser.ts";
import { differentPixels } from "../support/xwd.ts";
import { isConnected, openTab } from "./terminal-page.ts";

const password = "hmi-pass";

describe.skipIf(isAnyMissing(peers.chromium, peers.certutil))("the console over HTTPS", () => {
  let panel: RunningVncPanel;
  let bench: ConsoleBench;
  let url: string;

  beforeAll(async () => {
    panel = await startPanel(vncPanel({ password, title: "PRESS 4" }), "press4");
    bench = await ConsoleBench.start("gw-https", [`127.0.0.1:${panel.port}`]);
    url = `https://localhost:${bench.cloud.ports.https}`;
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await panel?.close();
  });

  async function browserThatTrusts(name: string, authorities: readonly string[]): Promise<Browser> {
    const home = join(bench.folder, name);
    mkdirSync(home);
    return await openBrowserThatTrusts(home, authorities);
  }

  async function errorOf(page: Page, address: string): Promise<string> {
    return await page.goto(address).then(
      (answer) => `it opened with ${answer?.status()}`,
      (error: Error) => error.message,
    );
  }

  test("with the cloud's authority in the browser a person signs in and sees the panel's picture, all of it encrypted", async () => {
    const browser = await browserThatTrusts("trusting", [join(bench.cloud.dataFolder, "ca.pem")]);
    console.info(`real peer: Chromium ${browser.version()}`);
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const addresses: string[] = [];
    context.on("request", (request) => addresses.push(request.url()));
    const page = await context.newPage();
    await signIn(page, url, adminPassword);
    expect(await page.evaluate("isSecureContext && location.protocol")).toBe("https:");
    const cookies = await context.cookies(url);
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatchObject({ secure: true });

    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: panel.port, password });
    context.on("page", (opened) => opened.on("websocket", (socket) => addresses.push(socket.url())));
    const viewer = await openTab(page, "Press 4");
    await isConnected(viewer);
    await eventually("the panel's picture", async () =>
      differentPixels(await canvasPicture(viewer), panel.screen.frame) === 0 ? true : undefined,
    );
    const schemes = new Set(addresses.map((address) => new URL(address).protocol));
    expect(schemes.has("https:")).toBe(true);
    expect(schemes.has("wss:")).toBe(true);
    schemes.delete("data:");
    schemes.delete("blob:");
    expect([...schemes].toSorted()).toEqual(["https:", "wss:"]);
    await viewer.getByTestId("disconnect").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='client.closed']").waitFor();

    // The certificate is trusted for its own names only; a browser takes this one for the same machine.
    const other = url.replace("localhost", "other.localhost");
    expect(await errorOf(page, other)).toContain("ERR_CERT_COMMON_NAME_INVALID");
    await browser.close();
  });

  test("without the authority the browser refuses the page, and no password can be typed", async () => {
    const browser = await browserThatTrusts("strange", []);
    const page = await browser.newPage();
    expect(await errorOf(page, url)).toContain("ERR_CERT_AUTHORITY_INVALID");
    expect(await page.getByTestId("login-password").count()).toBe(0);
    // Nothing else is wrong with it: the same browser opens the page where no certificate is asked for.
    expect(await errorOf(await browser.newPage(), bench.cloud.consoleUrl)).toBe("it opened with 200");
    await browser.close();
  });
});
