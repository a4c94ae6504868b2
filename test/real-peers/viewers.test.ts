// The simulator's VNC panels under viewers that nobody here wrote, each on an X display of its own, whose picture must be the panel's.
import { execFileSync, spawnSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { layout, screenHeight, screenWidth } from "#simulator/panels/hmi-screen.ts";
import { profilePanel } from "#simulator/panels/profiles/catalogue.ts";
import { type RunningVncPanel, type VncPanelOptions, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { anonymousTls } from "../support/anonymous-tls.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, Program, temporaryFolder } from "../support/processes.ts";
import { passwordFile } from "../support/vnc-servers.ts";
import { differentPixels, pictureOfDisplay } from "../support/xwd.ts";

const password = "secret12";
/** The pointer, which the viewer or the X server draws over the picture. */
const pointerPixelsMax = 24 * 24;
const needed = [peers.xvfb, peers.xwd, peers.vncPassword, peers.xdotool];

describe.skipIf(isAnyMissing(...needed))("VNC viewers that nobody here wrote", () => {
  const folder = temporaryFolder();
  let file: string;
  let display: string;
  let xvfb: Program;
  let panel: RunningVncPanel | undefined;
  let viewer: Program | undefined;

  beforeAll(async () => {
    file = passwordFile(folder.path, password);
    xvfb = new Program("Xvfb", "Xvfb", [
      ...["-displayfd", "1", "-screen", "0", `${screenWidth}x${screenHeight}x24`, "-nolisten", "tcp"],
    ]);
    display = `:${await xvfb.until(() => /^(\d+)$/m.exec(xvfb.output)?.[1], "display number", 15_000)}`;
    const asks = ["-root", "-silent", "-display", display];
    await eventually("the display", () => spawnSync("xwd", asks, { stdio: "ignore" }).status === 0 || undefined);
  });

  afterEach(async () => {
    await viewer?.stop("SIGTERM");
    await panel?.close();
    [viewer, panel] = [undefined, undefined];
  });

  afterAll(async () => {
    await xvfb?.stop("SIGTERM");
    folder[Symbol.dispose]();
  });

  async function starts(profile: string | undefined, options: VncPanelOptions = {}): Promise<RunningVncPanel> {
    const all = { title: "PRESS 4  Hydraulics", password, ...options };
    const program = profile === undefined ? vncPanel(all) : profilePanel(profile, all);
    const place = {
      network: openLinuxNetwork(),
      clock: linuxClock,
      random: linuxRandom,
      address: "127.0.0.1",
      port: 0,
    };
    panel = await program.start({ ...place, name: "press4", seed: 7 });
    return panel;
  }

  function opens(name: string, args: readonly string[], port: number): void {
    viewer = new Program(name, name, [...args, `127.0.0.1::${port}`], { env: { DISPLAY: display } });
  }

  /** Every pixel but the pointer's; the panel lives on meanwhile, so it is asked for again. */
  async function showsPanel({ screen }: RunningVncPanel): Promise<void> {
    await eventually("the panel's picture on the viewer's display", async () => {
      const seen = await pictureOfDisplay(display);
      const different = differentPixels(seen, screen.frame);
      return (different >= 0 && different <= pointerPixelsMax) || undefined;
    });
  }

  async function operates(running: RunningVncPanel): Promise<void> {
    const env = { ...process.env, DISPLAY: display };
    const { button, field } = layout;
    const at = (area: { x: number; y: number }) => [String(area.x + 20), String(area.y + 15)];
    execFileSync("xdotool", ["mousemove", ...at(button), "click", "1"], { env });
    await eventually("the machine to stop", () => (running.screen.isRunning ? undefined : true));
    execFileSync("xdotool", ["mousemove", ...at(field), "type", "--delay", "20", "C-77"], { env });
    await eventually("the text in the field", () => (running.screen.entry === "C-77" ? true : undefined));
    await showsPanel(running);
  }

  describe.skipIf(isAnyMissing(peers.xtightvncviewer))("xtightvncviewer", () => {
    const args = (encodings: string) => ["-passwd", file, "-fullscreen", "-encodings", encodings];

    test.each(["raw", "copyrect hextile", "copyrect tight", "copyrect tight hextile -nojpeg"])(
      "shows the panel by %s, on every page, and operates it",
      async (encodings) => {
        const running = await starts(undefined);
        const [list = "", ...more] = encodings.split(" -");
        opens("xtightvncviewer", [...args(list), ...more.map((option) => `-${option}`)], running.port);
        await showsPanel(running);
        await operates(running);
        for (const page of ["process", "trends", "alarms", "settings"] as const) {
          running.screen.shows(page);
          await showsPanel(running);
        }
      },
    );

    test.each(["tightvnc-1.3.9", "efonvnc-4.2", "rfb-3.3-only", "byte-at-a-time", "one-client-only", "latin-1-name"])(
      "shows a panel that is as the profile %s says",
      async (profile) => {
        const running = await starts(profile);
        opens("xtightvncviewer", args("copyrect tight hextile"), running.port);
        await showsPanel(running);
      },
    );

    test("is told by a panel for one client that it is in use", async () => {
      const running = await starts("one-client-only");
      opens("xtightvncviewer", args("hextile"), running.port);
      await showsPanel(running);
      const second = new Program(
        "second viewer",
        "xtightvncviewer",
        [...args("hextile"), `127.0.0.1::${running.port}`],
        {
          env: { DISPLAY: display },
        },
      );
      await second.until(() => /already in use/.test(second.output) || undefined, "the refusal", 15_000);
      await second.stop("SIGTERM");
    });
  });

  describe.skipIf(isAnyMissing(peers.xtigervncviewer))("xtigervncviewer", () => {
    const args = (encoding: string, security = "VncAuth") => [
      ...["-PasswordFile", file, "-FullScreen", "-SecurityTypes", security, "-RemoteResize=0", "-Shared"],
      ...["-AutoSelect=0", "-PreferredEncoding", encoding, "-NoJPEG", "-AlertOnFatalError=0"],
    ];

    test.each(["Raw", "Hextile", "ZRLE", "Tight"])("shows the panel by %s and continuous updates", async (encoding) => {
      const running = await starts(undefined);
      opens("xtigervncviewer", args(encoding), running.port);
      await showsPanel(running);
      expect(viewer?.output).toContain("Enabling continuous updates");
      await operates(running);
    });

    test.each(["tigervnc-1.7.0", "realvnc-connect-6.0.2", "version-003-889", "empty-rectangles", "slow-first-frame"])(
      "shows a panel that is as the profile %s says",
      async (profile) => {
        const running = await starts(
          profile,
          profile === "slow-first-frame" ? { behaviour: { firstFrameMs: 3000 } } : {},
        );
        opens("xtigervncviewer", args("ZRLE"), running.port);
        await showsPanel(running);
      },
    );

    test("shows the panel within TLS", async () => {
      const running = await starts("tigervnc-1.7.0", { tls: anonymousTls });
      opens("xtigervncviewer", args("Tight", "TLSVnc"), running.port);
      await showsPanel(running);
      expect(viewer?.output).toContain("TLSVnc");
      await operates(running);
    });

    test("gives the panel the size of its display", async () => {
      const running = await starts(undefined);
      expect(running.resizes(1000, 600)).toBe(true);
      opens("xtigervncviewer", [...args("ZRLE"), "-RemoteResize=1"], running.port);
      await eventually("the panel's new size", () => (running.screen.frame.width === screenWidth ? true : undefined));
      await showsPanel(running);
    });
  });
});
