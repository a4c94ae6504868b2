// The form of an endpoint while somebody types: the cloud's own words come before Save, and nothing is stored, ended or lost by that.
import type { Page, Request } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { restMs } from "#cloud-stub/console/src/remote-access/live-check.ts";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, connect, openDevice } from "../support/console-page.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually } from "../support/processes.ts";

const addressWords = "IP address must be a host name or an address alone, without scheme, user or path.";
const portWords = "Port must be a whole number from 1 to 65535.";

describe.skipIf(isAnyMissing(peers.chromium))("the form of an endpoint while somebody types", () => {
  let panel: RunningVncPanel;
  let bench: ConsoleBench;
  let page: Page;
  let tabUrl: string;
  let configurations: string;
  /** Questions of the page to the cloud about what is typed. */
  let checks: Request[] = [];
  let underWay = 0;
  let underWayMax = 0;

  beforeAll(async () => {
    panel = await startPanel(vncPanel({ password: "on-panel" }), "press4");
    bench = await ConsoleBench.start("gw-typing", [`127.0.0.1:${panel.port}`]);
    console.info(`real peer: Chromium ${bench.browser.version()}`);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    tabUrl = page.url();
    configurations = `/service/remoteaccess${/\/devices\/\d+/.exec(tabUrl)?.[0]}/configurations`;
    page.on("request", (request) => {
      if (!request.url().endsWith("/check")) return;
      checks.push(request);
      underWay += 1;
      underWayMax = Math.max(underWayMax, underWay);
    });
    const ended = (request: Request) => {
      if (request.url().endsWith("/check")) underWay -= 1;
    };
    page.on("requestfinished", ended);
    page.on("requestfailed", ended);
  });

  beforeEach(async () => {
    await page.goto(tabUrl);
    await page.getByTestId("add-endpoint").waitFor();
    checks = [];
    underWayMax = 0;
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await panel?.close();
  });

  const field = (name: string) => page.getByTestId(`endpoint-${name}`);
  const note = (name: string) => page.getByTestId(`endpoint-${name}-note`);
  const says = (name: string, words: string | RegExp) => note(name).filter({ hasText: words }).waitFor();
  const types = async (name: string, text: string) => {
    await field(name).fill("");
    await field(name).pressSequentially(text, { delay: 20 });
  };
  const isQuiet = async (name: string) =>
    await eventually(`nothing wrong with ${name}`, async () =>
      (await note(name).getAttribute("class")) === "field-hint" ? true : undefined,
    );
  const stored = async () => (await operatorOf(bench.cloud).asks("GET", configurations)).json() as object[];

  async function edits(name: string): Promise<void> {
    await page
      .locator(`[data-name="${name}"]`)
      .getByTestId(/^endpoint-menu-/)
      .click();
    await page
      .getByTestId(/^edit-endpoint-/)
      .filter({ visible: true })
      .click();
  }

  test("a wrong address and a wrong port are said in the cloud's words before Save, which can still be pressed", async () => {
    await page.getByTestId("add-endpoint").click();
    await types("host", "http://192.0.2.7/");
    await says("host", addressWords);
    await types("port", "70000");
    await says("port", portWords);
    expect(await field("host").inputValue()).toBe("http://192.0.2.7/");
    expect(await field("port").inputValue()).toBe("70000");
    expect(await field("port").getAttribute("aria-invalid")).toBe("true");
    // Nobody has come to the name yet.
    expect(await note("name").textContent()).toBe("");
    expect(await page.getByTestId("endpoint-error").textContent()).toBe("");

    const saving = page.waitForResponse((answer) => answer.url().endsWith("/configurations"));
    await page.getByTestId("endpoint-save").click();
    expect((await saving).status()).toBe(422);
    await says("name", "Name must be provided.");
    await says("host", addressWords);
    await says("port", portWords);
    expect(await field("host").inputValue()).toBe("http://192.0.2.7/");
    expect(await stored()).toEqual([]);
  });

  test("the words go as soon as it is right, and what is right is saved as it was typed", async () => {
    await page.getByTestId("add-endpoint").click();
    await types("host", "h mi");
    await types("port", "many");
    await page.getByTestId("endpoint-save").click();
    await says("name", "Name must be provided.");
    await types("host", "192.0.2.7");
    await isQuiet("host");
    await says("port", portWords);
    await types("port", "5901");
    await isQuiet("port");
    // Save has asked for the name: that stays until it is given.
    await says("name", "Name must be provided.");
    await types("name", "Nowhere");
    await isQuiet("name");
    expect(await stored()).toEqual([]);
    await page.getByTestId("endpoint-save").click();
    await page.locator('[data-name="Nowhere"]').waitFor();
    expect(await stored()).toMatchObject([{ name: "Nowhere", hostname: "192.0.2.7", port: 5901 }]);
    expect(checks.length).toBeGreaterThan(0);
    expect(underWayMax).toBe(1);
  });

  test("a field that was filled in and emptied again says nothing before Save", async () => {
    await page.getByTestId("add-endpoint").click();
    await types("name", "x");
    await eventually("a question about the name", () => (checks.length > 0 ? true : undefined));
    await types("port", "x");
    await says("port", portWords);
    await field("name").fill("");
    await field("port").fill("5900");
    await isQuiet("port");
    expect(await note("name").textContent()).toBe("");
  });

  test("a password is judged, and neither it nor a passphrase is in the log; a passphrase waits for Save", async () => {
    await page.getByTestId("add-endpoint").click();
    await field("sign-in").selectOption("PASS_ONLY");
    await types("password", "canary-пароль");
    await says("password", "Password must contain only characters that VNC knows (Latin-1).");
    await field("protocol").selectOption("SSH");
    await field("sign-in").selectOption("KEY_PAIR");
    await types("passphrase", "canary-passphrase");
    await field("private-key").fill("canary-key, which is none");
    await says("private-key", /^Private key cannot be used: /);
    const sent = checks.map((request) => request.postData() ?? "");
    expect(sent.some((body) => body.includes("canary-пароль"))).toBe(true);
    expect(sent.some((body) => body.includes("canary-passphrase"))).toBe(false);
    expect(checks.some((request) => request.url().includes("canary"))).toBe(false);
    // The log that is searched is the running cloud's; a form that is not finished yet leaves no line in it.
    expect(bench.cloud.program.output).toContain("login.succeeded");
    expect(bench.cloud.program.output).not.toContain("/configurations/check");
    expect(bench.cloud.program.output).not.toContain("canary");
  });

  test("the form of an endpoint that is there is judged with what is stored, and its open session lives on", async () => {
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: panel.port, password: "on-panel" });
    const viewer = await connect(page, "Press 4");
    const before = await stored();
    await edits("Press 4");
    await types("port", "0");
    await says("port", portWords);
    await isQuiet("password");
    await types("port", "5999");
    await isQuiet("port");
    expect(checks.at(-1)?.url()).toMatch(/\/configurations\/\d+\/check$/);
    expect((await checks.at(-1)?.response())?.status()).toBe(204);
    expect(await viewer.locator("#connection-bar").getAttribute("data-step")).toBe("connected");
    expect(panel.connections).toBe(1);
    await page.getByTestId("endpoint-cancel").click();
    expect(await stored()).toEqual(before);
    await viewer.close();
  });

  test.each([404, 405])("a cloud without this route (%i) is asked once, and says its words at Save", async (status) => {
    await page.route("**/configurations/check", (route) =>
      route.fulfill({ status, json: { message: "no such route" } }),
    );
    await page.getByTestId("add-endpoint").click();
    const answered = page.waitForResponse((answer) => answer.url().endsWith("/check"));
    await types("port", "70000");
    expect((await answered).status()).toBe(status);
    await types("host", "http://192.0.2.7/");
    await types("name", "No words");
    // The page's timers run in order: by then another question would have been asked.
    await page.evaluate(`new Promise((resolve) => setTimeout(resolve, ${restMs}))`);
    await page.getByTestId("endpoint-save").click();
    await says("port", portWords);
    await says("host", addressWords);
    expect(await page.getByTestId("endpoint-error").textContent()).toBe("");
    expect(await field("name").inputValue()).toBe("No words");
    expect(checks).toHaveLength(1);
    await page.unroute("**/configurations/check");
  });
});
