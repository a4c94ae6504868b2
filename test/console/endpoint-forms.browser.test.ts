// The form for SSH: what may not be left out is said at its field, and a key that is pasted, or is SSH-1's file, logs in at a real sshd.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readPrivateKey } from "#cloud-stub/remote-access/keys/read-private-key.ts";
import { goldenKeys } from "../keys/golden-keys.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { openDevice } from "../support/console-page.ts";
import { operatorOf } from "../support/loopback.ts";
import { isRoot, keygen, makeUser, type Sshd, startSshd, type TestUser } from "../support/openssh-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, temporaryFolder } from "../support/processes.ts";
import { fillSshForm, isConnected, openTab, saveForm, shows, types } from "./terminal-page.ts";

const isSkipped = isAnyMissing(peers.sshd, peers.sshKeygen, peers.openssl, peers.chromium) || !isRoot;

describe.skipIf(isSkipped)("the form for SSH", () => {
  const folder = temporaryFolder();
  const ssh1 = Buffer.from(goldenKeys.find(({ name }) => name === "ssh1")?.text ?? "", "base64");
  let user: TestUser;
  let pasted: string;
  let sshd: Sshd;
  let hostKey: string;
  let bench: ConsoleBench;
  let page: Page;
  let tabUrl: string;
  let configurations: string;

  beforeAll(async () => {
    user = makeUser(folder.path);
    const keyFile = keygen(folder.path, "user", "-t", "ed25519", "-N", "");
    pasted = readFileSync(keyFile, "utf8");
    const authorized = join(folder.path, "authorized_keys");
    writeFileSync(authorized, `${readFileSync(`${keyFile}.pub`, "utf8")}${readPrivateKey(ssh1).publicKey}\n`, {
      mode: 0o644,
    });
    const hostKeyFile = keygen(folder.path, "host", "-t", "ed25519", "-N", "");
    hostKey = readFileSync(`${hostKeyFile}.pub`, "utf8");
    sshd = await startSshd({
      folder: folder.path,
      hostKeys: [hostKeyFile],
      lines: ["UsePAM no", "PasswordAuthentication no", `AuthorizedKeysFile ${authorized}`],
    });
    bench = await ConsoleBench.start("gw-forms", [`127.0.0.1:${sshd.port}`]);
    console.info(`real peer: ${sshd.version}, Chromium ${bench.browser.version()}`);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
    tabUrl = page.url();
    configurations = `/service/remoteaccess${/\/devices\/\d+/.exec(tabUrl)?.[0]}/configurations`;
  });

  beforeEach(async () => {
    await page.goto(tabUrl);
    await page.getByTestId("add-endpoint").waitFor();
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    await sshd?.stop();
    user?.remove();
    folder[Symbol.dispose]();
  });

  const typedIn = (field: string) => page.getByTestId(`endpoint-${field}`).inputValue();
  const noteOf = (field: string) => page.getByTestId(`endpoint-${field}-note`);

  async function logsIn(name: string): Promise<void> {
    const viewer = await openTab(page, name);
    await isConnected(viewer);
    await shows(viewer, /^\$$/m);
    await types(viewer, "id -un\n");
    await shows(viewer, new RegExp(`^${user.name}$`, "m"));
    await viewer.close();
  }

  test.each([
    { left: "user name and password", user: "", password: "", wanted: ["username", "password"] },
    { left: "the user name", user: "", password: "pw of the test", wanted: ["username"] },
    { left: "the password", user: "otto", password: "", wanted: ["password"] },
  ])("by password: without $left Save refuses, says so there, and what was typed stays", async (sample) => {
    const words: Record<string, string> = {
      username: "User must be provided.",
      password: "Password must be provided.",
    };
    await fillSshForm(page, { name: "By password", port: 2222, user: sample.user, password: sample.password });
    const saving = page.waitForResponse((answer) => answer.url().endsWith("/configurations"));
    await page.getByTestId("endpoint-save").click();
    expect((await saving).status()).toBe(422);
    for (const field of sample.wanted)
      await noteOf(field)
        .filter({ hasText: words[field] ?? "" })
        .waitFor();
    for (const field of ["username", "password"].filter((one) => !sample.wanted.includes(one))) {
      expect(await noteOf(field).getAttribute("class")).toBe("field-hint");
    }
    expect(await page.getByTestId("endpoint-error").textContent()).toBe("");
    const typed = { name: "By password", host: "127.0.0.1", port: "2222", protocol: "SSH", "sign-in": "USER_PASS" };
    for (const [field, value] of Object.entries({ ...typed, username: sample.user, password: sample.password })) {
      expect(await typedIn(field), field).toBe(value);
    }
    expect((await operatorOf(bench.cloud).asks("GET", configurations)).json()).toEqual([]);
  });

  test("a private key is pasted from the clipboard and logs in", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await fillSshForm(page, { name: "pasted key", port: sshd.port, user: user.name, hostKey });
    await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(pasted)})`);
    await page.getByTestId("endpoint-private-key").click();
    await page.keyboard.press("Control+V");
    expect(await typedIn("private-key")).toBe(pasted);
    await saveForm(page, "pasted key");
    await logsIn("pasted key");
  });

  test("SSH-1's key file, which is no text, is uploaded as it is and logs in", async () => {
    expect(ssh1.subarray(0, 32).toString("latin1")).toBe("SSH PRIVATE KEY FILE FORMAT 1.1\n");
    const file = join(folder.path, "identity");
    writeFileSync(file, ssh1);
    await fillSshForm(page, { name: "ssh-1 key", port: sshd.port, user: user.name, hostKey });
    await page.getByTestId("endpoint-private-key-file").setInputFiles(file);
    await eventually("the file in the form", async () =>
      (await typedIn("private-key")) === ssh1.toString("base64") ? true : undefined,
    );
    await saveForm(page, "ssh-1 key");
    const stored = (await operatorOf(bench.cloud).asks("GET", configurations)).json() as Record<string, unknown>[];
    expect(stored.at(-1)).toMatchObject({
      name: "ssh-1 key",
      credentials: { privateKey: "***", publicKey: expect.stringMatching(/^ssh-rsa AAAA/) },
    });
    await logsIn("ssh-1 key");
  });
});
