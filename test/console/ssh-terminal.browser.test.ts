// A person in a browser works in a shell behind OpenSSH's server, by way of cloud and gateway as processes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCanary } from "../support/canary.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { openDevice, recordWebSocketFrames } from "../support/console-page.ts";
import { isRoot, keygen, makeUser, type Sshd, startSshd, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, temporaryFolder } from "../support/processes.ts";
import { fillSshForm, isConnected, openTab, pastes, saveForm, scriptsOf, shows, types } from "./terminal-page.ts";

const isSkipped = isAnyMissing(peers.sshd, peers.sshKeygen, peers.openssl, peers.chromium) || !isRoot;

/** Two, three and four bytes of UTF-8. */
const words = "é€😀";
/** Of a plain shell; blanks at the end of a row are not seen. */
const prompt = /^\$$/m;

function isRunning(program: string, user: string): boolean {
  return spawnSync("pgrep", ["-u", user, "-x", program]).status === 0;
}

function letIn(user: TestUser, publicKey: string): void {
  mkdirSync(join(user.home, ".ssh"), { recursive: true });
  writeFileSync(join(user.home, ".ssh/authorized_keys"), publicKey, { mode: 0o644 });
}

describe.skipIf(isSkipped)("OpenSSH's server in the console", () => {
  const folder = temporaryFolder();
  let user: TestUser;
  let sshd: Sshd;
  let hostKey: string;
  let bench: ConsoleBench;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    user = makeUser(folder.path);
    hostKey = keygen(folder.path, "host", "-t", "ed25519", "-N", "");
    sshd = await startSshd({
      folder: folder.path,
      hostKeys: [hostKey],
      lines: ["UsePAM no", "AuthorizedKeysFile .ssh/authorized_keys"],
    });
    bench = await ConsoleBench.start("gw-ssh", [`127.0.0.1:${sshd.port}`]);
    console.info(`real peer: ${sshd.version}, Chromium ${bench.browser.version()}`);
    ({ context, page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await sshd?.stop();
    user?.remove();
    folder[Symbol.dispose]();
  });

  const inHome = (name: string) => join(user.home, name);
  const fileOf = (name: string) =>
    eventually(`the file ${name} on the other side`, () =>
      existsSync(inHome(name)) && readFileSync(inHome(name), "utf8").endsWith("\n")
        ? readFileSync(inHome(name), "utf8")
        : undefined,
    );

  test("the person is asked for the host key once, signs in by the stored password, works and leaves", async () => {
    await fillSshForm(page, { name: "by password", port: sshd.port, user: user.name, password: user.password });
    await saveForm(page, "by password");
    const frames: (string | Buffer)[] = [];
    context.once("page", (opened) => {
      const recorded = recordWebSocketFrames(opened);
      opened.on("close", () => frames.push(...recorded));
    });
    const viewer = await openTab(page, "by password");
    await viewer.getByTestId("host-key-accept").waitFor();
    expect(await viewer.getByTestId("connection-step").textContent()).toBe("starting SSH handshake");
    const shown = await viewer.getByTestId("host-key-fingerprint").textContent();
    expect(sshd.program.output + shown).toMatch(/SHA256:[A-Za-z0-9+/]{43}$/);
    await viewer.getByTestId("host-key-accept").click();
    await isConnected(viewer);
    await shows(viewer, prompt);
    await types(viewer, "echo typed-in-the-browser > one.txt\n");
    expect(await fileOf("one.txt")).toBe("typed-in-the-browser\n");

    await types(viewer, "exit 3\n");
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='panel.closed']").waitFor();
    expect(await viewer.getByTestId("connection-ending").textContent()).toMatch(/exit status 3/);
    await shows(viewer, "exit 3");
    await viewer.close();
    expect(frames.length).toBeGreaterThan(5);
    expect(frames.flatMap((frame) => findCanary("a frame of the browser", frame, user.password))).toEqual([]);
  });

  test("the terminal's code comes with the terminal only, and the screen's not at all", async () => {
    expect(await scriptsOf(page)).not.toMatch(/terminal-session|vnc-session/);
    const viewer = await openTab(page, "by password");
    await isConnected(viewer);
    const scripts = await scriptsOf(viewer);
    expect(scripts).toMatch(/terminal-session/);
    expect(scripts).not.toMatch(/vnc-session/);
    await viewer.close();
  });

  test("the key that was confirmed is not asked for again, and the size follows the window", async () => {
    const viewer = await openTab(page, "by password");
    await isConnected(viewer);
    await shows(viewer, prompt);
    await viewer.setViewportSize({ width: 1280, height: 900 });
    await types(viewer, "stty size > size1.txt\n");
    const [rows, columns] = (await fileOf("size1.txt")).trim().split(" ").map(Number);
    expect(await viewer.locator(".xterm-rows > div").count()).toBe(rows);
    expect(rows).toBeGreaterThan(30);
    expect(columns).toBeGreaterThan(100);

    await viewer.setViewportSize({ width: 700, height: 500 });
    await eventually("fewer rows in the page", async () =>
      (await viewer.locator(".xterm-rows > div").count()) < (rows ?? 0) ? true : undefined,
    );
    await eventually("the shell to know the new size", async () => {
      await types(viewer, "stty size > size2.txt\n");
      const [rowsNow, columnsNow] = (await fileOf("size2.txt")).trim().split(" ").map(Number);
      const drawn = await viewer.locator(".xterm-rows > div").count();
      return rowsNow === drawn && (columnsNow ?? 0) < (columns ?? 0) ? true : undefined;
    });
    await viewer.close();
  });

  test("typed and pasted characters of two to four bytes arrive whole and are drawn whole", async () => {
    const viewer = await openTab(page, "by password");
    await isConnected(viewer);
    await shows(viewer, prompt);
    await types(viewer, `printf '%s\\n' '${words}' > typed.txt\n`);
    expect(await fileOf("typed.txt")).toBe(`${words}\n`);
    await pastes(viewer, `printf '%s\\n' '${words}' > pasted.txt\n`);
    expect(await fileOf("pasted.txt")).toBe(`${words}\n`);
    await types(viewer, "clear; cat typed.txt\n");
    await shows(viewer, new RegExp(`^${words}$`, "m"));

    // One byte at a time, so that each character comes in several frames.
    await types(
      viewer,
      `clear; for b in 303 251 342 202 254 360 237 230 200; do printf "\\\\$b"; sleep 0.05; done; echo " sl""ow"\n`,
    );
    await shows(viewer, new RegExp(`^${words} slow$`, "m"));
    await viewer.close();
  });

  test("a paste brings no escape sequence, and is marked as a paste where the program wants that", async () => {
    const viewer = await openTab(page, "by password");
    await isConnected(viewer);
    await shows(viewer, prompt);
    await types(
      viewer,
      "clear; printf '\\033[?2004h'; stty -icanon -echo; echo wai''ting; timeout --foreground 3 cat > raw.bin; stty sane; echo re''ad\n",
    );
    // The far side is ahead of the page: what stands on the screen tells that the page knows the mode, too.
    await shows(viewer, "waiting");
    await eventually("cat to wait", () => (existsSync(inHome("raw.bin")) ? true : undefined));
    await pastes(viewer, "a\u001b[201~b");
    await shows(viewer, "read");
    expect(readFileSync(inHome("raw.bin"), "latin1")).toBe("\u001b[200~a[201~b\u001b[201~");
    await viewer.close();
  });

  test("a program that uses the mouse is told where it was pressed", async () => {
    const viewer = await openTab(page, "by password");
    await isConnected(viewer);
    await shows(viewer, prompt);
    await types(
      viewer,
      "clear; printf '\\033[?1000h\\033[?1006h'; stty -icanon -echo; echo wai''ting; head -c 9 > mouse.bin; printf '\\033[?1000l'; stty sane; echo cl''icked\n",
    );
    await shows(viewer, "waiting");
    await eventually("the program to wait", () => (existsSync(inHome("mouse.bin")) ? true : undefined));
    const box = await viewer.locator(".xterm-screen").boundingBox();
    await viewer.mouse.click((box?.x ?? 0) + 2, (box?.y ?? 0) + 2);
    await shows(viewer, "clicked");
    expect(readFileSync(inHome("mouse.bin"), "latin1")).toBe("\u001b[<0;1;1M");
    await viewer.close();
  });

  test("a text is found, selected and copied", async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: bench.cloud.consoleUrl });
    const viewer = await openTab(page, "by password");
    await isConnected(viewer);
    await shows(viewer, prompt);
    await types(viewer, "clear; for i in 1 2 3; do echo nee''dle-$i; done; seq 200\n");
    await shows(viewer, /^200$/m);
    await viewer.keyboard.press("Control+Shift+F");
    await viewer.getByTestId("search-text").fill("needle-");
    await viewer.getByTestId("search-count").filter({ hasText: "of 3" }).waitFor();
    await shows(viewer, "needle-3");
    await viewer.getByTestId("search-close").click();
    await viewer.getByTestId("terminal-copy").click();
    expect(await viewer.evaluate("navigator.clipboard.readText()")).toBe("needle-");
    await viewer.close();
  });

  test("a flood of text does not drown the page: the key that ends it is heard, and the end is drawn", async () => {
    const viewer = await openTab(page, "by password");
    let receivedBytes = 0;
    viewer.on("websocket", (socket) => {
      socket.on("framereceived", ({ payload }) => {
        receivedBytes += payload.length;
      });
    });
    await isConnected(viewer);
    await shows(viewer, prompt);
    await types(viewer, "yes flood-of-text; echo fl''ood-over\n");
    await shows(viewer, /^flood-of-text$/m);
    await eventually("many bytes", () => (receivedBytes > 10_000_000 ? true : undefined), 60_000);
    await viewer.keyboard.press("Control+C");
    await shows(viewer, prompt, 20_000);
    await types(viewer, "clear; echo st''ill-here\n");
    await shows(viewer, "still-here");
    await viewer.close();
  });

  test("leaving the page sends no byte: what was typed half is not sent off, and the shell sees a plain end", async () => {
    const viewer = await openTab(page, "by password");
    const frames = recordWebSocketFrames(viewer);
    await isConnected(viewer);
    await shows(viewer, prompt);
    await types(viewer, "cat > left.txt; echo ended > after.txt\n");
    await eventually("cat to wait", () => (existsSync(inHome("left.txt")) ? true : undefined));
    await types(viewer, "half");
    await shows(viewer, "half");
    const before = frames.length;
    const linesBefore = bench.cloud.program.lines.length;
    await viewer.close();
    const closed = await bench.cloud.program.event("session.closed", 20_000, () => true, linesBefore);
    await eventually("cat to be gone", () => (isRunning("cat", user.name) ? undefined : true));
    expect(frames.slice(before).filter((frame) => typeof frame !== "string")).toEqual([]);
    expect(readFileSync(inHome("left.txt"), "utf8")).toBe("");
    expect(existsSync(inHome("after.txt"))).toBe(false);
    expect(closed).toMatchObject({ reason: "client.closed" });
  });

  test("a pair that the cloud makes lets the person in, once its public key is on the device", async () => {
    await fillSshForm(page, { name: "by keys", port: sshd.port, user: user.name });
    await page.getByTestId("endpoint-generate-keys").click();
    await eventually("a public key in the form", async () =>
      (await page.getByTestId("endpoint-public-key").inputValue()).startsWith("ssh-ed25519 ") ? true : undefined,
    );
    await page.getByTestId("endpoint-public-key-copy").click();
    const copied = String(await page.evaluate("navigator.clipboard.readText()"));
    const downloading = page.waitForEvent("download");
    await page.getByTestId("endpoint-public-key-download").click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe("by-keys.pub");
    const publicKey = readFileSync(await download.path(), "utf8");
    expect(publicKey.trim()).toBe(copied.trim());
    letIn(user, publicKey);
    await page.getByTestId("endpoint-host-key-file").setInputFiles(`${hostKey}.pub`);
    await saveForm(page, "by keys");
    const viewer = await openTab(page, "by keys");
    await isConnected(viewer);
    await shows(viewer, prompt);
    await viewer.getByTestId("disconnect").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='client.closed']").waitFor();
    await viewer.close();
  });

  test("another host key than the stored one is refused with both fingerprints", async () => {
    const other = keygen(folder.path, "other", "-t", "ed25519", "-N", "");
    await fillSshForm(page, {
      name: "other key",
      port: sshd.port,
      user: user.name,
      password: user.password,
      hostKey: readFileSync(`${other}.pub`, "utf8"),
    });
    await saveForm(page, "other key");
    const viewer = await openTab(page, "other key");
    await viewer.locator("#connection-bar[data-reason='hostkey.mismatch']").waitFor();
    const ending = (await viewer.getByTestId("connection-ending").textContent()) ?? "";
    expect(ending.match(/SHA256:[A-Za-z0-9+/]{43}/g)).toHaveLength(2);
    await viewer.close();
  });

  test("a key that is not confirmed ends the connection", async () => {
    await fillSshForm(page, { name: "not mine", port: sshd.port, user: user.name, password: user.password });
    await saveForm(page, "not mine");
    const viewer = await openTab(page, "not mine");
    await viewer.getByTestId("host-key-cancel").click();
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='client.closed']").waitFor();
    await viewer.close();
  });
});
