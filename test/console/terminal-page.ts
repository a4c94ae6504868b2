// The terminal of the console in a real Chromium: endpoints for it, and what its screen shows.
import type { Page } from "playwright-core";
import { eventually } from "../support/processes.ts";

export interface SshForm {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly hostKey?: string;
}

/** Fills the form for SSH and leaves it open. */
export async function fillSshForm(page: Page, endpoint: SshForm): Promise<void> {
  await page.getByTestId("add-endpoint").click();
  await page.getByTestId("endpoint-protocol").selectOption("SSH");
  await page.getByTestId("endpoint-name").fill(endpoint.name);
  await page.getByTestId("endpoint-host").fill("127.0.0.1");
  await page.getByTestId("endpoint-port").fill(String(endpoint.port));
  await page.getByTestId("endpoint-sign-in").selectOption(endpoint.password === undefined ? "KEY_PAIR" : "USER_PASS");
  await page.getByTestId("endpoint-username").fill(endpoint.user);
  if (endpoint.password !== undefined) await page.getByTestId("endpoint-password").fill(endpoint.password);
  if (endpoint.hostKey !== undefined) await page.getByTestId("endpoint-host-key").fill(endpoint.hostKey);
}

export async function saveForm(page: Page, name: string): Promise<void> {
  await page.getByTestId("endpoint-save").click();
  await page.locator(`[data-name="${name}"]`).waitFor();
}

export async function addTelnetEndpoint(page: Page, endpoint: { name: string; port: number }): Promise<void> {
  await page.getByTestId("add-endpoint").click();
  await page.getByTestId("endpoint-protocol").selectOption("TELNET");
  await page.getByTestId("endpoint-name").fill(endpoint.name);
  await page.getByTestId("endpoint-host").fill("127.0.0.1");
  await page.getByTestId("endpoint-port").fill(String(endpoint.port));
  await saveForm(page, endpoint.name);
}

/** Clicks Connect and gives the tab that opens, wherever the connection stands. */
export async function openTab(page: Page, name: string): Promise<Page> {
  const opening = page.context().waitForEvent("page");
  await page
    .locator(`[data-name="${name}"]`)
    .getByTestId(/^connect-/)
    .click();
  return await opening;
}

export async function isConnected(viewer: Page): Promise<void> {
  await viewer.locator("#connection-bar[data-step=connected]").waitFor({ timeout: 30_000 });
}

/** The rows of the terminal as drawn, without blanks at their ends. */
export async function screenText(viewer: Page): Promise<string> {
  const rows = await viewer.locator(".xterm-rows > div").allInnerTexts();
  return rows.map((row) => row.replaceAll("\u00a0", " ").trimEnd()).join("\n");
}

export async function shows(viewer: Page, wanted: string | RegExp, limitMs = 15_000): Promise<string> {
  let last = "";
  try {
    return await eventually(
      `the terminal to show ${wanted}`,
      async () => {
        last = await screenText(viewer);
        const isThere = typeof wanted === "string" ? last.includes(wanted) : wanted.test(last);
        return isThere ? last : undefined;
      },
      limitMs,
    );
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : "failed"}; it shows:\n${last.trimEnd()}`);
  }
}

export async function types(viewer: Page, text: string): Promise<void> {
  await viewer.keyboard.type(text);
}

/** As if it were on the clipboard and the person pressed the keys to paste: the same event of the browser. */
export async function pastes(viewer: Page, text: string): Promise<void> {
  await viewer.locator(".xterm-helper-textarea").evaluate((element, data) => {
    // The test's own TypeScript knows no browser.
    const page = globalThis as unknown as {
      DataTransfer: new () => { setData(type: string, text: string): void };
      ClipboardEvent: new (name: string, init: object) => object;
    };
    const clipboardData = new page.DataTransfer();
    clipboardData.setData("text/plain", data);
    const event = new page.ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    (element as unknown as { dispatchEvent(event: object): void }).dispatchEvent(event);
  }, text);
}

/** The addresses of all scripts that a page has loaded. */
export async function scriptsOf(page: Page): Promise<string> {
  return String(await page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name).join('\\n')"));
}
