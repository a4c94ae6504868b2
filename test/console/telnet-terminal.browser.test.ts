// Telnet in the console: a real telnetd, and a server that speaks second, in single bytes and with what it likes.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConsoleBench } from "../support/console-bench.ts";
import { openDevice } from "../support/console-page.ts";
import { isRoot, makeUser, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, pathOf, peers } from "../support/peers.ts";
import { eventually, Program, temporaryFolder } from "../support/processes.ts";
import { freePort } from "../support/xvnc.ts";
import { addTelnetEndpoint, isConnected, openTab, shows, types } from "./terminal-page.ts";

const skips = isAnyMissing(peers.telnetd, peers.socat, peers.openssl, peers.chromium) || !isRoot;

/** Hears the last connection, and sends what a test tells it. */
class OddServer {
  port = 0;
  heard = Buffer.alloc(0);
  sentBytes = 0;
  #socket: Socket | undefined;
  readonly #server: Server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    this.heard = Buffer.alloc(0);
    this.sentBytes = 0;
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.heard = Buffer.concat([this.heard, bytes]);
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async connected(): Promise<void> {
    await eventually("a connection", () => (this.#socket?.readyState === "open" ? true : undefined));
  }

  async hears(text: string | Buffer): Promise<void> {
    await eventually(`the panel to hear ${String(text)}`, () => (this.heard.includes(text) ? true : undefined));
  }

  async ended(): Promise<void> {
    await eventually("the connection's end", () => (this.#socket?.readyState === "open" ? undefined : true));
  }

  async dribbles(bytes: readonly number[]): Promise<void> {
    for (const byte of bytes) await this.#send(Buffer.from([byte]));
  }

  async sendsCut(bytes: Buffer, at: number): Promise<void> {
    await this.#send(bytes.subarray(0, at));
    await this.#send(bytes.subarray(at));
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
  }

  /** Alone in its packet, as far as a server can see to it. */
  async #send(bytes: Buffer): Promise<void> {
    this.sentBytes += bytes.length;
    await new Promise<void>((resolve) => this.#socket?.write(bytes, () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe.skipIf(skips)("Telnet in the console", () => {
  const folder = temporaryFolder();
  let user: TestUser;
  let telnetd: Program;
  let bench: ConsoleBench;
  let page: Page;
  let port: number;
  const odd = new OddServer();

  beforeAll(async () => {
    user = makeUser(folder.path);
    port = await freePort();
    telnetd = new Program("telnetd", "socat", [
      `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`,
      `EXEC:"${pathOf(peers.telnetd)} -h",nofork`,
    ]);
    const { stdout } = spawnSync(pathOf(peers.telnetd) ?? "", ["--version"], { encoding: "utf8" });
    await odd.listen();
    bench = await ConsoleBench.start("gw-telnet", [`127.0.0.1:${port}`, `127.0.0.1:${odd.port}`]);
    console.info(`real peer: ${stdout.split("\n")[0]}, Chromium ${bench.browser.version()}`);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await telnetd?.stop("SIGTERM");
    odd.close();
    user?.remove();
    folder[Symbol.dispose]();
  });

  test("telnetd: log in, more than 255 columns, a live resize, UTF-8, log out; and the line is said not to be encrypted", async () => {
    await addTelnetEndpoint(page, { name: "Old drive", port });
    const viewer = await openTab(page, "Old drive");
    await viewer.setViewportSize({ width: 2600, height: 900 });
    await isConnected(viewer);
    expect(await viewer.getByTestId("session-notice").textContent()).toMatch(/not encrypted/);
    await viewer.getByTestId("session-notice-close").click();
    await shows(viewer, "login:");
    await viewer.locator(".xterm-screen").click();
    await types(viewer, `${user.name}\n`);
    await shows(viewer, "Password:");
    await types(viewer, `${user.password}\n`);
    await shows(viewer, /^\$$/m);
    const size = async (name: string) => {
      await types(viewer, `stty size > ${name}; echo é€😀 >> ${name}\n`);
      const file = join(user.home, name);
      return await eventually(name, () => {
        const text = existsSync(file) ? readFileSync(file, "utf8") : "";
        return text.endsWith("😀\n") ? text : undefined;
      });
    };
    const wide = /^(\d+) (\d+)\né€😀\n$/.exec(await size("wide.txt"));
    expect(Number(wide?.[2])).toBeGreaterThan(255);
    expect(Number(wide?.[1])).toBe(await viewer.locator(".xterm-rows > div").count());

    await viewer.setViewportSize({ width: 900, height: 500 });
    let count = 0;
    await eventually("the shell to know the new size", async () => {
      count += 1;
      const small = /^(\d+) (\d+)/.exec(await size(`small${count}.txt`));
      const rows = await viewer.locator(".xterm-rows > div").count();
      return Number(small?.[1]) === rows && Number(small?.[2]) < 200 ? true : undefined;
    });
    await types(viewer, "exit\n");
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='panel.closed']").waitFor();
    await viewer.close();
  });

  test("a server that waits for the person to speak first hears the first key, and a break", async () => {
    await addTelnetEndpoint(page, { name: "Odd", port: odd.port });
    const viewer = await openTab(page, "Odd");
    await isConnected(viewer);
    await odd.connected();
    expect(odd.sentBytes).toBe(0);
    await types(viewer, "x");
    await odd.hears("x");
    await viewer.getByTestId("terminal-break").click();
    // IAC BRK (RFC 854).
    await odd.hears(Buffer.from([0xff, 0xf3]));
    await viewer.close();
  });

  test("negotiation and characters that come one byte at a time are read as if they came at once", async () => {
    const viewer = await openTab(page, "Odd");
    await isConnected(viewer);
    await odd.connected();
    // IAC WILL ECHO, IAC DO TTYPE, IAC SB TTYPE SEND IAC SE between and inside of characters (RFC 854, 1091).
    await odd.dribbles([0xff, 0xfb, 0x01, 0xff, 0xfd, 0x18, ...Buffer.from("<é€"), 0xff, 0xfa, 0x18, 0x01]);
    await odd.dribbles([0xff, 0xf0, ...Buffer.from("😀>\r\n")]);
    await shows(viewer, /^<é€😀>$/m);
    await odd.hears("xterm-256color");

    // All of it cut at each place.
    const whole = Buffer.from([...Buffer.from("[é€😀"), 0xff, 0xfd, 0x18, ...Buffer.from("ü]\r\n")]);
    for (let at = 1; at < whole.length; at++) await odd.sendsCut(whole, at);
    await eventually("each line to be whole", async () => {
      const text = await shows(viewer, "[é€😀ü]");
      return text.split("\n").filter((row) => row === "[é€😀ü]").length === whole.length - 1 ? true : undefined;
    });
    await viewer.close();
  });

  test("closing the tab sends nothing to the panel but the end", async () => {
    const viewer = await openTab(page, "Odd");
    await isConnected(viewer);
    await odd.connected();
    await types(viewer, "half");
    await odd.hears("half");
    const before = odd.heard.length;
    await viewer.close();
    await odd.ended();
    expect(odd.heard.subarray(before)).toEqual(Buffer.alloc(0));
  });
});
