// The authorities of gateways in the console: made, put on the list, disabled, removed; and one-time passwords for gateways.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certify, makeAuthority } from "../cloud/device-authority.ts";
import { openBrowser, signIn } from "../support/console-page.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { temporaryFolder } from "../support/processes.ts";
import { adminPassword, type RunningCloud, startCloudProgram } from "../support/running-cloud.ts";

const dayMs = 86_400_000;
const now = { notBeforeMs: Date.now() - dayMs, notAfterMs: Date.now() + dayMs };

describe.skipIf(isAnyMissing(peers.chromium))("certificates in the console", () => {
  let folder: { readonly path: string } & Disposable;
  let cloud: RunningCloud;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = temporaryFolder();
    cloud = await startCloudProgram(folder.path);
    browser = await openBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    await signIn(page, cloud.consoleUrl, adminPassword);
  });
  afterAll(async () => {
    await browser?.close();
    await cloud?.program.stop();
    folder?.[Symbol.dispose]();
  });

  test("the tenant's own authority is made and renewed", async () => {
    await page.getByTestId("menu-certificates").click();
    await page.getByTestId("no-certificates").waitFor();
    await page.getByTestId("make-authority").click();
    await page.getByTestId("certificate-table").getByText("Certificate authority of the tenant").waitFor();
    const before = await page.locator("[data-testid^=certificate-][data-status]").getAttribute("data-testid");
    await page.getByTestId("renew-authority").click();
    await page.locator(`[data-status]:not([data-testid=${before}])`).waitFor();
  });

  test("what is no authority is refused in the form, and a file of one is taken", async () => {
    await page.getByTestId("add-certificate").click();
    await page.getByTestId("certificate-name").fill("Factory");
    await page.getByTestId("certificate-text").fill(certify(makeAuthority(now), { commonName: "gw-1", ...now }).pem);
    await page.getByTestId("add-certificate-dialog-save").click();
    await page.getByTestId("add-certificate-dialog-error").getByText("it is not that of an authority").waitFor();
    const file = join(folder.path, "factory.pem");
    writeFileSync(file, makeAuthority({ commonName: "Factory root", ...now }).pem);
    await page.getByTestId("certificate-file").setInputFiles(file);
    await page.getByTestId("certificate-automatic").click();
    await page.getByTestId("add-certificate-dialog-save").click();
    const row = page.getByRole("row").filter({ hasText: "CN=Factory root" });
    await row.getByText("register by themselves").waitFor();
    await row.getByRole("button", { name: "Disable" }).click();
    await row.getByText("Disabled").waitFor();
    await row.getByRole("button", { name: "Remove" }).click();
    await page.getByTestId("remove-certificate-dialog-confirm").click();
    await row.waitFor({ state: "detached" });
  });

  test("a gateway gets a one-time password, and a bad one is said in words", async () => {
    await page.getByTestId("menu-registration").click();
    await page.getByTestId("certificate-device-id").fill("gw-1");
    await page.getByTestId("certificate-one-time-password").fill("short");
    await page.getByTestId("certificate-offer").click();
    await page.getByText("The one-time password must have 8 to 32 characters").waitFor();
    await page.getByTestId("certificate-make-password").click();
    expect(await page.getByTestId("certificate-one-time-password").inputValue()).toMatch(/^[a-z2-9]{20}$/);
    await page.getByTestId("certificate-offer").click();
    await page.getByText("gw-1 may now get its certificate.").waitFor();
  });
});
