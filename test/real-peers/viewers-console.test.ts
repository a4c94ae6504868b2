// noVNC in a real browser, through cloud and gateway as processes, at panels of the simulator that are as their profiles say.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { veNCryptSubtypes } from "#protocol/rfb/security.ts";
import { layout } from "#simulator/panels/hmi-screen.ts";
import { profilePanel } from "#simulator/panels/profiles/catalogue.ts";
import type { RunningVncPanel } from "#simulator/panels/vnc-panel.ts";
import { anonymousTls } from "../support/anonymous-tls.ts";
import { ConsoleBench } from "../support/console-bench.ts";
import { addVncEndpoint, canvasPicture, connect, openDevice } from "../support/console-page.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually } from "../support/processes.ts";
import { differentPixels } from "../support/xwd.ts";

const password = "hydraulics-4711";
const withinTls = "tigervnc-1.7.0 within TLS";
const tlsOnly = [{ type: "vencrypt", subtypes: [veNCryptSubtypes.tlsVnc] }] as const;
const profiles = [
  ...["realvnc-connect-6.0.2", "tightvnc-1.3.9", "tigervnc-1.7.0", "efonvnc-4.2", "one-client-only"],
  ...["eight-character-password", "version-003-889", "no-resize", "byte-at-a-time", "rfb-3.3-only"],
  ...["empty-rectangles", "latin-1-name", "tight-only", withinTls],
];

function panelOf(name: string) {
  return name === withinTls
    ? profilePanel("tigervnc-1.7.0", { password, tls: anonymousTls, behaviour: { security: tlsOnly } })
    : profilePanel(name, { password });
}

describe.skipIf(isAnyMissing(peers.chromium))("noVNC in the console", () => {
  const panels = new Map<string, RunningVncPanel>();
  let bench: ConsoleBench;
  let page: Page;

  beforeAll(async () => {
    for (const [index, name] of profiles.entries()) {
      const place = {
        network: openLinuxNetwork(),
        clock: linuxClock,
        random: linuxRandom,
        address: "127.0.0.1",
        port: 0,
      };
      panels.set(name, await panelOf(name).start({ ...place, name, seed: index }));
    }
    bench = await ConsoleBench.start(
      "gw-profiles",
      [...panels.values()].map(({ port }) => `127.0.0.1:${port}`),
    );
    console.info(`real peer: noVNC in Chromium ${bench.browser.version()}`);
    ({ page } = await bench.signedIn());
    await bench.registersGateway(page);
    await openDevice(page, bench.gatewayName, "remote-access");
  });

  afterAll(async () => {
    await bench?.[Symbol.asyncDispose]();
    for (const panel of panels.values()) await panel.close();
  });

  test.each(profiles)("shows %s as it is, and operates it", async (name) => {
    const panel = panels.get(name);
    if (panel === undefined) throw new Error(`${name} does not run`);
    await addVncEndpoint(page, { name, host: "127.0.0.1", port: panel.port, password });
    const viewer = await connect(page, name);
    await eventually("a canvas equal to the panel's own picture", async () => {
      const seen = await canvasPicture(viewer);
      return differentPixels(seen, panel.screen.frame) === 0 ? true : undefined;
    });
    const { button } = layout;
    const { width, height } = panel.screen.frame;
    const box = await viewer.locator("#screen canvas").boundingBox();
    // The console may have asked for the size of its window: the panel's own size then counts.
    const scale = { x: (box?.width ?? width) / width, y: (box?.height ?? height) / height };
    const shown = Math.min(width / 800, height / 480);
    const at = {
      x: (Math.floor((width - 800 * shown) / 2) + (button.x + 20) * shown) * scale.x,
      y: (Math.floor((height - 480 * shown) / 2) + (button.y + 20) * shown) * scale.y,
    };
    await viewer.locator("#screen canvas").click({ position: at });
    await eventually("the machine to stop", () => (panel.screen.isRunning ? undefined : true));
    await viewer.close();
    expect(panel.viewersAccepted).toBe(1);
  });
});
