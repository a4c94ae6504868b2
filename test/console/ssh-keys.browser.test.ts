// Keys, certificates and old algorithms in the form for SSH: what is wrong is said at its field, and what is right logs in at a real sshd.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConsoleBench } from "../support/console-bench.ts";
import { openDevice } from "../support/console-page.ts";
import { isRoot, keygen, makeUser, type Sshd, startSshd, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, temporaryFolder } from "../support/processes.ts";
import { fillSshForm, isConnected, openTab, saveForm, shows, types } from "./terminal-page.ts";

const isSkipped = isAnyMissing(peers.sshd, peers.sshKeygen, peers.openssl, peers.chromium) || !isRoot;
const passphrase = "open sesame";

describe.skipIf(isSkipped)("keys for SSH in the console", () => {
  const folder = temporaryFolder();
  const sshds: Sshd[] = [];
  let user: TestUser;
  let key: string;
  let modern: Sshd;
  let old: Sshd;
  let twice: Sshd;
  let hostKeys: string;
  let bench: ConsoleBench;
  let page: Page;

  beforeAll(async () => {
    user = makeUser(folder.path);
    key = keygen(folder.path, "user", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", passphrase);
    keygen(folder.path, "ca", "-t", "ed25519", "-N", "");
    const certified = keygen(folder.path, "certified", "-t", "ed25519", "-N", "");
    execFileSync("ssh-keygen", [
      ...["-q", "-s", join(folder.path, "ca"), "-I", "otto", "-n", user.name, `${certified}.pub`],
    ]);
    const authorized = join(folder.path, "authorized_keys");
    writeFileSync(authorized, readFileSync(`${key}.pub`), { mode: 0o644 });
    const files = [
      keygen(folder.path, "host-ed25519", "-t", "ed25519", "-N", ""),
      keygen(folder.path, "host-rsa", "-t", "rsa", "-b", "2048", "-N", ""),
    ];
    hostKeys = files.map((file) => readFileSync(`${file}.pub`, "utf8")).join("");
    const start = async (...lines: string[]) => {
      const sshd = await startSshd({
        folder: folder.path,
        hostKeys: files,
        lines: ["UsePAM no", `AuthorizedKeysFile ${authorized}`, ...lines],
      });
      sshds.push(sshd);
      return sshd;
    };
    modern = await start(`TrustedUserCAKeys ${join(folder.path, "ca.pub")}`);
    old = await start("HostKeyAlgorithms ssh-rsa", "KexAlgorithms diffie-hellman-group14-sha1", "MACs hmac-sha1");
    twice = await start("AuthenticationMethods publickey,password");
    bench = await ConsoleBench.start(
      "gw-keys",
      sshds.map(({ port }) => `127.0.0.1:${port}`),
    );
    console.info(`real peer: ${modern.version}, Chromium ${bench.browser.version()}`);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    for (const sshd of sshds) await sshd.stop();
    user?.remove();
    folder[Symbol.dispose]();
  });

  const note = (field: string, words: RegExp) => page.getByTestId(`${field}-note`).filter({ hasText: words }).waitFor();

  async function logsIn(name: string): Promise<void> {
    const viewer = await openTab(page, name);
    await isConnected(viewer);
    await shows(viewer, /^\$$/m);
    const file = `${name.replaceAll(" ", "-")}.txt`;
    await types(viewer, `id -un > ${file}\n`);
    const path = join(user.home, file);
    const text = await eventually(file, () =>
      existsSync(path) && readFileSync(path, "utf8").endsWith("\n") ? readFileSync(path, "utf8") : undefined,
    );
    expect(text).toBe(`${user.name}\n`);
    await viewer.close();
  }

  test("a 10 MB file is no key, and says so; a key with a passphrase asks for it, says when it is wrong, and logs in", async () => {
    await fillSshForm(page, { name: "by key", port: modern.port, user: user.name });
    const large = join(folder.path, "disk.img");
    writeFileSync(large, Buffer.alloc(10 * 1024 * 1024, 1));
    await page.getByTestId("endpoint-private-key-file").setInputFiles(large);
    await note("endpoint-private-key", /“disk.img” is no key: it has 10.0 MiB, and a key has at most 64 KiB/);

    await page.getByTestId("endpoint-private-key-file").setInputFiles(`${key}.pub`);
    await page.getByTestId("endpoint-save").click();
    await note("endpoint-private-key", /^Private key cannot be used: /);

    await page.getByTestId("endpoint-private-key-file").setInputFiles(key);
    await page.getByTestId("endpoint-save").click();
    await note("endpoint-passphrase", /encrypted/i);
    await page.getByTestId("endpoint-passphrase").fill("wrong");
    await page.getByTestId("endpoint-save").click();
    await note("endpoint-passphrase", /does not open/i);
    expect(await page.getByTestId("endpoint-name").inputValue()).toBe("by key");
    expect(await page.getByTestId("endpoint-private-key").inputValue()).toBe(readFileSync(key, "utf8"));
    await page.getByTestId("endpoint-passphrase").fill(passphrase);
    await page.getByTestId("endpoint-public-key").fill(readFileSync(join(folder.path, "ca.pub"), "utf8"));
    await page.getByTestId("endpoint-host-key").fill("not a host key");
    await page.getByTestId("endpoint-save").click();
    await note("endpoint-public-key", /does not belong to the private key/);
    await note("endpoint-host-key", /^Host key cannot be used: /);
    await page.getByTestId("endpoint-public-key-file").setInputFiles(`${key}.pub`);
    await page.getByTestId("endpoint-host-key").fill(hostKeys);
    await saveForm(page, "by key");
    await logsIn("by key");
  });

  test("the form shows the public key of what is stored, never the private one, and keeps it when nothing is typed", async () => {
    await page
      .locator('[data-name="by key"]')
      .getByTestId(/^endpoint-menu-/)
      .click();
    await page
      .getByTestId(/^edit-endpoint-/)
      .filter({ visible: true })
      .click();
    expect(await page.getByTestId("endpoint-private-key").inputValue()).toBe("");
    expect(await page.getByTestId("endpoint-private-key").getAttribute("placeholder")).toMatch(/Stored/);
    expect(await page.getByTestId("endpoint-public-key").inputValue()).toContain(
      readFileSync(`${key}.pub`, "utf8").split(" ")[1],
    );
    await page.getByTestId("endpoint-name").fill("by stored key");
    await saveForm(page, "by stored key");
    await logsIn("by stored key");
  });

  test("a certificate that an authority signed logs in", async () => {
    await fillSshForm(page, { name: "by certificate", port: modern.port, user: user.name, hostKey: hostKeys });
    await page.getByTestId("endpoint-sign-in").selectOption("CERTIFICATE");
    await page.getByTestId("endpoint-private-key-file").setInputFiles(join(folder.path, "certified"));
    await page.getByTestId("endpoint-save").click();
    await note("endpoint-certificate", /must be provided/);
    await page.getByTestId("endpoint-certificate-file").setInputFiles(join(folder.path, "certified-cert.pub"));
    await saveForm(page, "by certificate");
    await logsIn("by certificate");
  });

  test("a device that knows old algorithms only is refused by name, until the person allows them", async () => {
    await fillSshForm(page, { name: "old", port: old.port, user: user.name, password: user.password });
    await page.getByTestId("endpoint-host-key").fill(hostKeys);
    await saveForm(page, "old");
    const viewer = await openTab(page, "old");
    await viewer.locator("#connection-bar[data-step=disconnected][data-reason='protocol.unsupported']").waitFor();
    expect(await viewer.getByTestId("connection-ending").textContent()).toMatch(/algorithm|diffie|old/i);
    await viewer.close();
    await page
      .locator('[data-name="old"]')
      .getByTestId(/^endpoint-menu-/)
      .click();
    await page
      .getByTestId(/^edit-endpoint-/)
      .filter({ visible: true })
      .click();
    await page.getByTestId("endpoint-legacy").click();
    await page.getByTestId("endpoint-save").click();
    await page.getByTestId("endpoint-dialog").waitFor({ state: "detached" });
    await logsIn("old");
  });

  test("what the device asks for besides is asked of the person, hidden while typed, and lets them in", async () => {
    await fillSshForm(page, { name: "twice", port: twice.port, user: user.name, hostKey: hostKeys });
    await page.getByTestId("endpoint-private-key-file").setInputFiles(key);
    await page.getByTestId("endpoint-passphrase").fill(passphrase);
    await saveForm(page, "twice");
    const viewer = await openTab(page, "twice");
    const field = viewer.getByTestId("prompt-0");
    await field.waitFor();
    expect(await field.getAttribute("type")).toBe("password");
    await field.fill(user.password);
    await viewer.keyboard.press("Enter");
    await isConnected(viewer);
    await shows(viewer, /^\$$/m);
    await viewer.close();
  });
});
