// Cloud and gateway as processes and a Chromium beside them: what each browser test starts from.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { openBrowser, signIn } from "./console-page.ts";
import { type Program, temporaryFolder } from "./processes.ts";
import { adminPassword, type RunningCloud, startCloudProgram, startGatewayProgram } from "./running-cloud.ts";

export class ConsoleBench {
  readonly gatewayId: string;
  readonly folder: string;
  readonly cloud: RunningCloud;
  readonly gateway: Program;
  readonly browser: Browser;
  readonly #folder: Disposable;

  private constructor(parts: {
    gatewayId: string;
    folder: { path: string } & Disposable;
    cloud: RunningCloud;
    gateway: Program;
    browser: Browser;
  }) {
    this.gatewayId = parts.gatewayId;
    this.folder = parts.folder.path;
    this.#folder = parts.folder;
    this.cloud = parts.cloud;
    this.gateway = parts.gateway;
    this.browser = parts.browser;
  }

  /** `allow`: entries of the gateway's own `[tunnels]`; `lines`: more of that section. */
  static async start(
    gatewayId: string,
    allow: readonly string[],
    lines: readonly string[] = [],
  ): Promise<ConsoleBench> {
    const folder = temporaryFolder();
    const cloud = await startCloudProgram(folder.path);
    const tunnels = ["[tunnels]", `allow = ${JSON.stringify(allow)}`, ...lines].join("\n");
    const gateway = startGatewayProgram(folder.path, cloud, { id: gatewayId, tunnels });
    return new ConsoleBench({ gatewayId, folder, cloud, gateway, browser: await openBrowser() });
  }

  /** The gateway's name as the console shows it. */
  get gatewayName(): string {
    return `Gateway ${this.gatewayId}`;
  }

  /** A page of a person who has just signed in. */
  async signedIn(): Promise<{ context: BrowserContext; page: Page }> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await signIn(page, this.cloud.consoleUrl, adminPassword);
    return { context, page };
  }

  /** On the registration page: enters the gateway's id, waits for it to ask, and accepts it. */
  async registersGateway(page: Page): Promise<void> {
    await page.getByTestId("menu-registration").click();
    await page.getByTestId("registration-device-id").fill(this.gatewayId);
    await page.getByTestId("registration-add").click();
    await page.getByTestId(`accept-${this.gatewayId}`).click();
    await this.gateway.event("connectivity.online", 40_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.gateway.stop();
    await this.cloud.program.stop();
    this.#folder[Symbol.dispose]();
  }
}
