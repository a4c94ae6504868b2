// Forged targets against the real machine: its own resolver, interfaces and sockets, with ears on the ports that are asked for.
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createActor } from "xstate";
import { completeConfig } from "#firmware/config/defaults.ts";
import { SerialConsoles } from "#firmware/serial-console/serial-consoles.ts";
import type { TunnelMeter } from "#firmware/tunnel/leg-facts.ts";
import { targetCheck, tunnelLegs } from "#firmware/tunnel/tunnel.actor.ts";
import { tunnelMachine } from "#firmware/tunnel/tunnel.machine.ts";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { openLinuxSerialPorts } from "#hardware/linux/serial-ports.ts";
import type { Hardware } from "#hardware/ports.ts";

const spellings = [
  "127.0.0.1",
  "127.1",
  "127.0.1",
  "0x7f.1",
  "0x7f000001",
  "0177.0.0.1",
  "2130706433",
  "①27.0.0.1",
  "１２７.0.0.1",
  "127。0。0。1",
  "127．0．0．1",
  "127.9.9.9",
  "localhost",
  "LOCALHOST",
  "localhost.",
  "::1",
  "[::1]",
  "0:0:0:0:0:0:0:1",
  "::1%lo",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "0.0.0.0",
  "0",
  "0x0",
  "::",
  "::ffff:0.0.0.0",
  "169.254.169.254",
  "2852039166",
  "0xa9fea9fe",
  "fd00:ec2::254",
  "fe80::1%lo",
  "fe80::1%25lo",
  "224.0.0.1",
  "255.255.255.255",
  "ff02::1%lo",
  "127.0.0.1\u0000",
  "\u0000",
  "127%2e0%2e0%2e1",
  "127.0.0.1:22",
  "[[::1]]",
  " 127.0.0.1",
  "127.0.0.1\r\n",
  "a@127.0.0.1",
  "127.0.0.1/x",
  "-",
  ".",
  "..",
  `${"1.".repeat(126)}1`,
  "serial.internal",
  "x.serial.internal",
  "x．serial．internal",
];

/** Ears on loopback, IPv4 and IPv6, on one port. */
const ears: Server[] = [];
let heard = 0;
let port = 0;

beforeAll(async () => {
  const listen = (host: string, at: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        heard += 1;
        socket.destroy();
      });
      server.once("error", reject);
      server.listen(at, host, () => resolve(server));
    });
  const first = await listen("0.0.0.0", 0);
  ears.push(first);
  port = (first.address() as AddressInfo).port;
  // A machine without IPv6 has nothing to hear there.
  await listen("::1", port).then(
    (server) => ears.push(server),
    () => undefined,
  );
});

afterAll(async () => {
  await Promise.all(ears.map((server) => new Promise((closed) => server.close(closed))));
});

test.each(spellings)("%j is refused, and no ear hears of it", async (hostname) => {
  const { config, hardware, dialled } = machine();
  const meters = new Map<string, TunnelMeter>();
  const authorization = { header: () => new Promise<never>(() => {}), refused: () => false };
  const consoles = new SerialConsoles(hardware, []);
  const { cloud, tunnels: settings } = config;
  const deps = { hardware, cloud, settings, meters, authorization, consoles };
  const facts: string[] = [];
  const tell = (name: string) => () => void facts.push(name);
  const provided = tunnelMachine.provide({
    actors: { targetCheck: targetCheck(deps), legs: tunnelLegs(deps) },
    actions: { tellOpened: tell("opened"), tellFailed: tell("failed"), tellClosed: tell("closed") },
  });
  const input = {
    operation: "1",
    request: { hostname, port, connectionKey: "k" },
    limits: { dialTimeoutMs: 5_000, drainMs: 1_000 },
  };
  const actor = createActor(provided, { input });
  await new Promise<void>((over) => {
    actor.subscribe({ complete: over });
    actor.start();
  });
  expect(facts).toEqual(["failed", "closed"]);
  expect(actor.getSnapshot().context.reason).toMatch(/^(policy\.refused|panel\.name-unknown)$/);
  expect(dialled).toEqual([]);
  expect(meters.size).toBe(0);
  expect(heard).toBe(0);
});

test("the ears hear, so that their silence means something", async () => {
  const outcome = await openLinuxNetwork().dial({ address: "127.0.0.1", port }, { timeoutMs: 5_000 });
  if (!outcome.ok) throw new Error(outcome.detail);
  await expect.poll(() => heard, { timeout: 5_000, interval: 5 }).toBe(1);
  outcome.connection.reset();
  heard = 0;
});

/** This machine, whose network also notes what it is asked to dial. */
function machine() {
  const network = openLinuxNetwork();
  const dialled: unknown[] = [];
  const noted: Hardware["network"] = {
    ...network,
    resolve: (name, options) => network.resolve(name, options),
    interfaces: () => network.interfaces(),
    listeningPorts: () => network.listeningPorts(),
    dial: (target, options) => {
      dialled.push(target);
      return network.dial(target, options);
    },
    dialTls: (target, options) => {
      dialled.push(target);
      return network.dialTls(target, options);
    },
  };
  const hardware: Hardware = {
    clock: linuxClock,
    random: linuxRandom,
    network: noted,
    storage: {
      read: async () => undefined,
      write: async () => undefined,
      remove: async () => undefined,
      list: async () => [],
    },
    identity: { serialNumber: "1", model: "test", revision: "1" },
    serialPorts: openLinuxSerialPorts(),
  };
  const config = completeConfig({
    cloud: { host: "198.51.100.20", httpsPort: 443, mqttHost: "198.51.100.20", mqttPort: 8883, url: "" },
    registration: { method: "bootstrap", user: "management/devicebootstrap", password: "p" },
  });
  return { config, hardware, dialled };
}
