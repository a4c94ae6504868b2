// A tunnel whose machine itself throws, by a bug of ours: nothing of it stays, and everybody hears of its end once.
import { afterEach, expect, test, vi } from "vitest";
import { closedEvent, openedEvent } from "#firmware/tunnel/tunnel-words.ts";
import { panelAddress, SmallSite } from "./small-site.ts";

/** While set, the tunnel machine throws when it comes to note its cause. */
let bug: Error | undefined;

vi.mock("#firmware/tunnel/tunnel.machine.ts", async (load) => {
  const original = await load<typeof import("#firmware/tunnel/tunnel.machine.ts")>();
  const { assign } = await import("xstate");
  const actions = {
    rememberCause: assign((_: unknown, cause: { reason: never; detail: string }) => {
      if (bug !== undefined) throw bug;
      return { reason: cause.reason, detail: cause.detail };
    }),
  };
  const provide = original.tunnelMachine.provide.bind(original.tunnelMachine);
  return {
    ...original,
    tunnelMachine: Object.assign(original.tunnelMachine, {
      provide: (given: { actions?: object }) => provide({ ...given, actions } as never),
    }),
  };
});

afterEach(() => {
  bug = undefined;
});

const zero = { bytesUp: 0, bytesDown: 0, durationMs: 0 };

test("one that breaks while it stands is logged once, ends both legs and is told in an event", async () => {
  await using site = await SmallSite.start();
  await site.panelListens(5900, ({ stream }) => stream.write("four"));
  site.requests("1");
  await site.until("four bytes down", () => site.gateway.status().tunnels[0]?.bytesDown === 4);
  const ends: string[] = [];
  site.panelConnections[0]?.stream.on("error", (error) => ends.push(error.message));
  site.cloud.webSockets[0]?.on("close", () => ends.push("device websocket"));
  bug = new Error("bug");
  site.cloud.webSockets[0]?.close(4001, "operator.closed");
  await site.until("the end", () => site.gateway.status().tunnels.length === 0);
  await site.clock.advance(5_000);
  expect(site.events("internal.error")).toMatchObject([{ where: "tunnel", what: "bug" }]);
  expect(site.events("tunnel.closed")).toMatchObject([
    { operation: "1", reason: "internal.error", wasOpen: true, bytesDown: 4, host: panelAddress, port: 5900 },
  ]);
  const target = { host: panelAddress, port: 5900 };
  const event = { ...zero, type: "tunnel.closed", operation: "1", reason: "internal.error", detail: "" } as const;
  const durationMs = Number(site.events("tunnel.closed")[0]?.["durationMs"]);
  const closed = closedEvent(target, { ...event, wasOpen: true, bytesDown: 4, durationMs });
  expect(site.cloud.reports).toEqual(["504,1", "506,1", openedEvent("1", target).text, closed.text]);
  expect(site.panelConnections[0]?.stream.destroyed).toBe(true);
  expect(ends).toHaveLength(2);
  expect(site.leftovers().filter((each) => each.includes("panel") || each.includes("8443"))).toEqual([]);
});

test("one that breaks while it is being opened fails its operation and is logged once", async () => {
  await using site = await SmallSite.start();
  site.cloud.refuseUpgradeWith = "silence";
  await site.panelListens();
  bug = new Error("bug");
  site.requests("1");
  await site.until("the end", () => site.events("tunnel.closed").length > 0);
  await site.clock.advance(5_000);
  expect(site.events("internal.error")).toMatchObject([{ where: "tunnel", what: "bug" }]);
  expect(site.events("tunnel.closed")).toMatchObject([{ operation: "1", reason: "internal.error", wasOpen: false }]);
  expect(site.cloud.reports).toEqual([
    "504,1",
    expect.stringMatching(/^505,1,"?internal\.error: .*192\.168\.10\.11:5900/),
  ]);
  expect(site.panelConnections[0]?.stream.destroyed).toBe(true);
});

test("a gateway that is stopped still leaves after a tunnel broke meanwhile", async () => {
  await using site = await SmallSite.start();
  await site.panelListens();
  site.requests("1");
  await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
  bug = new Error("bug");
  await site.clock.until(site.gateway.stop(), { what: "the gateway to stop" });
  expect(await site.gateway.ended).toBe("stopped");
  expect(site.events("tunnel.closed")).toMatchObject([{ operation: "1", reason: "internal.error" }]);
  await site.clock.advance(1_000);
  expect(site.leftovers()).toEqual([]);
});
