// A Telnet panel, a Modbus controller and a web page of one machine through operator, cloud, gateway and LAN.
import { describe, expect, it } from "vitest";
import { statusPanel } from "#simulator/panels/http/status-panel.ts";
import { modbusPanel } from "#simulator/panels/modbus/modbus-panel.ts";
import { machines, sharedProcess } from "#simulator/panels/process-model.ts";
import { sshPanel } from "#simulator/panels/ssh/ssh-panel.ts";
import { telnetPanel } from "#simulator/panels/telnet/telnet-panel.ts";
import { Site } from "#simulator/site.ts";

const account = { username: "service", password: "geheim" };

describe("an operator at a Telnet panel", () => {
  it("walks the menu, watches values that follow the window, and sends a break", async () => {
    await using site = await Site.start({ panels: { press: telnetPanel({ account }) } });
    const terminal = await site.operator.opensTerminal("press", { columns: 100, rows: 35 });
    await terminal.shows("login: ");
    terminal.types("service\n");
    await terminal.shows("Password: ");
    terminal.types("geheim\n");
    await terminal.shows("Choice: ");
    expect(terminal.shown).not.toContain("geheim");
    expect(site.panels.press.terminal).toEqual({ type: "xterm-256color", columns: 100, rows: 35 });
    terminal.types("1\n");
    await terminal.shows(" 100 x 35 ");
    terminal.resizes({ columns: 80, rows: 25 });
    await terminal.shows(" 80 x 25 ");
    terminal.breaks();
    await terminal.shows("*** BREAK ***");
    expect(site.panels.press.breaks).toBe(1);
    await terminal.shows("Choice: ");
    terminal.types("9\n");
    expect(await terminal.ends()).toMatchObject({ code: 1000, reason: "panel.closed" });
    expect(terminal.notices.join()).toContain("not encrypted");
  });

  it("gets nothing from a panel that waits for input until a key is pressed", async () => {
    await using site = await Site.start({ panels: { bridge: telnetPanel({ account, waitsForInput: true }) } });
    const terminal = await site.operator.opensTerminal("bridge");
    await terminal.isOpen();
    await site.passes(5000);
    expect(terminal.shown).toBe("");
    terminal.types("\n");
    await terminal.shows("login: ");
    await terminal.disconnects();
  });
});

describe("one machine with several panels", () => {
  it("is the same story for the same seed, to the byte, SSH included", async () => {
    const tell = async (seed: number): Promise<string> => {
      const process = sharedProcess(machines.press);
      await using site = await Site.start({
        seed,
        panels: { shell: sshPanel({ process }), menu: telnetPanel({ process }) },
      });
      const shell = await site.operator.opensTerminal("shell");
      await shell.isOpen();
      shell.types("top\n");
      const menu = await site.operator.opensTerminal("menu");
      await menu.shows("Choice: ");
      menu.types("1\n");
      await site.passes(20_000);
      shell.types("qexit\n");
      await shell.ends();
      await menu.disconnects();
      return site.record.text();
    };
    const first = await tell(5);
    expect((await tell(5)) === first).toBe(true);
    expect((await tell(6)) === first).toBe(false);
    expect(first.split("\n").length).toBeGreaterThan(300);
  });

  it("shows by Telnet and HTTP what is written by Modbus", async () => {
    const process = sharedProcess(machines.press);
    await using site = await Site.start({
      panels: { plc: modbusPanel({ process }), menu: telnetPanel({ process }), web: statusPanel({ process }) },
    });
    const modbus = await site.operator.opensPassthrough("plc");
    // Write coil 0 off (function 5): the machine stops.
    const request = Buffer.from("000100000006010500000000", "hex");
    await modbus.sends(request);
    await modbus.receives(request.length);
    expect(modbus.received).toEqual(request);
    const web = await site.operator.opensPassthrough("web");
    await web.sends(Buffer.from("GET /status.json HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"));
    await web.ends();
    expect(web.received.toString()).toContain('"running": false');
    const menu = await site.operator.opensTerminal("menu");
    await menu.shows("Start the machine");
    await menu.disconnects();
    await modbus.disconnects();
  });
});
