// Each profile of a VNC panel behind our own relay: an operator opens the session and sees the panel's picture, or is told why not.
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { writeSetDesktopSize } from "#protocol/rfb/desktop-size.ts";
import { encodings } from "#protocol/rfb/messages.ts";
import { pixelEncodings, pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import type { PanelProgram } from "#simulator/panels/panel.ts";
import { profilePanel, type VncProfile, vncProfiles } from "#simulator/panels/profiles/catalogue.ts";
import type { RunningVncPanel, VncPanelOptions } from "#simulator/panels/vnc-panel.ts";
import { Site } from "#simulator/site.ts";
import { samePixels, Viewer, type ViewerOptions } from "./vnc-viewer.ts";

/** Longer than DES takes. */
const password = "hydraulics-4711";

type PanelSite = Site<{ panel: PanelProgram<RunningVncPanel> }>;

function siteWith(name: string, options: VncPanelOptions = {}): Promise<PanelSite> {
  return Site.start({ panels: { panel: profilePanel(name, { password, ...options }) } });
}

/** A session as a stream, for a viewer that knows more than the operator's own. */
function wireOf(session: ClientSession): Duplex {
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Uint8Array, _encoding, done) => {
      session.says(chunk);
      done();
    },
  });
  session.onBytes = (bytes) => wire.push(bytes);
  if (session.bytesReceived > 0) wire.push(session.received);
  return wire;
}

async function opens(site: PanelSite, options: ViewerOptions = {}) {
  const session = await site.operator.opens("panel");
  return { session, viewer: new Viewer({ stream: wireOf(session) }, options) };
}

async function shows(site: PanelSite, { session, viewer }: Awaited<ReturnType<typeof opens>>): Promise<void> {
  const isShown = (): boolean => viewer.updates > 0 && samePixels(viewer.frame, site.panels.panel.screen.frame);
  await session.sees(isShown, "the panel's picture");
}

/** What the panel itself would send: a panel that hangs up for others gets no more. */
function encodingsFor({ behaviour }: VncProfile): readonly number[] {
  if (behaviour.dropsUnknownEncodings === true) return [encodings.raw];
  const { cursor, desktopSize, copyRectangle, zrle } = encodings;
  const pixels = [copyRectangle, pixelEncodings.tight, zrle, pixelEncodings.hextile];
  return [...pixels, cursor, desktopSize, ...Object.values(pseudoEncodings)];
}

describe("behind the relay, with the password in the vault", () => {
  it.each(vncProfiles.map((profile) => [profile.name, profile] as const))(
    "%s shows its picture to the operator",
    async (name, profile) => {
      await using site = await siteWith(name);
      const open = await opens(site, { encodings: encodingsFor(profile) });
      if (profile.behaviour.swapsRedAndBlue === true) {
        // A relay that does not know of it can only pass it on.
        await open.session.sees(() => open.viewer.updates > 0, "a picture");
        return;
      }
      await shows(site, open);
      expect(site.panels.panel.viewersAccepted).toBe(1);
      await open.session.disconnects();
    },
  );

  it.each(["tigervnc-1.7.0", "no-resize"])("%s answers a wish for another size to the viewer itself", async (name) => {
    await using site = await siteWith(name);
    const open = await opens(site, { encodings: [encodings.zrle, pseudoEncodings.extendedDesktopSize] });
    await shows(site, open);
    const size = { width: 1000, height: 600 };
    open.viewer.sends(writeSetDesktopSize(size, [{ id: 1, x: 0, y: 0, ...size, flags: 0 }]));
    await open.session.sees(() => open.viewer.sizes.length === 2, "the answer");
    expect(open.viewer.sizes[1]).toMatchObject({ reason: 1, status: name === "no-resize" ? 1 : 0 });
    await shows(site, open);
    expect(site.panels.panel.screen.frame.width).toBe(name === "no-resize" ? 800 : 1000);
  });

  it("one-client-only tells a second operator that it is in use", async () => {
    await using site = await siteWith("one-client-only");
    await shows(site, await opens(site));
    const { session } = await opens(site);
    const end = await session.ends();
    expect(end).toMatchObject({ code: 4060, reason: "auth.failed" });
    expect(end.said?.text).toContain("The server is already in use");
  });

  it("latin-1-name hands its name on byte for byte", async () => {
    await using site = await siteWith("latin-1-name");
    const open = await opens(site);
    await shows(site, open);
    expect(open.session.received.includes(Buffer.from("Förderband 3 \u00b7 Öl", "latin1"))).toBe(true);
  });

  it("tight-only: nothing of Tight's lists reaches a viewer that knows of no Tight", async () => {
    await using site = await siteWith("tight-only");
    const open = await opens(site);
    await shows(site, open);
    expect(open.viewer.outcome).toMatchObject({ kind: "authenticated", securityType: 1 });
    expect(open.session.received.includes("STDV")).toBe(false);
  });

  it("tigervnc-1.7.0 is signed in at also where it offers VeNCrypt alone", async () => {
    await using site = await siteWith("tigervnc-1.7.0", {
      behaviour: { security: [{ type: "vencrypt", subtypes: [2] }] },
    });
    await shows(site, await opens(site));
  });

  it("slow-first-frame: the session stands while nothing comes", async () => {
    await using site = await siteWith("slow-first-frame");
    const open = await opens(site);
    await open.session.reaches("open");
    await site.clock.advance(20_000);
    expect([open.viewer.updates, open.session.ending]).toEqual([0, undefined]);
    await shows(site, open);
  });

  it("byte-at-a-time: the session opens behind a handshake of more than a second", async () => {
    await using site = await siteWith("byte-at-a-time");
    const before = site.clock.monotonicMs();
    const open = await opens(site);
    await shows(site, open);
    expect(site.clock.monotonicMs() - before).toBeGreaterThan(1000);
  });
});

