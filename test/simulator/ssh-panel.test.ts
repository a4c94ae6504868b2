// The SSH panel with ssh2's client on the other side of a simulated network.
import { createHash } from "node:crypto";
import fc from "fast-check";
import ssh2, { type ConnectConfig } from "ssh2";
import { describe, expect, it } from "vitest";
import { slice } from "#simulator/faults/slice.ts";
import { patternBytes } from "#simulator/panels/byte-panels.ts";
import { legacyKeyExchange } from "#simulator/panels/profiles/quirks.ts";
import { sshPanel } from "#simulator/panels/ssh/ssh-panel.ts";
import { ed25519Pair } from "../support/ed25519-pair.ts";
import { dialsSsh, type Login, opensShell, PanelPlace, runs, signsIn } from "./ssh-panel-client.ts";

const { utils } = ssh2;

describe("signing in at an SSH panel", () => {
  it("takes the password that it has and no other", async () => {
    using place = await PanelPlace.start(sshPanel({ username: "service", password: "pass-é" }));
    const client = await signsIn(place, { username: "service", password: "pass-é" });
    expect(place.panel.signIns).toBe(1);
    client.end();
    await expect(signsIn(place, { username: "service", password: "pass" })).rejects.toMatchObject({
      level: "client-authentication",
    });
    await expect(signsIn(place, { username: "root", password: "pass-é" })).rejects.toMatchObject({
      level: "client-authentication",
    });
    expect(place.panel.signIns).toBe(1);
    await place.until(() => place.panel.connections === 0, "the end of all connections");
    await place.world.clock.advance(1000);
    expect(place.world.clock.pending()).toEqual([]);
  });

  it.each([
    ["ED25519", () => ed25519Pair()],
    ["RSA", () => utils.generateKeyPairSync("rsa", { bits: 2048 })],
    ["ECDSA", () => utils.generateKeyPairSync("ecdsa", { bits: 256 })],
  ])("takes an %s key whose public half it knows, and no other", async (_name, generate) => {
    const [known, other] = [generate(), generate()];
    using place = await PanelPlace.start(sshPanel({ publicKey: known.public }));
    (await signsIn(place, { privateKey: known.private })).end();
    await expect(signsIn(place, { privateKey: other.private })).rejects.toMatchObject({
      level: "client-authentication",
    });
    // Who shows the known public half and signs with another key.
    const [shown, own] = [utils.parseKey(known.public), utils.parseKey(other.private)];
    if (shown instanceof Error || own instanceof Error) throw new Error("no key");
    const key = Object.assign(own, { getPublicSSH: () => shown.getPublicSSH() });
    const authHandler = [{ type: "publickey", username: "root", key }] as unknown as NonNullable<
      ConnectConfig["authHandler"]
    >;
    await expect(signsIn(place, { authHandler })).rejects.toMatchObject({ level: "client-authentication" });
    expect(place.panel.signIns).toBe(1);
  });

  it("asks questions, several at once and one round after the other", async () => {
    const questions = [
      {
        title: "Line 3",
        instruction: "Two things.",
        prompts: [
          { text: "Password: ", echo: false, answer: "secret" },
          { text: "Shift: ", echo: true, answer: "early" },
        ],
      },
      { prompts: [{ text: "Code: ", echo: true, answer: "123456" }] },
    ];
    using place = await PanelPlace.start(sshPanel({ questions }));
    const asked: unknown[] = [];
    (await signsIn(place, { answers: [["secret", "early"], ["123456"]], asked })).end();
    expect(asked).toEqual([
      {
        title: "Line 3",
        instruction: "Two things.",
        prompts: [
          { prompt: "Password: ", echo: false },
          { prompt: "Shift: ", echo: true },
        ],
      },
      { title: "", instruction: "", prompts: [{ prompt: "Code: ", echo: true }] },
    ]);
    for (const answers of [
      [["secret", "late"], ["123456"]],
      [["secret", "early"], ["1"]],
      [["secret"], ["123456"]],
    ])
      await expect(signsIn(place, { answers })).rejects.toMatchObject({ level: "client-authentication" });
    expect(place.panel.signIns).toBe(1);
  });

  it("wants everything in turn where the account says so", async () => {
    const key = ed25519Pair();
    const questions = [{ prompts: [{ text: "Code: ", echo: true, answer: "1" }] }];
    const account = { publicKey: key.public, password: "p", questions, needsEverything: true };
    using place = await PanelPlace.start(sshPanel(account));
    const order = { authHandler: ["publickey", "password", "keyboard-interactive"] };
    const all = { privateKey: key.private, password: "p", answers: [["1"]], ...order } as unknown as Login;
    (await signsIn(place, all)).end();
    for (const missing of ["privateKey", "password", "answers"] as const) {
      const { [missing]: _left, ...rest } = all;
      const authHandler = ["none", ...order.authHandler].filter(
        (method) => method !== "publickey" || missing !== "privateKey",
      );
      await expect(signsIn(place, { ...rest, authHandler } as unknown as Login)).rejects.toThrow();
    }
    expect(place.panel.signIns).toBe(1);
  });

  it("ends a connection at the sixth wrong password, and one that does not sign in within two minutes", async () => {
    using place = await PanelPlace.start(sshPanel({ password: "right" }));
    let attempts = 0;
    const authHandler = ((_left: unknown, _partial: unknown, next: (method: object) => void) => {
      attempts += 1;
      next({ type: "password", username: "root", password: `wrong ${attempts}` });
    }) as unknown as NonNullable<ConnectConfig["authHandler"]>;
    const guessing = await dialsSsh(place, { authHandler });
    await place.until(() => guessing.state.isClosed, "the panel to have enough");
    expect(attempts).toBe(6);
    const { stream } = await place.dials();
    let isClosed = false;
    stream.resume().on("end", () => {
      isClosed = true;
    });
    stream.write("SSH-2.0-nobody\r\n");
    await place.world.clock.advance(119_000);
    expect(isClosed).toBe(false);
    await place.world.clock.advance(4000);
    expect(isClosed).toBe(true);
    expect(place.panel.connections).toBe(0);
  });

  it("has the same host key for the same seed, which ssh2 takes, for each of many seeds", async () => {
    const keys = new Map<string, string>();
    for (const seed of ["1", "1", "2"]) {
      using place = await PanelPlace.start(sshPanel(), seed);
      const { client, state } = await dialsSsh(place, { password: "changeme" });
      await place.until(() => state.isReady, "the sign-in");
      const shown = `ssh-ed25519 ${state.hostKey?.toString("base64")}`;
      expect(shown).toBe(place.panel.hostKeys[0]?.publicLine);
      expect(keys.get(seed) ?? shown).toBe(shown);
      keys.set(seed, shown);
      client.end();
    }
    expect(keys.get("1")).not.toBe(keys.get("2"));
  });
});

