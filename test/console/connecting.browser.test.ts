// What a person sees while a connection is being made, step by step, and how Disconnect ends it at each of them.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, canvasPicture, openDevice } from "../support/console-page.ts";
import { DeafDoor, MuteDoor } from "../support/held-panels.ts";
import { startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { socketsOf } from "../support/process-sockets.ts";
import { eventually } from "../support/processes.ts";
import { TextServer } from "../support/text-server.ts";
import { differentPixels } from "../support/xwd.ts";
import { addTelnetEndpoint, isConnected, openTab, shows, types } from "./terminal-page.ts";

const password = "hmi-pass";

describe.skipIf(isAnyMissing(peers.chromium))("while a connection is being made", () => {
  let panel: RunningVncPanel;
  let door: MuteDoor;
  let openPanel: RunningVncPanel;
  let openDoor: MuteDoor;
  const deafDoors: DeafDoor[] = [];
  const telnet = new TextServer("OLD DRIVE> ");
  let bench: ConsoleBench;
  let page: Page;

  beforeAll(async () => {
    panel = await startPanel(vncPanel({ password, title: "PRESS 4" }), "press4");
    door = await MuteDoor.before(panel.port);
    openPanel = await startPanel(vncPanel({ title: "PRESS 5" }), "press5");
    openDoor = await MuteDoor.before(openPanel.port);
    await telnet.listen();
    // A panel that takes no connection is held for longer than the gateway's 10 s on a busy machine.
    bench = await ConsoleBench.start("gw-steps", ["127.0.0.1:1024-65535"], ["dial_timeout_s = 25"]);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: door.port, password });
    await addVncEndpoint(page, { name: "Press 5", host: "127.0.0.1", port: openDoor.port });
  });

  beforeEach(async () => {
    await page.getByTestId("tab-remote-access").click();
    // A gateway that stands still could not even be stopped.
    return () => void bench.gateway.child.kill("SIGCONT");
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    for (const deaf of deafDoors) await deaf.breaks();
    door?.close();
    openDoor?.close();
    await panel?.close();
    await openPanel?.close();
    telnet.close();
  });

  test.each([
    { what: "by the cloud, which has the password", name: "Press 4", at: () => ({ door, panel }) },
    { what: "by the page, where there is none", name: "Press 5", at: () => ({ door: openDoor, panel: openPanel }) },
  ])("the bar says “starting VNC handshake” as long as it is made $what, and no longer", async ({ name, at }) => {
    const viewer = await openTab(page, name);
    await at().door.isHolding();
    await reaches(viewer, "handshaking");
    const words = viewer.getByTestId("connection-step");
    expect(await words.textContent()).toBe("starting VNC handshake");
    expect(await words.isVisible()).toBe(true);
    expect(await viewer.getByTestId("stage-notice").textContent()).toContain("Connecting");
    expect(await viewer.locator("#screen canvas").isVisible()).toBe(false);

    at().door.opens();
    await reaches(viewer, "connected");
    expect(await words.textContent()).toBe("connected");
    expect(await viewer.getByText("starting VNC handshake").count()).toBe(0);
    await eventually("the panel's picture", async () =>
      differentPixels(await canvasPicture(viewer), at().panel.screen.frame) === 0 ? true : undefined,
    );
    await viewer.close();
    at().door.shuts();
    await at().door.isLeft();
  });

  test("Disconnect while the page prepares: nothing is opened afterwards", async () => {
    const before = await operationCount();
    const { promise: held, resolve: pass } = Promise.withResolvers<void>();
    const { promise: asked, resolve: seen } = Promise.withResolvers<void>();
    const asksForEndpoint = /\/service\/remoteaccess\/devices\/[^/]+\/configurations\/[^/]+$/;
    await page.context().route(asksForEndpoint, async (route) => {
      seen();
      await held;
      // The page may have given the request up in the meantime.
      await route.continue().catch(() => undefined);
    });
    const viewer = await openTab(page, "Press 4");
    const sockets: string[] = [];
    viewer.on("websocket", (socket) => sockets.push(socket.url()));
    await asked;
    expect(await viewer.getByTestId("connection-step").textContent()).toBe("preparing the connection");
    await disconnects(viewer);
    pass();
    await viewer.waitForLoadState("networkidle");
    await page.context().unroute(asksForEndpoint);
    expect(sockets).toEqual([]);
    expect(await operationCount()).toBe(before);

    await viewer.getByTestId("connect-again").click();
    await reaches(viewer, "handshaking");
    await disconnects(viewer);
    await viewer.close();
    await door.isLeft();
    expect(await operationCount()).toBe(before + 1);
  });

  test("PENDING while the gateway has not taken it, EXECUTING while it opens the tunnel, then SUCCESSFUL: all in Control", async () => {
    const deaf = await addDeafPanel("Press 6", panel.port);
    bench.gateway.child.kill("SIGSTOP");
    const viewer = await openTab(page, "Press 6");
    await reaches(viewer, "waiting-for-gateway");
    expect(await viewer.getByTestId("connection-step").textContent()).toBe("waiting for gateway");
    await page.getByTestId("tab-control").click();
    const id = await newest("PENDING", "Pending");

    bench.gateway.child.kill("SIGCONT");
    await reaches(viewer, "opening-tunnel");
    expect(await viewer.getByTestId("connection-step").textContent()).toBe("opening tunnel");
    expect(await newest("EXECUTING", "Executing")).toBe(id);

    deaf.opens();
    await reaches(viewer, "connected");
    expect(await newest("SUCCESSFUL", "Successful")).toBe(id);
    await disconnects(viewer);
    await viewer.close();
    expect(await newest("SUCCESSFUL", "You ended|closed by the person")).toBe(id);
  });

  test("EXECUTING, then FAILED with its reason, when the panel that is dialled goes away: all in Control", async () => {
    const deaf = await addDeafPanel("Press 7", panel.port);
    const viewer = await openTab(page, "Press 7");
    await reaches(viewer, "opening-tunnel");
    await page.getByTestId("tab-control").click();
    const id = await newest("EXECUTING", "Executing");

    await deaf.breaks();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='panel.refused']").waitFor();
    expect(await newest("FAILED", "Failed")).toBe(id);
    expect(await page.getByTestId(`failure-${id}`).textContent()).toMatch(/refused the connection/);
    await viewer.close();
  });

  test("Disconnect while the gateway is away: the operation ends, and the gateway finds nothing to do", async () => {
    bench.gateway.child.kill("SIGSTOP");
    const viewer = await openTab(page, "Press 4");
    await reaches(viewer, "waiting-for-gateway");
    await disconnects(viewer);
    await page.getByTestId("tab-control").click();
    const id = await newest("FAILED", "Failed");
    expect(await page.getByTestId(`failure-${id}`).textContent()).toMatch(/closed by the person/);
    bench.gateway.child.kill("SIGCONT");
    await hasNoSession();
    await door.isLeft();
    // Whatever the gateway makes of what it was sent, the operation stays as it ended.
    await page.getByTestId("tab-remote-access").click();
    const again = await openTab(page, "Press 4");
    await reaches(again, "handshaking");
    await disconnects(again);
    await page.getByTestId("tab-control").click();
    await page.locator(`[data-testid=operation-${id}][data-status=FAILED]`).waitFor();
    await again.close();
    await viewer.close();
  });

  test("Disconnect while the gateway dials a panel that does not answer: the operation ends at once, the tunnel when the panel answers", async () => {
    const deaf = await addDeafPanel("Press 8", panel.port);
    const from = bench.gateway.lines.length;
    const viewer = await openTab(page, "Press 8");
    await reaches(viewer, "opening-tunnel");
    const dialled = () => socketsOf(bench.gateway.child.pid!).filter(({ remotePort }) => remotePort === deaf.port);
    await eventually("the gateway to dial", () => (dialled().length === 1 ? true : undefined));
    await disconnects(viewer);
    await hasNoSession();
    await page.getByTestId("tab-control").click();
    const id = await newest("FAILED", "Failed");
    expect(await page.getByTestId(`failure-${id}`).textContent()).toMatch(/closed by the person/);

    deaf.opens();
    const closed = await bench.gateway.event("tunnel.closed", 20_000, undefined, from);
    expect(closed).toMatchObject({ operation: id, bytesUp: 0 });
    await eventually("the gateway to have left the panel", () => (dialled().length === 0 ? true : undefined));
    await eventually("the panel to be left", () => (panel.connections === 0 ? true : undefined));
    await page.locator(`[data-testid=operation-${id}][data-status=FAILED]`).waitFor();
    await viewer.close();
  });

  test("Disconnect while the panel lets the handshake wait: both ends are closed", async () => {
    const from = bench.gateway.lines.length;
    const viewer = await openTab(page, "Press 4");
    await door.isHolding();
    await reaches(viewer, "handshaking");
    await disconnects(viewer);
    await door.isLeft();
    await hasNoSession();
    const closed = await bench.gateway.event("tunnel.closed", 10_000, undefined, from);
    expect(closed).toMatchObject({ reason: "client.closed" });
    await viewer.close();
  });

  test("Disconnect ends a Telnet connection: both ends are closed, no byte more goes out, what was shown stays", async () => {
    await addTelnetEndpoint(page, { name: "Old drive", port: telnet.port });
    const from = bench.gateway.lines.length;
    const viewer = await openTab(page, "Old drive");
    await isConnected(viewer);
    await shows(viewer, "OLD DRIVE>");
    await types(viewer, "half");
    await telnet.hears("half");
    const before = telnet.heard.length;
    await disconnects(viewer);
    expect(await telnet.ends()).toBe("in order");
    const closed = await bench.gateway.event("tunnel.closed", 10_000, undefined, from);
    expect(closed).toMatchObject({ reason: "client.closed" });
    await hasNoSession();
    await shows(viewer, "OLD DRIVE>");
    await types(viewer, "more");
    expect(await viewer.getByTestId("disconnect").count()).toBe(0);
    expect(telnet.heard.subarray(before)).toEqual(Buffer.alloc(0));
    await viewer.close();
  });

  async function addDeafPanel(name: string, port: number): Promise<DeafDoor> {
    const deaf = await DeafDoor.before(port);
    deafDoors.push(deaf);
    await addVncEndpoint(page, { name, host: "127.0.0.1", port: deaf.port, password });
    return deaf;
  }

  async function reaches(viewer: Page, step: string): Promise<void> {
    await viewer.locator(`#connection-bar[data-step=${step}]`).waitFor();
  }

  /** By the button; the page says so in plain words. */
  async function disconnects(viewer: Page): Promise<void> {
    await viewer.getByTestId("disconnect").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='client.closed']").waitFor();
    expect(await viewer.getByTestId("connection-step").textContent()).toBe("disconnected");
    expect(await viewer.getByTestId("connection-ending").textContent()).toBe("You ended the connection.");
    expect(await viewer.getByTestId("stage-notice").textContent()).toMatch(
      /^Disconnected\.? ?You ended the connection\./,
    );
  }

  /** The first row of Control, once it says so; gives the operation's id. */
  async function newest(status: string, words: string): Promise<string> {
    const first = page.getByTestId("operation-table").locator("tbody tr").first();
    const row = first.and(page.locator(`[data-status=${status}]`)).filter({ hasText: new RegExp(words) });
    await row.waitFor();
    return ((await row.getAttribute("data-testid")) ?? "").replace("operation-", "");
  }

  async function ask(path: string): Promise<Record<string, unknown>> {
    const answer = await page.request.get(new URL(path, bench.cloud.consoleUrl).href);
    expect(answer.status()).toBe(200);
    return (await answer.json()) as Record<string, unknown>;
  }

  async function operationCount(): Promise<number> {
    const { operations } = await ask("/devicecontrol/operations?pageSize=100");
    return (operations as unknown[]).length;
  }

  async function hasNoSession(): Promise<void> {
    await eventually("no session in the cloud", async () => {
      const { sessions } = await ask("/service/remoteaccess/sessions");
      return (sessions as unknown[]).length === 0 ? true : undefined;
    });
  }
});
