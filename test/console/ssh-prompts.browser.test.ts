// A panel that asks several things at once before it lets a person in by SSH: all are shown, the hidden one is not echoed.
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { type AuthContext, type KeyboardAuthContext, Server } from "ssh2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findCanary } from "../support/canary.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { openDevice } from "../support/console-page.ts";
import { ed25519Pair } from "../support/ed25519-pair.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually } from "../support/processes.ts";
import { fillSshForm, isConnected, openTab, saveForm, screenText, shows, types } from "./terminal-page.ts";

const employee = "40017";
const code = "c0de-8842-onetime";

/** Asks for a number and a one-time code together, and lets in whoever knows both. */
class AskingPanel {
  port = 0;
  answers: readonly string[] = [];
  typed = "";
  connections = 0;
  readonly #server = new Server({ hostKeys: [ed25519Pair().private] }, (connection) => {
    this.connections += 1;
    connection.on("authentication", (context) => this.#judge(context));
    connection.on("session", (accept) => {
      const session = accept();
      session.on("pty", (acceptPty) => acceptPty?.());
      session.on("shell", (acceptShell) => {
        const shell = acceptShell();
        shell.on("data", (bytes: Buffer) => {
          this.typed += bytes.toString();
        });
        shell.write("drive 7> ");
      });
    });
    connection.on("error", () => {});
    connection.on("close", () => {
      this.connections -= 1;
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }

  #judge(context: AuthContext): void {
    if (context.method === "keyboard-interactive") this.#asks(context);
    else context.reject(["keyboard-interactive"]);
  }

  #asks(context: KeyboardAuthContext): void {
    const prompts = [
      { prompt: "Employee number: ", echo: true },
      { prompt: "One-time code: ", echo: false },
    ];
    context.prompt(prompts, "Night shift", "Say who you are.", (answers) => {
      this.answers = answers;
      if (answers[0] === employee && answers[1] === code) context.accept();
      else context.reject(["keyboard-interactive"]);
    });
  }
}

describe.skipIf(isAnyMissing(peers.chromium))("questions of an SSH panel in the console", () => {
  const panel = new AskingPanel();
  let bench: ConsoleBench;
  let page: Page;
  let viewer: Page;

  beforeAll(async () => {
    await panel.listen();
    bench = await ConsoleBench.start("gw-asks", [`127.0.0.1:${panel.port}`]);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    await fillSshForm(page, { name: "Drive 7", port: panel.port, user: "service", password: "stored" });
    await saveForm(page, "Drive 7");
    // The panel's key is learnt once.
    viewer = await openTab(page, "Drive 7");
    await viewer.getByTestId("host-key-accept").click();
    await viewer.getByTestId("prompt-dialog").waitFor();
    await viewer.close();
  });

  beforeEach(async () => {
    panel.answers = [];
    viewer = await openTab(page, "Drive 7");
    await viewer.getByTestId("prompt-dialog").waitFor();
    return async () => await viewer.close();
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    panel.close();
  });

  test("all are shown at once, the hidden answer is not echoed, and the answers let the person in", async () => {
    const dialog = viewer.getByTestId("prompt-dialog");
    expect(await viewer.locator("ix-modal-header").textContent()).toBe("Night shift");
    expect(await dialog.textContent()).toContain("Say who you are.");
    const number = viewer.getByLabel("Employee number:");
    const secret = viewer.getByLabel("One-time code:");
    expect(await number.isVisible()).toBe(true);
    expect(await secret.isVisible()).toBe(true);
    expect(await number.getAttribute("type")).toBe("text");
    expect(await secret.getAttribute("type")).toBe("password");
    expect(await viewer.getByTestId("connection-step").textContent()).toBe("starting SSH handshake");

    await number.click();
    await types(viewer, employee);
    await viewer.keyboard.press("Tab");
    await types(viewer, code);
    expect(await number.inputValue()).toBe(employee);
    expect(await secret.inputValue()).toBe(code);
    expect(String(await viewer.evaluate("document.body.innerText"))).not.toContain(code);
    await viewer.getByTestId("prompt-send").click();
    await isConnected(viewer);
    expect(panel.answers).toEqual([employee, code]);
    expect(await dialog.count()).toBe(0);

    await shows(viewer, "drive 7>");
    await types(viewer, "jog");
    await eventually("the panel to hear what is typed", () => (panel.typed === "jog" ? true : undefined));
    expect(await screenText(viewer)).not.toContain(code);
    expect(String(await viewer.evaluate("document.documentElement.outerHTML"))).not.toContain(code);
    for (const program of [bench.cloud.program, bench.gateway]) {
      expect(findCanary(program.name, program.output, code)).toEqual([]);
    }
  });

  test("a wrong answer says so in the tab where the person looks, and the next attempt asks again", async () => {
    await viewer.getByTestId("prompt-0").fill(employee);
    await viewer.getByTestId("prompt-1").fill("0000");
    await viewer.getByTestId("prompt-send").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='auth.failed']").waitFor();
    expect(panel.answers).toEqual([employee, "0000"]);
    expect(await viewer.getByTestId("connection-ending").textContent()).toMatch(/did not accept/);
    await eventually("the panel to be left", () => (panel.connections === 0 ? true : undefined));

    await viewer.getByTestId("connect-again").click();
    await viewer.getByTestId("prompt-dialog").waitFor();
    expect(await viewer.getByTestId("prompt-0").inputValue()).toBe("");
    expect(await viewer.getByTestId("prompt-1").inputValue()).toBe("");
    await viewer.getByTestId("prompt-0").fill(employee);
    await viewer.getByTestId("prompt-1").fill(code);
    await viewer.getByTestId("prompt-send").click();
    await isConnected(viewer);
  });

  test("Cancel at the questions ends the connection, and nothing is answered", async () => {
    await viewer.getByTestId("prompt-cancel").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='client.closed']").waitFor();
    await eventually("the panel to be left", () => (panel.connections === 0 ? true : undefined));
    expect(panel.answers).toEqual([]);
  });
});