describe("a command over SSH", () => {
  it("has its output, its errors and its exit status apart", async () => {
    using place = await PanelPlace.start(sshPanel());
    const client = await signsIn(place);
    expect(await runs(place, client, "echo out; echo err >&2; exit 7")).toEqual({
      out: "out\n",
      err: "err\n",
      status: 7,
    });
    expect(await runs(place, client, "false || echo rescued && nothing")).toEqual({
      out: "rescued\n",
      err: "sh: nothing: not found\n",
      status: 127,
    });
    expect(await runs(place, client, "stty size")).toEqual({
      out: "",
      err: "stty: 'standard input': Inappropriate ioctl for device\n",
      status: 1,
    });
    client.end();
  });

  it("keeps a file whole in both directions, however its bytes come", async () => {
    using place = await PanelPlace.start(sshPanel());
    const client = await signsIn(place);
    const bytes = patternBytes(0, 1_000_000);
    const digest = createHash("sha256").update(bytes).digest("hex");
    const pieces = Array.from({ length: 1000 }, (_, at) => bytes.subarray(at * 1000, (at + 1) * 1000));
    expect((await runs(place, client, "cat > /tmp/program.bin", pieces)).status).toBe(0);
    expect((await runs(place, client, "sha256sum /tmp/program.bin")).out).toBe(`${digest}  /tmp/program.bin\n`);
    expect((await runs(place, client, "sleep 2; sha256sum", bytes)).out).toBe(`${digest}  -\n`);
    expect((await runs(place, client, "cat", bytes)).out).toBe(Buffer.from(bytes).toString("utf8"));
    client.end();
  });

  it("runs beside others on one connection, up to ten", async () => {
    using place = await PanelPlace.start(sshPanel());
    const client = await signsIn(place);
    const shells: Awaited<ReturnType<typeof opensShell>>[] = [];
    for (let count = 0; count < 10; count += 1) shells.push(await opensShell(place, client));
    expect(place.panel.sessions).toBe(10);
    await expect(opensShell(place, client)).rejects.toThrow("Channel open failure");
    shells[3]?.channel.write("exit 4\r");
    await place.until(() => shells[3]?.seen.isClosed === true, "the end of one");
    expect(shells[3]?.seen.status).toBe(4);
    expect(place.panel.sessions).toBe(9);
    expect((await runs(place, client, "uptime")).out).toContain("10 users");
    client.end();
    await place.until(() => place.panel.connections === 0, "the end");
    expect(place.panel.sessions).toBe(0);
    await place.world.clock.advance(1000);
    expect(place.world.clock.pending()).toEqual([]);
  });

  it("ends with its connection, though it would go on for an hour", async () => {
    using place = await PanelPlace.start(sshPanel());
    const client = await signsIn(place);
    const { channel } = await opensShell(place, client);
    channel.write("sleep 3600\r");
    await place.world.clock.advance(1000);
    expect(place.panel.sessions).toBe(1);
    client.destroy();
    await place.until(() => place.panel.sessions === 0, "the end of the shell");
    await place.until(() => place.panel.connections === 0, "the end of the connection");
    await place.world.clock.advance(1000);
    expect(place.world.clock.pending()).toEqual([]);
  });
});

