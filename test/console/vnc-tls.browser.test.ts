// A panel that wants VeNCrypt with a certificate: the person in the browser confirms it once, and sees the panel's very screen.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, canvasPicture, openDevice } from "../support/console-page.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, Program, temporaryFolder } from "../support/processes.ts";
import { freePort } from "../support/xvnc.ts";
import { differentPixels, pictureOfDisplay } from "../support/xwd.ts";
import { isConnected, openTab } from "./terminal-page.ts";

const password = "xV7-pass";
const isSkipped = isAnyMissing(peers.xvnc, peers.vncPassword, peers.xwd, peers.openssl, peers.chromium);

describe.skipIf(isSkipped)("a VNC panel with a certificate in the console", () => {
  const folder = temporaryFolder();
  const certificate = join(folder.path, "panel.pem");
  let server: Program;
  let display: string;
  let bench: ConsoleBench;
  let page: Page;

  beforeAll(async () => {
    const key = join(folder.path, "panel.key");
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=press4", "-keyout", key],
        ...["-out", certificate],
      ],
      { stdio: "ignore" },
    );
    const passwordFile = join(folder.path, "vnc.pass");
    writeFileSync(passwordFile, execFileSync("tigervncpasswd", ["-f"], { input: `${password}\n` }), { mode: 0o600 });
    const port = await freePort();
    server = new Program("Xtigervnc", "Xtigervnc", [
      ...["-displayfd", "1", "-geometry", "640x400", "-depth", "24", "-rfbport", String(port), "-localhost"],
      ...["-interface", "127.0.0.1", "-SecurityTypes", "X509Vnc", "-PasswordFile", passwordFile],
      ...["-X509Cert", certificate, "-X509Key", key],
    ]);
    display = `:${await server.until(() => /^(\d+)$/m.exec(server.output)?.[1], "display number", 15_000)}`;
    bench = await ConsoleBench.start("gw-tls", [`127.0.0.1:${port}`]);
    const version = /Xvnc TigerVNC ([0-9.]+)/.exec(server.output)?.[1] ?? "unknown";
    console.info(`real peer: Xtigervnc ${version}, Chromium ${bench.browser.version()}`);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port, password });
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await server?.stop("SIGTERM");
    folder[Symbol.dispose]();
  });

  test("the certificate's fingerprint is shown and confirmed; the next connection does not ask", async () => {
    const viewer = await openTab(page, "Press 4");
    await viewer.getByTestId("host-key-accept").waitFor();
    expect(await viewer.getByTestId("host-key-fingerprint").textContent()).toMatch(/^SHA256:/);
    await viewer.getByTestId("host-key-accept").click();
    await isConnected(viewer);
    await viewer.locator("#screen canvas").hover({ position: { x: 600, y: 380 } });
    await eventually("a canvas equal to the display's own picture", async () =>
      differentPixels(await canvasPicture(viewer), await pictureOfDisplay(display)) === 0 ? true : undefined,
    );
    await viewer.close();
    const again = await openTab(page, "Press 4");
    await isConnected(again);
    expect(await again.getByTestId("host-key-dialog").count()).toBe(0);
    await again.close();
  });

  test("the learnt certificate stands in the form and stays when something else is changed; another one is refused", async () => {
    const opensForm = async (name: string) => {
      await page
        .locator(`[data-name="${name}"]`)
        .getByTestId(/^endpoint-menu-/)
        .click();
      await page
        .getByTestId(/^edit-endpoint-/)
        .filter({ visible: true })
        .click();
    };
    await opensForm("Press 4");
    expect(await page.getByTestId("endpoint-host-key").inputValue()).toContain("SHA256:");
    await page.getByTestId("endpoint-name").fill("Press 5");
    await page.getByTestId("endpoint-save").click();
    await page.locator('[data-name="Press 5"]').waitFor();
    const viewer = await openTab(page, "Press 5");
    await isConnected(viewer);
    expect(await viewer.getByTestId("host-key-dialog").count()).toBe(0);
    await viewer.close();

    await opensForm("Press 5");
    await page.getByTestId("endpoint-host-key").fill("no certificate");
    await page.getByTestId("endpoint-save").click();
    await page
      .getByTestId("endpoint-host-key-note")
      .filter({ hasText: /PEM certificate/ })
      .waitFor();
    await page.getByTestId("endpoint-host-key").fill(`SHA256:${"A".repeat(43)}`);
    await page.getByTestId("endpoint-save").click();
    await page.getByTestId("endpoint-dialog").waitFor({ state: "detached" });
    const refused = await openTab(page, "Press 5");
    await refused.locator("#connection-bar[data-step=disconnected][data-reason='hostkey.mismatch']").waitFor();
    expect((await refused.getByTestId("connection-ending").textContent())?.match(/SHA256:/g)).toHaveLength(2);
    await refused.close();
  });
});
