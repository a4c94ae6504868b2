// The cloud on a clock that is not real: the libraries' timers are the global ones, and those are replaced.
import { duplexPair } from "node:stream";
import FakeTimers from "@sinonjs/fake-timers";
import { expect, test } from "vitest";
import { loopbackPeer, startBench } from "./cloud-bench.ts";

test("a client that is silent for one and a half keep-alive times is dropped, on virtual time", async () => {
  const timers = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
  try {
    await using bench = await startBench();
    const password = await bench.addDeviceLogin("gw-1");
    const [near, far] = duplexPair();
    bench.broker.handle(far, loopbackPeer);
    const closed = new Promise<void>((resolve) => far.once("close", () => resolve()));
    near.write(connectPacket({ clientId: "gw-1", user: "t1000/device_gw-1", password, keepAliveSeconds: 10 }));
    // MQTT 3.1.1 section 3.2: CONNACK, accepted.
    expect(await new Promise((resolve) => near.once("data", resolve))).toEqual(Buffer.from([0x20, 2, 0, 0]));
    timers.tick(15_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(far.destroyed).toBe(false);
    timers.tick(2);
    await closed;
  } finally {
    timers.uninstall();
  }
});

test("a connection without a CONNECT is dropped after thirty seconds, and a stopped broker leaves no timer", async () => {
  const timers = FakeTimers.install({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
  try {
    const bench = await startBench();
    const [near, far] = duplexPair();
    bench.broker.handle(far, loopbackPeer);
    const closed = new Promise<void>((resolve) => far.once("close", () => resolve()));
    timers.tick(30_000);
    await closed;
    near.destroy();
    await bench[Symbol.asyncDispose]();
    expect(timers.countTimers()).toBe(0);
  } finally {
    timers.uninstall();
  }
});

/** MQTT 3.1.1 section 3.1, by hand: clean session, user and password. */
function connectPacket(options: {
  clientId: string;
  user: string;
  password: string;
  keepAliveSeconds: number;
}): Buffer {
  const text = (value: string) => Buffer.from([0, value.length, ...Buffer.from(value)]);
  const header = Buffer.from([0, 4, ...Buffer.from("MQTT"), 4, 0xc2, 0, options.keepAliveSeconds]);
  const body = Buffer.concat([header, text(options.clientId), text(options.user), text(options.password)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}