describe("a shell over SSH", () => {
  it("echoes, rubs out, interrupts and ends by Ctrl-D with the last status", async () => {
    using place = await PanelPlace.start(sshPanel());
    const { channel, seen, shows } = await opensShell(place, await signsIn(place));
    await shows("root@press-4:/root# ");
    channel.write("echo Grüßx\x7fe 漢\x7f字\r");
    await shows("Grüßx\b \be 漢\b \b\b \b字\r\nGrüße 字\r\n");
    channel.write("half a line\x03");
    await shows("^C\r\nroot@press-4:/root# ");
    channel.write("echo $?; false\r");
    await shows("\r\n130\r\n");
    channel.write("\x1b[A\x1b[A");
    await shows("echo $?; false");
    channel.write("\x03\x04");
    await place.until(() => seen.isClosed, "the end");
    expect(seen.status).toBe(130);
  });

  it("tells its size and follows it", async () => {
    using place = await PanelPlace.start(sshPanel());
    const { channel, shows } = await opensShell(place, await signsIn(place), { columns: 101, rows: 33 });
    channel.write("stty size\r");
    await shows("\r\n33 101\r\n");
    channel.setWindow(50, 160, 0, 0);
    channel.write("stty size\r");
    await shows("\r\n50 160\r\n");
  });

  it("shows the machine's values on the whole window, anew every two seconds and at each new size", async () => {
    using place = await PanelPlace.start(sshPanel({ machine: "mixer", title: "MIXER 2" }));
    const { channel, seen, shows } = await opensShell(place, await signsIn(place));
    channel.write("top\r");
    await shows("\x1b[?1049h");
    await shows(" 80 x 24 ");
    const before = seen.out.length;
    await place.world.clock.advance(2100);
    const redrawn = seen.out.slice(before);
    const [signal] = place.panel.process.signals;
    expect(redrawn).toContain(`${signal!.value.toFixed(signal!.decimals)} ${signal!.unit}`);
    channel.setWindow(30, 100, 0, 0);
    await shows(" 100 x 30 ");
    expect(seen.out).toContain("\x1b[30;1H");
    channel.write("qecho back\r");
    await shows("\x1b[?1049l");
    await shows("\r\nback\r\n");
    await place.world.clock.advance(10_000);
    expect(seen.out.endsWith("root@press-4:/root# ")).toBe(true);
  });

  it("keeps what is typed while a program runs, and hears Ctrl-C", async () => {
    using place = await PanelPlace.start(sshPanel());
    const { channel, seen, shows } = await opensShell(place, await signsIn(place));
    channel.write("sleep 5\recho ahead\r");
    await place.world.clock.advance(4900);
    expect(seen.out).not.toContain("ahead");
    await shows("\r\nahead\r\n");
    channel.write("sleep 3600; echo never\r");
    await place.world.clock.advance(1000);
    channel.write("\x03echo $?\r");
    await shows("^C\r\n");
    await shows("\r\n130\r\n");
    expect(seen.out).not.toContain("\r\nnever");
  });

  it("without a terminal reads commands and says nothing of its own", async () => {
    using place = await PanelPlace.start(sshPanel());
    const { channel, seen } = await opensShell(place, await signsIn(place), false);
    channel.end("echo one\ncat\nuntil\nthe end");
    await place.until(() => seen.isClosed, "the end");
    expect(seen).toMatchObject({ out: "one\nuntil\nthe end", err: "", status: 0 });
  });
});

