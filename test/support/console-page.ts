// The console in a real Chromium: what a person does on its pages, by the handles of cloud-stub/console/test-ids.md.
import { type Browser, chromium, type Page } from "playwright-core";
import type { Picture } from "./xwd.ts";

/** Debian's Chromium, without a sandbox because CI runs as root, and without its background traffic. */
export const chromiumOptions = {
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
};

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch(chromiumOptions);
}

export async function signIn(page: Page, consoleUrl: string, password: string): Promise<void> {
  await page.goto(consoleUrl);
  await page.getByTestId("login-user").fill("admin");
  await page.getByTestId("login-password").fill(password);
  await page.getByTestId("login-submit").click();
  await page.getByTestId("user-menu").waitFor();
}

/** From the device list into a device's tab. */
export async function openDevice(
  page: Page,
  name: string,
  tab: "info" | "remote-access" | "health" | "control",
): Promise<void> {
  await page.getByTestId("menu-devices").click();
  await page.getByTestId("device-table").getByText(name).click();
  await page.getByTestId(`tab-${tab}`).click();
}

export async function addVncEndpoint(
  page: Page,
  endpoint: { name: string; host: string; port: number; password?: string },
): Promise<void> {
  await page.getByTestId("add-endpoint").click();
  await page.getByTestId("endpoint-protocol").selectOption("VNC");
  await page.getByTestId("endpoint-name").fill(endpoint.name);
  await page.getByTestId("endpoint-host").fill(endpoint.host);
  await page.getByTestId("endpoint-port").fill(String(endpoint.port));
  await page.getByTestId("endpoint-sign-in").selectOption(endpoint.password === undefined ? "NONE" : "PASS_ONLY");
  if (endpoint.password !== undefined) await page.getByTestId("endpoint-password").fill(endpoint.password);
  await page.getByTestId("endpoint-save").click();
  await page.locator(`[data-name="${endpoint.name}"]`).waitFor();
}

/** Clicks Connect and gives the tab that opens, once it says connected. */
export async function connect(page: Page, endpointName: string): Promise<Page> {
  const opening = page.context().waitForEvent("page");
  await page
    .locator(`[data-name="${endpointName}"]`)
    .getByTestId(/^connect-/)
    .click();
  const viewer = await opening;
  await viewer.locator("#connection-bar[data-step=connected]").waitFor({ timeout: 30_000 });
  return viewer;
}

/** The pixels of the viewer's canvas. */
export async function canvasPicture(viewer: Page): Promise<Picture> {
  const { width, height, base64 } = await viewer.locator("#screen canvas").evaluate((element) => {
    const canvas = element as unknown as {
      width: number;
      height: number;
      getContext(kind: "2d"): { getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray } };
    };
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let text = "";
    for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
    return { width: canvas.width, height: canvas.height, base64: btoa(text) };
  });
  const bytes = Buffer.from(base64, "base64");
  const pixels = new Uint32Array(width * height);
  for (let index = 0; index < pixels.length; index++) {
    pixels[index] =
      (bytes.readUInt8(index * 4) << 16) | (bytes.readUInt8(index * 4 + 1) << 8) | bytes.readUInt8(index * 4 + 2);
  }
  return { width, height, pixels };
}

/** Every frame of every websocket that the page opens, from now on. */
export function recordWebSocketFrames(page: Page): (string | Buffer)[] {
  const frames: (string | Buffer)[] = [];
  page.on("websocket", (socket) => {
    frames.push(socket.url());
    socket.on("framereceived", ({ payload }) => frames.push(payload));
    socket.on("framesent", ({ payload }) => frames.push(payload));
  });
  return frames;
}