describe("behind the relay, with a wrong password in the vault", () => {
  it.each([
    // Only 3.8 has a reason: the odd greetings must have led there.
    ["version-005-000", "The panel did not accept the password: The password is wrong."],
    ["version-003-889", "The panel did not accept the password: The password is wrong."],
    ["mute-refusal", "The panel did not accept the password."],
    ["too-many-attempts", "The panel did not accept the password: Authentication failed, too many tries."],
    ["rfb-3.3-only", "The panel did not accept the password."],
    ["efonvnc-4.2", "The panel did not accept the password: Authentication failure."],
    ["tight-only", "The panel did not accept the password: The password is wrong."],
  ])("%s: the operator is told %j", async (name, text) => {
    await using site = await siteWith(name, { endpointPassword: "wrong" });
    const { session } = await opens(site);
    expect(await session.ends()).toMatchObject({ code: 4060, said: { reason: "auth.failed", text } });
  });

  it.each([
    ["tigervnc-1.7.0", "Too many security failures"],
    ["realvnc-connect-6.0.2", "Too many security failures"],
    ["tightvnc-1.3.9", "Too many authentication failures"],
  ])("%s shuts everybody out behind the fifth attempt, and says so", async (name, text) => {
    await using site = await siteWith(name, { endpointPassword: "wrong" });
    for (let attempt = 1; attempt <= 5; attempt += 1) await (await opens(site)).session.ends();
    const end = await (await opens(site)).session.ends();
    expect(end).toMatchObject({ code: 4060, reason: "auth.failed" });
    expect(end.said?.text).toContain(text);
  });
});

describe("behind the relay, with what the panel cannot stand among the endpoint's attributes", () => {
  async function opensWith(site: PanelSite, attrs: Record<string, unknown>, list: readonly number[], own?: string) {
    const endpoint = { name: "odd", hostname: "192.168.10.11", port: site.panels.panel.port, protocol: "VNC" } as const;
    const target = await site.operator.addsEndpoint({
      ...endpoint,
      attrs,
      ...(own === undefined ? {} : { password: own }),
    });
    const session = await site.operator.opens(target);
    return { session, viewer: new Viewer({ stream: wireOf(session) }, { encodings: list }) };
  }

  const all = [encodings.copyRectangle, pixelEncodings.tight, encodings.zrle, encodings.cursor, -26, 50];

  it("drops-unknown-encodings hears of those only that it knows, and shows its picture", async () => {
    await using site = await siteWith("drops-unknown-encodings");
    await shows(site, await opensWith(site, { encodings: [0, 1, 5] }, all, password));
  });

  it.each([
    ["with a password", password],
    ["without one", undefined],
  ])("red-and-blue-swapped shows its true colours, %s", async (_how, own) => {
    await using site = await Site.start({
      panels: { panel: profilePanel("red-and-blue-swapped", own === undefined ? {} : { password: own }) },
    });
    const open = await opensWith(site, { swapRedBlue: true }, all, own);
    await shows(site, open);
    expect([...open.viewer.seen.keys()].sort()).toEqual([encodings.cursor, encodings.zrle].sort());
    expect(open.viewer.nativeFormat).toMatchObject({ redShift: 0, blueShift: 16 });
  });

  it.each([
    [{ swapRedBlue: "yes" }, "swapRedBlue must be true or false"],
    [{ encodings: [0.5] }, "encodings must be a list of at most 64 whole numbers"],
    [{ encodings: [2 ** 40] }, "encodings must be a list of at most 64 whole numbers"],
    [{ encodings: "all" }, "encodings must be a list of at most 64 whole numbers"],
  ])("%j is refused", async (attrs, words) => {
    await using site = await siteWith("red-and-blue-swapped");
    await expect(opensWith(site, attrs, all)).rejects.toThrow(words);
  });
});

describe("behind the relay, where it has not been told", () => {
  it("drops-unknown-encodings: the operator hears that the panel has closed", async () => {
    await using site = await siteWith("drops-unknown-encodings");
    const { session } = await opens(site, { encodings: [encodings.raw, encodings.cursor] });
    expect(await session.ends()).toMatchObject({ reason: expect.stringMatching(/^panel\.(closed|reset)$/) });
  });

  it("red-and-blue-swapped: the operator sees the picture with its colours exchanged", async () => {
    await using site = await siteWith("red-and-blue-swapped");
    const open = await opens(site);
    const swapped = (pixel: number): number => ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >> 16) & 0xff);
    await open.session.sees(() => open.viewer.updates > 0, "a picture");
    await open.session.sees(() => {
      const { frame } = site.panels.panel.screen;
      return samePixels(open.viewer.frame, { ...frame, pixels: frame.pixels.map(swapped) });
    }, "the exchanged picture");
  });

  it("a panel of foreign security types alone is refused with their names", async () => {
    const foreign = [13, 133, 5, 129, 192].map((code) => ({ type: "foreign", code }) as const);
    await using site = await siteWith("realvnc-connect-6.0.2", { behaviour: { security: foreign } });
    const end = await (await opens(site)).session.ends();
    expect(end).toMatchObject({ reason: "protocol.unsupported" });
    expect(end.said?.text).toContain("RA2, RA2 (256 bit)");
  });
});
