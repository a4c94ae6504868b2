// The legs of a tunnel as an actor: what is left when they break by a bug of ours.
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createActor } from "xstate";
import type { TunnelMeter } from "#firmware/tunnel/leg-facts.ts";
import { tunnelLegs } from "#firmware/tunnel/tunnel.actor.ts";
import type { LegsDeps, LegsInput } from "#firmware/tunnel/tunnel-legs.ts";

test("legs that break while they obey reset what stands and leave no meter", async () => {
  let resets = 0;
  const stream = new PassThrough();
  stream.destroy = () => {
    throw new Error("bug");
  };
  const never = () => new Promise(() => {});
  const network = {
    dial: async () => ({ ok: true, connection: { stream, reset: () => resets++ } }),
    dialTls: never,
    resolve: never,
  };
  const clock = { monotonicMs: () => 0 };
  const meters = new Map<string, TunnelMeter>();
  const settings = { dialTimeoutMs: 1_000 };
  const deps = { hardware: { network, clock }, cloud: { host: "cloud.example" }, settings, meters };
  const input = { operation: "1", request: { connectionKey: "k" }, target: { address: "192.168.10.11", port: 5900 } };
  const actor = createActor(tunnelLegs(deps as unknown as LegsDeps), { input: input as unknown as LegsInput });
  const errors: unknown[] = [];
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  await new Promise((resolve) => setImmediate(resolve));
  expect(meters.size).toBe(1);
  actor.send({ type: "legs.finish", reason: "panel.refused" });
  expect(errors).toEqual([new Error("bug")]);
  expect(resets).toBe(1);
  expect(meters.size).toBe(0);
});
