// Agents that still speak MQTT 3.1 (protocol.md 1.3): their identifiers are short, ours are not theirs to pay for.
import { duplexPair } from "node:stream";
import { MqttClient } from "mqtt";
import { expect, test } from "vitest";
import { loopbackPeer, startBench } from "./cloud-bench.ts";

test.each(["gw-1", "a".repeat(23), "b".repeat(60)])("an MQTT 3.1 client called %s comes in", async (externalId) => {
  await using bench = await startBench();
  const password = await bench.addDeviceLogin(externalId);
  const [near, far] = duplexPair();
  far.once("close", () => near.destroy());
  bench.broker.handle(far, loopbackPeer);
  const mqtt = new MqttClient(() => near, {
    clientId: externalId,
    username: `t1000/device_${externalId}`,
    password,
    protocolId: "MQIsdp",
    protocolVersion: 3,
    reconnectPeriod: 0,
    keepalive: 0,
  });
  const outcome = await new Promise<string>((resolve) => {
    mqtt.once("connect", () => resolve("connected"));
    mqtt.once("error", (error) => resolve(error.message));
    mqtt.once("close", () => resolve("closed"));
  });
  expect(outcome).toBe("connected");
  await mqtt.endAsync(true);
});