describe("an SSH panel of about 2008", () => {
  const algorithms = {
    kex: ["diffie-hellman-group1-sha1"],
    serverHostKey: ["ssh-rsa"],
    cipher: ["3des-cbc"],
    hmac: ["hmac-sha1"],
  } as unknown as NonNullable<ConnectConfig["algorithms"]>;

  it("takes only clients that know its algorithms", async () => {
    using place = await PanelPlace.start(sshPanel({ profile: legacyKeyExchange }));
    await expect(signsIn(place)).rejects.toMatchObject({ level: "handshake" });
    const client = await signsIn(place, { password: "changeme", algorithms });
    expect((await runs(place, client, "uname -m")).out).toBe("armv7l\n");
    client.end();
    const record = await place.dials();
    let text = "";
    record.stream.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
    });
    await place.until(() => text.includes("\r\n"), "the greeting");
    expect(text.slice(0, text.indexOf("\r\n"))).toBe("SSH-2.0-dropbear_0.52");
  });

  it("has an RSA key that its seed decides", async () => {
    const lines = [];
    for (const seed of [5, 5, 6]) {
      using place = await PanelPlace.start(sshPanel({ profile: legacyKeyExchange }), seed);
      lines.push(place.panel.hostKeys[0]?.publicLine);
    }
    expect(lines[0]).toMatch(/^ssh-rsa /);
    expect(lines[1]).toBe(lines[0]);
    expect(lines[2]).not.toBe(lines[0]);
  });
});

describe("bytes to an SSH panel", () => {
  it("may come a byte at a time, the greeting too", async () => {
    using place = await PanelPlace.start(sshPanel());
    // The client is ssh2 and stands no slicing of the panel's own greeting.
    place.world.link.apply(slice(1), "gateway");
    const client = await signsIn(place);
    expect((await runs(place, client, "echo whole")).out).toBe("whole\n");
    client.end();
  });

  it("crash nothing, whatever they are, before the greeting and behind it", async () => {
    using place = await PanelPlace.start(sshPanel());
    const greeting = fc.constantFrom("", "SSH-2.0-x\r\n", "SSH-1.5-old\n", "GET / HTTP/1.1\r\n\r\n");
    await fc.assert(
      fc.asyncProperty(greeting, fc.uint8Array({ maxLength: 300 }), async (first, rest) => {
        const { stream, reset } = await place.dials();
        stream.resume();
        stream.write(Buffer.concat([Buffer.from(first), rest]));
        await place.world.clock.settle();
        reset();
      }),
      { numRuns: 100, seed: 10 },
    );
    (await signsIn(place)).end();
    await place.until(() => place.panel.connections === 0, "the end");
    await place.world.clock.advance(1000);
    expect(place.world.clock.pending()).toEqual([]);
  });
});
