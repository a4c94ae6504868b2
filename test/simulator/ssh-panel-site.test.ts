// SSH panels through operator, cloud, gateway and LAN on simulated time.
import { describe, expect, it } from "vitest";
import { latency } from "#simulator/faults/latency.ts";
import { slice } from "#simulator/faults/slice.ts";
import { legacyKeyExchange } from "#simulator/panels/profiles/quirks.ts";
import { sshPanel } from "#simulator/panels/ssh/ssh-panel.ts";
import { Site } from "#simulator/site.ts";
import { ed25519Pair } from "../support/ed25519-pair.ts";

describe("an operator at an SSH panel", () => {
  it("is signed in with what the cloud keeps, and has a shell whose size follows the window", async () => {
    await using site = await Site.start({ panels: { press: sshPanel({ password: "s3cret" }) } });
    const terminal = await site.operator.opensTerminal("press", { columns: 132, rows: 43 });
    await terminal.isOpen();
    expect(terminal.steps).toEqual(["waiting-for-gateway", "opening-tunnel", "handshaking", "open"]);
    await terminal.shows("root@press:/root# ");
    terminal.types("stty size\n");
    await terminal.shows("\r\n43 132\r\n");
    terminal.resizes({ columns: 90, rows: 30 });
    terminal.types("stty size\n");
    await terminal.shows("\r\n30 90\r\n");
    terminal.types("echo $TERM Grüße 漢\n");
    await terminal.shows("\r\nxterm-256color Grüße 漢\r\n");
    expect(site.panels.press).toMatchObject({ signIns: 1, sessions: 1 });
    terminal.types("exit 5\n");
    expect(await terminal.ends()).toMatchObject({
      code: 1000,
      said: { reason: "panel.closed", text: "The shell ended with exit status 5." },
    });
    await site.until(() => site.panels.press.connections === 0, { what: "the connection to end" });
  });

  it("watches the machine on the whole window over a slow link, and nothing is left when the browser is closed", async () => {
    await using site = await Site.start({ panels: { mixer: sshPanel({ machine: "mixer", title: "MIXER 2" }) } });
    const terminal = await site.operator.opensTerminal("mixer");
    await terminal.isOpen();
    await site.between("operator", "cloud").during(latency(400), async () => {
      terminal.types("top\n");
      await terminal.shows(" 80 x 24 ");
      terminal.resizes({ columns: 100, rows: 40 });
      await terminal.shows(" 100 x 40 ");
    });
    await site.clock.advance(3000);
    const [signal] = site.panels.mixer.process.signals;
    expect(terminal.shown).toContain(signal!.label);
    await terminal.disconnects();
    await site.until(() => site.panels.mixer.sessions === 0, { what: "the shell to end" });
  });

  it("does not notice that the bytes come seven at a time, and one at a time", async () => {
    await using site = await Site.start({ panels: { press: sshPanel() } });
    for (const bytes of [7, 1]) {
      await site.between("gateway", "press").during(slice(bytes), async () => {
        const terminal = await site.operator.opensTerminal("press");
        await terminal.isOpen();
        terminal.types("uname -m\n");
        await terminal.shows("\r\narmv7l\r\n");
        await terminal.disconnects();
      });
    }
  });

  it("is asked for the panel's key where the cloud does not know it, once", async () => {
    await using site = await Site.start({ panels: { press: sshPanel({ tellsHostKey: false }) } });
    const terminal = await site.operator.opensTerminal("press");
    const key = await terminal.acceptsHostKey();
    expect(key).toMatchObject({ algorithm: "ssh-ed25519", fingerprint: site.panels.press.hostKeys[0]?.fingerprint });
    await terminal.isOpen();
    await terminal.disconnects();
    const again = await site.operator.opensTerminal("press");
    await again.isOpen();
    expect(again.session.messages.filter(({ type }) => type === "host-key")).toEqual([]);
    await again.disconnects();
  });

  it("answers what the panel asks beside the password", async () => {
    const questions = [
      {
        title: "Line 3",
        prompts: [
          { text: "Token: ", echo: true, answer: "123456" },
          { text: "PIN: ", echo: false, answer: "9" },
        ],
      },
      { prompts: [{ text: "Shift code: ", echo: true, answer: "early" }] },
    ];
    await using site = await Site.start({ panels: { press: sshPanel({ questions }) } });
    const terminal = await site.operator.opensTerminal("press");
    expect(await terminal.answers("123456", "9")).toMatchObject({
      title: "Line 3",
      prompts: [
        { text: "Token:", echo: true },
        { text: "PIN:", echo: false },
      ],
    });
    await terminal.answers("early");
    await terminal.isOpen();
    await terminal.disconnects();
    const wrong = await site.operator.opensTerminal("press");
    await wrong.answers("123456", "8");
    expect(await wrong.ends()).toMatchObject({ said: { reason: "auth.failed" } });
    expect(site.panels.press.signIns).toBe(1);
  });

  it("is signed in with a key, and not with another one", async () => {
    const [key, other] = [ed25519Pair(), ed25519Pair()];
    await using site = await Site.start({
      panels: {
        right: sshPanel({ publicKey: key.public, endpoint: { privateKey: key.private } }),
        wrong: sshPanel({ publicKey: key.public, endpoint: { privateKey: other.private } }),
      },
    });
    const terminal = await site.operator.opensTerminal("right");
    await terminal.isOpen();
    await terminal.disconnects();
    expect(await (await site.operator.opensTerminal("wrong")).ends()).toMatchObject({
      said: { reason: "auth.failed" },
    });
  });

  it("is told that the password, or the panel's key, is wrong", async () => {
    const { publicLine } = (await import("#simulator/panels/ssh/host-keys.ts")).ed25519HostKey({
      bytes: (length) => new Uint8Array(length).fill(7),
      fraction: () => 0,
    });
    await using site = await Site.start({
      panels: {
        password: sshPanel({ password: "right", endpoint: { password: "wrong" } }),
        key: sshPanel({ endpoint: { hostKey: publicLine } }),
      },
    });
    expect(await (await site.operator.opensTerminal("password")).ends()).toMatchObject({
      said: { reason: "auth.failed" },
    });
    const ended = await (await site.operator.opensTerminal("key")).ends();
    expect(ended.said?.reason).toBe("hostkey.mismatch");
    expect(site.panels.key.signIns).toBe(0);
  });

  it("is told that a panel of about 2008 knows nothing that is safe today, and reaches it where that is allowed", async () => {
    const profile = legacyKeyExchange;
    const endpoint = { attrs: { legacyAlgorithms: true } };
    await using site = await Site.start({
      panels: { old: sshPanel({ profile }), allowed: sshPanel({ profile, endpoint }) },
    });
    const terminal = await site.operator.opensTerminal("allowed");
    await terminal.isOpen();
    terminal.types("uname -m\n");
    await terminal.shows("armv7l");
    await terminal.disconnects();
    const ended = await (await site.operator.opensTerminal("old")).ends();
    expect(ended.said?.reason).toBe("protocol.unsupported");
    expect(ended.said?.text).toContain("diffie-hellman-group1-sha1");
  });
});
