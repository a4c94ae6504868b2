// The VNC panel: golden bytes of its handshakes, its pictures, and that it reacts to pointer and keys.
import { describe, expect, it } from "vitest";
import type { Connection } from "#hardware/ports.ts";
import { encodings } from "#protocol/rfb/messages.ts";
import { type PixelFormat, rgb888 } from "#protocol/rfb/pixel-format.ts";
import { stall } from "#simulator/faults/stall.ts";
import { samePicture, VncClient, type VncClientOptions } from "#simulator/operator/vnc-client.ts";
import { layout } from "#simulator/panels/hmi-screen.ts";
import { type RunningVncPanel, type VncPanelOptions, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { TwoHosts } from "./two-hosts.ts";

interface Scene extends Disposable {
  readonly world: TwoHosts;
  readonly panel: RunningVncPanel;
  readonly connection: Connection;
}

async function scene(options: VncPanelOptions = {}): Promise<Scene> {
  const world = new TwoHosts();
  const { network } = world.network.host("panel");
  const host = {
    name: "press4",
    network,
    clock: world.clock,
    random: new SeededRandom(7),
    seed: 7,
    address: "0.0.0.0",
  };
  const panel = await vncPanel(options).start(host);
  const outcome = await world.dials();
  if (!outcome.ok) throw new Error(outcome.detail);
  return { world, panel, connection: outcome.connection, [Symbol.dispose]: () => world.clock.stop() };
}

function viewerOf({ connection }: Scene, options: Partial<VncClientOptions> = {}): VncClient {
  const client = new VncClient({ send: (bytes) => connection.stream.write(bytes), ...options });
  connection.stream.on("data", (bytes: Buffer) => client.receive(bytes));
  return client;
}

async function seenBy({ world, panel }: Scene, client: VncClient): Promise<void> {
  await world.clock.until(() => client.hasPicture && samePicture(client.frame, panel.screen.frame), {
    what: "the panel's picture at the client",
  });
}

/** Sends each line and gives what came back until the next, all in hex. */
async function talk({ world, connection }: Scene, lines: readonly string[]): Promise<string[]> {
  let heard = Buffer.alloc(0);
  connection.stream.on("data", (bytes: Buffer) => {
    heard = Buffer.concat([heard, bytes]);
  });
  const answers: string[] = [];
  for (const line of ["", ...lines]) {
    if (line !== "") connection.stream.write(Buffer.from(line.replaceAll(" ", ""), "hex"));
    await world.clock.advance(100);
    answers.push(heard.toString("hex"));
    heard = Buffer.alloc(0);
  }
  return answers;
}

const hex = (text: string): string => Buffer.from(text).toString("hex");

describe("the VNC panel's handshake", () => {
  it("is RFC 6143's for version 3.8 and type None, up to ServerInit", async () => {
    using place = await scene({ title: "Press 4" });
    const answers = await talk(place, [hex("RFB 003.008\n"), "01", "01"]);
    expect(answers).toEqual([
      hex("RFB 003.008\n"),
      "0101", // section 7.1.2: one type, None
      "00000000", // section 7.1.3: OK
      // Section 7.3.2: 800 by 480, 32 bits, depth 24, little-endian, true colour, maxima 255, shifts 16 8 0, the name.
      `032001e0 20180001 00ff00ff 00ff1008 00000000 00000007`.replaceAll(" ", "") + hex("Press 4"),
    ]);
    expect(place.panel.viewersAccepted).toBe(1);
  });

  it("has no SecurityResult for None in version 3.7, and the server decides in 3.3", async () => {
    using newer = await scene({ version: "3.7", title: "P" });
    expect((await talk(newer, [hex("RFB 003.007\n"), "01"])).slice(0, 3)).toEqual([hex("RFB 003.007\n"), "0101", ""]);
    newer.world.clock.stop();
    using older = await scene({ version: "3.3", title: "P" });
    expect(await talk(older, [hex("RFB 003.003\n")])).toEqual([hex("RFB 003.003\n"), "00000001"]);
  });

  it("asks for VNC Authentication and says why it does not let somebody in", async () => {
    using place = await scene({ password: "secret12" });
    const answers = await talk(place, [hex("RFB 003.008\n"), "02", "00".repeat(16)]);
    expect(answers[1]).toBe("0102");
    expect(answers[2]).toHaveLength(32);
    expect(answers[3]).toMatch(/^00000001/); // section 7.1.3: failed, then the reason
    expect(Buffer.from(answers[3]!.slice(16), "hex").toString()).toMatch(/password/i);
    expect(place.panel.viewersAccepted).toBe(0);
    await place.world.clock.advance(5000);
    expect(place.panel.connections).toBe(0);
  });

  it.each([
    ["the right password", "secret12", "authenticated"],
    ["the right password with letters behind its eighth", "secret123", "authenticated"],
    ["a wrong password", "secret13", "refused"],
  ])("with %s ends as it must", async (_what, password, kind) => {
    using place = await scene({ password: "secret12" });
    const client = viewerOf(place, { password });
    const outcome = await place.world.clock.until(() => client.outcome, { what: "the outcome" });
    expect(outcome.kind).toBe(kind);
  });

  it("drops a viewer that never says who it is", async () => {
    using place = await scene();
    place.connection.stream.resume();
    await place.world.clock.advance(31_000);
    expect(place.panel.connections).toBe(0);
  });

  it("drops a viewer that talks nonsense after the handshake", async () => {
    using place = await scene();
    const client = viewerOf(place);
    await seenBy(place, client);
    place.connection.stream.write(Buffer.from([99]));
    await place.world.clock.advance(100);
    expect(place.panel.connections).toBe(0);
  });
});

describe("the VNC panel's picture", () => {
  const small: PixelFormat = {
    ...rgb888,
    bitsPerPixel: 16,
    depth: 16,
    bigEndian: true,
    redMax: 31,
    greenMax: 63,
    blueMax: 31,
    redShift: 11,
    greenShift: 5,
    blueShift: 0,
  };

  it.each([
    ["ZRLE", [encodings.zrle]],
    ["Raw", [encodings.raw]],
    ["nothing that it knows, so Raw", [-1, 77]],
  ])("arrives pixel for pixel by %s and stays so while it lives", async (_what, list) => {
    using place = await scene();
    const client = viewerOf(place, { encodings: list });
    await seenBy(place, client);
    const { updates } = client;
    await place.world.clock.advance(10_000);
    await seenBy(place, client);
    expect(client.updates).toBeGreaterThan(updates + 10);
  });

  it("arrives in the pixel format that the viewer wants", async () => {
    using place = await scene();
    const client = viewerOf(place, { format: small });
    await place.world.clock.until(() => client.hasPicture, { what: "a picture" });
    const corner = client.frame!.pixels[0]!;
    const own = place.panel.screen.frame.pixels[0]!;
    for (const shift of [16, 8, 0]) {
      expect(Math.abs(((corner >> shift) & 0xff) - ((own >> shift) & 0xff))).toBeLessThan(9);
    }
  });

  it("is not sent again while nothing changes, and only in parts when little does", async () => {
    using place = await scene();
    let received = 0;
    place.connection.stream.on("data", (bytes: Buffer) => {
      received += bytes.length;
    });
    const client = viewerOf(place, { encodings: [encodings.raw] });
    await seenBy(place, client);
    const whole = received;
    expect(whole).toBeGreaterThan(800 * 480 * 4);
    await place.world.clock.advance(1000);
    expect(received - whole).toBeGreaterThan(1000);
    expect(received - whole).toBeLessThan(whole);
  });

  it("is paced: at most 25 updates a second however fast the viewer asks", async () => {
    using place = await scene();
    const client = viewerOf(place);
    await seenBy(place, client);
    const before = client.updates;
    for (let moves = 0; moves < 200; moves += 1) {
      client.moves(layout.button.x + 5, layout.button.y + 5, moves % 2);
      await place.world.clock.advance(5);
    }
    expect(client.updates - before).toBeGreaterThan(5);
    expect(client.updates - before).toBeLessThanOrEqual(26);
  });

  it("is shown to two viewers at once", async () => {
    using place = await scene();
    const first = viewerOf(place);
    const outcome = await place.world.dials();
    if (!outcome.ok) throw new Error(outcome.detail);
    const second = viewerOf({ ...place, connection: outcome.connection });
    await seenBy(place, first);
    await seenBy(place, second);
    first.types("x");
    await place.world.clock.advance(200);
    await seenBy(place, second);
  });

  it("does not pile up for a viewer that takes nothing", async () => {
    using place = await scene();
    const client = viewerOf(place, { encodings: [encodings.raw] });
    await seenBy(place, client);
    const { screen } = place.panel;
    const render = screen.render.bind(screen);
    let rendered = 0;
    screen.render = () => {
      rendered += 1;
      return render();
    };
    place.world.link.apply(stall(), "panel");
    for (let asked = 0; asked < 100; asked += 1) {
      client.asksForWholePicture();
      await place.world.clock.advance(100);
    }
    // One picture in Raw is 1.5 MB; a second one is never begun.
    expect(rendered).toBeLessThanOrEqual(2);
    expect(client.updates).toBe(1);
  });
});

describe("the panel's screen", () => {
  it("stops and starts the machine by its button", async () => {
    using place = await scene();
    const client = viewerOf(place);
    await seenBy(place, client);
    expect(place.panel.screen.isRunning).toBe(true);
    const { x, y, width, height } = layout.button;
    client.clicks(x + width / 2, y + height / 2);
    await place.world.clock.until(() => !place.panel.screen.isRunning, { what: "the machine to stop" });
    await seenBy(place, client);
    client.clicks(x + width / 2, y + height / 2);
    await place.world.clock.until(() => place.panel.screen.isRunning, { what: "the machine to start" });
  });

  it("does nothing when the button is let go outside of it, or pressed from outside", async () => {
    using place = await scene();
    const { screen } = place.panel;
    const { x, y } = layout.button;
    screen.pointer(x + 5, y + 5, 1);
    screen.pointer(0, 0, 1);
    screen.pointer(0, 0, 0);
    screen.pointer(0, 0, 1);
    screen.pointer(x + 5, y + 5, 1);
    screen.pointer(x + 5, y + 5, 0);
    expect(screen.isRunning).toBe(true);
  });

  it("shows what is typed, takes Backspace and stores with Enter", async () => {
    using place = await scene();
    const client = viewerOf(place);
    await seenBy(place, client);
    const { screen } = place.panel;
    client.types("C-9x");
    client.presses(0xff08);
    await place.world.clock.until(() => screen.entry === "C-9", { what: "the text in the field" });
    await seenBy(place, client);
    client.types("9\n");
    await place.world.clock.until(() => screen.order === "C-99", { what: "the order" });
    expect(screen.entry).toBe("");
    await seenBy(place, client);
  });

  it("takes no more than its field holds and no empty order", async () => {
    using place = await scene();
    const { screen } = place.panel;
    for (let typed = 0; typed < 40; typed += 1) screen.key(0x41, true);
    expect(screen.entry).toBe("A".repeat(16));
    screen.key(0xff1b, true);
    screen.key(0xff0d, true);
    expect([screen.entry, screen.order]).toEqual(["", "A-1042"]);
  });

  it("shows the same from the same seed at the same time, and something else from another", async () => {
    const pictureOf = async (seed: number): Promise<Uint32Array> => {
      const world = new TwoHosts();
      const { network } = world.network.host("panel");
      const random = new SeededRandom(1);
      const host = { name: "press4", network, clock: world.clock, random, seed, address: "0.0.0.0" };
      const panel = await vncPanel().start(host);
      await world.clock.advance(7300);
      world.clock.stop();
      return panel.screen.render().pixels;
    };
    expect(await pictureOf(7)).toEqual(await pictureOf(7));
    expect(await pictureOf(7)).not.toEqual(await pictureOf(8));
  });

  it("lives: its picture changes from one tick to the next", async () => {
    using place = await scene();
    const before = Uint32Array.from(place.panel.screen.render().pixels);
    await place.world.clock.advance(1000);
    expect(place.panel.screen.render().pixels).not.toEqual(before);
  });

  it("leaves no timer and no connection when it is closed", async () => {
    using place = await scene();
    const client = viewerOf(place);
    await seenBy(place, client);
    await place.panel.close();
    await place.world.clock.advance(100);
    expect(place.world.network.openConnections()).toEqual([]);
    expect(place.world.clock.pending()).toEqual([]);
  });
});
