// The panels for plain bytes and those that are not what an endpoint says.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { echoPanel, patternBytes, sinkPanel, sourcePanel } from "#simulator/panels/byte-panels.ts";
import { garbagePanel, httpPanel, silentPanel } from "#simulator/panels/odd-panels.ts";
import type { PanelProgram, RunningPanel } from "#simulator/panels/panel.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { recordOf, TwoHosts } from "./two-hosts.ts";

async function scene<Running extends RunningPanel>(program: PanelProgram<Running>) {
  const world = new TwoHosts();
  const { network } = world.network.host("panel");
  const host = { name: "p", network, clock: world.clock, random: new SeededRandom(7), seed: 7, address: "0.0.0.0" };
  const panel = await program.start(host);
  const outcome = await world.dials(panel.port);
  if (!outcome.ok) throw new Error(outcome.detail);
  return { world, panel, connection: outcome.connection, [Symbol.dispose]: () => world.clock.stop() };
}

describe("a panel that", () => {
  it("echoes gives back every byte and the end of stream", async () => {
    using place = await scene(echoPanel());
    const record = recordOf(place.connection);
    const sent = Buffer.from(patternBytes(0, 300_000)).toString("latin1");
    place.connection.stream.end(Buffer.from(sent, "latin1"));
    await place.world.clock.advance(1000);
    expect(record.text === sent).toBe(true);
    expect(record.events).toEqual(["end", "close"]);
    expect(place.panel.connections).toBe(0);
  });

  it("is a source streams its bytes and ends, however slowly they are taken", async () => {
    using place = await scene(sourcePanel({ bytes: 500_000 }));
    await place.world.clock.advance(5000);
    const record = recordOf(place.connection);
    await place.world.clock.advance(1000);
    expect(record.text === Buffer.from(patternBytes(0, 500_000)).toString("latin1")).toBe(true);
    expect(record.events).toEqual(["end"]);
  });

  it("is a source that resets gives its bytes first", async () => {
    using place = await scene(sourcePanel({ bytes: 100_000, afterwards: "reset" }));
    const record = recordOf(place.connection);
    await place.world.clock.advance(1000);
    expect(record.text).toHaveLength(100_000);
    expect(record.events).toEqual(["error ECONNRESET", "close"]);
  });

  it("is a sink counts and hashes what it gets, at its own speed", async () => {
    using place = await scene(sinkPanel({ readBytes: 1000, everyMs: 100 }));
    const sent = patternBytes(0, 20_000);
    place.connection.stream.resume();
    place.connection.stream.end(sent);
    await place.world.clock.advance(1050);
    expect(place.panel.bytesReceived).toBe(11_000);
    await place.world.clock.advance(2000);
    expect(place.panel.bytesReceived).toBe(20_000);
    expect(place.panel.digest).toBe(createHash("sha256").update(sent).digest("hex"));
    expect(place.world.network.openConnections()).toEqual([]);
    expect(place.world.clock.pending()).toEqual([]);
  });

  it("is a sink that is paused takes nothing until it goes on", async () => {
    using place = await scene(sinkPanel());
    place.panel.paused = true;
    place.connection.stream.write(new Uint8Array(400_000));
    await place.world.clock.advance(10_000);
    expect(place.panel.bytesReceived).toBe(0);
    expect(place.connection.heldBytes()).toBeGreaterThan(0);
    place.panel.paused = false;
    await place.world.clock.advance(1000);
    expect(place.panel.bytesReceived).toBe(400_000);
  });

  it("is a web server answers as one and hangs up, asked or not", async () => {
    using place = await scene(httpPanel());
    const record = recordOf(place.connection);
    await place.world.clock.advance(600);
    expect(record.text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(record.events).toEqual(["end"]);
  });

  it("is silent accepts and says nothing", async () => {
    using place = await scene(silentPanel());
    const record = recordOf(place.connection);
    place.connection.stream.write("hello?");
    await place.world.clock.advance(60_000);
    expect(record).toEqual({ text: "", events: [] });
  });

  it("says garbage greets with bytes that are no text", async () => {
    using place = await scene(garbagePanel());
    const record = recordOf(place.connection);
    await place.world.clock.advance(100);
    expect(record.text).toHaveLength(256);
    expect(record.text.charCodeAt(0)).toBe(0xff);
  });

  it("cannot have its port says which one", async () => {
    using place = await scene(silentPanel());
    const { network } = place.world.network.host("panel");
    const host = { name: "q", network, clock: place.world.clock, random: new SeededRandom(7), seed: 7 };
    const second = silentPanel().start({ ...host, address: "0.0.0.0" });
    await expect(second).rejects.toThrow("Panel q cannot listen on 0.0.0.0:5900");
    await expect(second).rejects.toMatchObject({ code: "port-taken" });
  });
});
