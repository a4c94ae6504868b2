// No address that the console asks for or opens holds a secret: addresses stand in logs of proxies and in histories.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { findCanary } from "../support/canary.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, openDevice, signIn } from "../support/console-page.ts";
import { startPanel } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { adminPassword } from "../support/running-cloud.ts";
import { TextServer } from "../support/text-server.ts";
import { addTelnetEndpoint, isConnected, openTab, types } from "./terminal-page.ts";

const panelPassword = "hmi-9vQ2";
const typed = "typed-into-the-shell-7731";

describe.skipIf(isAnyMissing(peers.chromium))("the addresses of the console", () => {
  let panel: RunningVncPanel;
  const telnet = new TextServer("OLD DRIVE> ");
  let bench: ConsoleBench;

  beforeAll(async () => {
    panel = await startPanel(vncPanel({ password: panelPassword }), "press4");
    await telnet.listen();
    bench = await ConsoleBench.start("gw-addresses", ["127.0.0.1:1024-65535"]);
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await panel?.close();
    telnet.close();
  });

  test("hold no password, no token, no cookie and nothing that was typed, from the sign-in to the open screen and shell", async () => {
    const context = await bench.browser.newContext({ viewport: { width: 1280, height: 900 } });
    const addresses: string[] = [];
    const webSockets: string[] = [];
    context.on("request", (request) => addresses.push(request.url(), request.headers()["referer"] ?? ""));
    context.on("page", (opened) => {
      opened.on("websocket", (socket) => webSockets.push(socket.url()));
      opened.on("framenavigated", (frame) => addresses.push(frame.url()));
    });
    const page = await context.newPage();
    await signIn(page, bench.cloud.consoleUrl, adminPassword);
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    await addVncEndpoint(page, { name: "Press 4", host: "127.0.0.1", port: panel.port, password: panelPassword });
    await addTelnetEndpoint(page, { name: "Drive 7", port: telnet.port });

    const screen = await openTab(page, "Press 4");
    await isConnected(screen);
    const shell = await openTab(page, "Drive 7");
    await isConnected(shell);
    await types(shell, typed);

    const cookies = await context.cookies();
    const names = cookies.map(({ name }) => name.replace(/-\d+$/, "")).sort();
    expect(names).toEqual(["XSRF-TOKEN", "authorization"]);
    const clientSockets = webSockets.filter((url) => url.includes("/service/remoteaccess/client/"));
    expect(clientSockets).toHaveLength(2);

    const all = [...addresses, ...webSockets].join("\n");
    const secrets = [adminPassword, panelPassword, typed, ...cookies.map(({ value }) => decodeURIComponent(value))];
    for (const secret of secrets) expect(findCanary("addresses", all, secret)).toEqual([]);
    for (const url of clientSockets) expect(new URL(url)).toMatchObject({ search: "", username: "", password: "" });
    await context.close();
  });
});
