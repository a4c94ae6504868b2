// A person in a browser at a machine's serial console: the whole way, on simulated lines.
import { expect, test } from "vitest";
import { stall } from "#simulator/faults/stall.ts";
import { scriptedDevice } from "#simulator/gateway/scripted-device.ts";
import { usualSettings } from "#simulator/gateway/serial-device.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

const path = "/dev/serial/by-id/usb-press4";
const gateway = { serialConsoles: [{ name: "press4", port: path, settings: usualSettings }] };

const drive = scriptedDevice({
  settings: usualSettings,
  greeting: "DRIVE 4",
  prompt: "> ",
  script: [
    { expects: "show speed", answers: "1485 rpm" },
    { expects: "show log", answers: Array.from({ length: 300 }, (_, line) => `${line}: warning 17`).join("\n") },
  ],
  otherwise: "?",
});

async function siteWithConsole(): Promise<{ readonly site: Site; readonly unplug: () => void }> {
  const site = await startSite({ gateway });
  const unplug = site.board.serialPorts.plug(path, drive);
  await site.operator.addsEndpoint({
    name: "console",
    hostname: "press4.serial.internal",
    port: 23,
    protocol: "TELNET",
  });
  await site.operator.addsEndpoint({
    name: "line",
    hostname: "press4.serial.internal",
    port: 1,
    protocol: "PASSTHROUGH",
  });
  return { site, unplug };
}

test("a terminal shows the console, which echoes what is typed, once", async () => {
  const { site } = await siteWithConsole();
  await using _site = site;
  const terminal = await site.operator.opensTerminal("console");
  await terminal.isOpen();
  await terminal.shows("DRIVE 4\r\n> ");
  terminal.types("show speed\n");
  await terminal.shows("show speed\r\n1485 rpm\r\n> ");
  terminal.types("show log\n");
  await terminal.shows("299: warning 17\r\n> ");
  expect(terminal.shown.match(/show speed/g)).toHaveLength(1);
  await terminal.session.disconnects();
  const events = (await site.operator.events()).map(({ type, text }) => `${type} ${text}`);
  expect(events).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^c8y_RemoteAccessOpened press4\.serial\.internal:23 \(operation \d+\)$/),
      expect.stringMatching(/^c8y_RemoteAccessClosed client\.closed \(\d+ bytes up, \d{4,} bytes down, \d+ s, press4/),
    ]),
  );
});

test("a second person is told who has it, and gets it once it is free", async () => {
  const { site } = await siteWithConsole();
  await using _site = site;
  const terminal = await site.operator.opensTerminal("console");
  await terminal.shows("> ");
  const second = await site.operator.opens("line");
  const end = await second.ends();
  expect(end.reason).toBe("panel.refused");
  const failures = (await site.operator.operations()).map(({ failureReason }) => String(failureReason));
  expect(failures.join("\n")).toMatch(/the serial console is in use by operation \d+/);
  await terminal.session.disconnects();
  const third = await site.operator.opensPassthrough("line");
  third.says(Buffer.from("show speed\r"));
  await third.sees(() => third.received.toString("latin1").includes("1485 rpm"), "the speed");
  await third.disconnects();
});

test("a device that is pulled out ends the session with panel.lost, and is there again when it is back", async () => {
  const { site, unplug } = await siteWithConsole();
  await using _site = site;
  const terminal = await site.operator.opensTerminal("console");
  await terminal.shows("> ");
  unplug();
  expect((await terminal.session.ends()).reason).toBe("panel.lost");
  const gone = await site.operator.opens("console");
  expect((await gone.ends()).reason).toBe("panel.unreachable");
  site.board.serialPorts.plug(path, drive);
  const again = await site.operator.opensTerminal("console");
  await again.shows("DRIVE 4\r\n> ");
  await again.session.disconnects();
});

test("the console is free again after the cloud was lost in mid-session, and after a power cut", async () => {
  const { site } = await siteWithConsole();
  await using _site = site;
  const terminal = await site.operator.opensTerminal("console");
  await terminal.shows("> ");
  await site.between("gateway", "cloud").during(stall(), () => site.passes(60_000));
  await terminal.session.ends();
  await site.gatewayIsOnline(180_000);
  const again = await site.operator.opensTerminal("console");
  await again.shows("> ");
  site.powerCut();
  await again.session.ends();
  site.powerOn();
  await site.gatewayIsOnline();
  const third = await site.operator.opensTerminal("console");
  await third.shows("> ");
  await third.session.disconnects();
});

test("the gateway's status says which tunnel has it", async () => {
  const { site } = await siteWithConsole();
  await using _site = site;
  const session = await site.operator.opensPassthrough("line");
  expect(site.gateway.status().tunnels).toMatchObject([{ state: "standing.forwarding" }]);
  await session.disconnects();
});
