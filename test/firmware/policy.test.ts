// Which targets the gateway allows: every odd spelling as a literal, through the real resolver, and each rule at its borders.
import { describe, expect, test } from "vitest";
import { type AllowEntry, defaultAllow, parseAllowEntry } from "#firmware/tunnel/allow-entry.ts";
import { judgeTarget } from "#firmware/tunnel/policy.ts";
import { checkTarget } from "#firmware/tunnel/target-check.ts";
import { resolveName } from "#hardware/linux/resolve.ts";
import type { NetworkInterface } from "#hardware/ports.ts";

const interfaces: readonly NetworkInterface[] = [
  {
    name: "lo",
    isLoopback: true,
    hasDefaultRoute: false,
    addresses: [
      { address: "127.0.0.1", family: 4, prefixLength: 8 },
      { address: "::1", family: 6, prefixLength: 128 },
    ],
  },
  {
    name: "eth0",
    isLoopback: false,
    hasDefaultRoute: true,
    addresses: [
      { address: "10.20.0.2", family: 4, prefixLength: 24 },
      { address: "fd20::2", family: 6, prefixLength: 64 },
      { address: "fe80::1", family: 6, prefixLength: 64 },
    ],
  },
  {
    name: "eth1",
    isLoopback: false,
    hasDefaultRoute: false,
    addresses: [
      { address: "192.168.10.1", family: 4, prefixLength: 24 },
      { address: "fd10::1", family: 6, prefixLength: 64 },
      { address: "203.0.113.1", family: 4, prefixLength: 24 },
    ],
  },
  {
    name: "vpn",
    isLoopback: false,
    hasDefaultRoute: false,
    addresses: [{ address: "10.9.0.1", family: 4, prefixLength: 32 }],
  },
];

function entries(texts: readonly string[]): AllowEntry[] {
  return texts.map((text) => {
    const entry = parseAllowEntry(text);
    if ("problem" in entry) throw new Error(`${text} ${entry.problem}`);
    return entry;
  });
}

function isAllowed(address: string, port: number, allow: readonly AllowEntry[], ownPorts: readonly number[] = []) {
  return judgeTarget({ address, port }, { allow, interfaces, ownPorts }).isAllowed;
}

/** As the gateway does it: resolved by the system, judged by the default policy and one that names everything. */
async function verdict(hostname: string, port: number, allow: readonly AllowEntry[]): Promise<string> {
  const network = {
    resolve: resolveName,
    interfaces: async () => interfaces,
    listeningPorts: () => [],
    dial: () => Promise.reject(new Error("a check dials nothing")),
    dialTls: () => Promise.reject(new Error("a check dials nothing")),
    startTls: () => Promise.reject(new Error("a check dials nothing")),
    listen: () => Promise.reject(new Error("a check listens to nothing")),
  };
  const cloud = {
    host: "198.51.100.20",
    httpsPort: 443,
    mqttHost: "198.51.100.20",
    mqttPort: 8883,
    mqttOver: "auto" as const,
    authorities: [],
    url: "",
  };
  const settings = {
    max: 1,
    allow,
    dialTimeoutMs: 5_000,
    lostAfterMs: 1,
    stalledAfterMs: 1,
    drainMs: 1,
    hotCelsius: 80,
  };
  const request = { hostname, port, connectionKey: "k" };
  const outcome = await checkTarget({ hardware: { network }, cloud, settings }, request, new AbortController().signal);
  if (outcome.kind !== "allowed") return outcome.reason;
  return "address" in outcome.target ? `allowed ${outcome.target.address}` : `console ${outcome.target.console}`;
}

const everything = entries(["0.0.0.0/0", "::/0", "127.0.0.0/8:5900"]);

describe("odd spellings", () => {
  test.each([
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "2130706433",
    "①27.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "127.0.0.1",
    "127.9.9.9",
    "localhost",
    "::1",
    "[::1]",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:7f00:0001::5",
  ])("%s is the gateway's loopback: self's ports only", async (hostname) => {
    expect(await verdict(hostname, 80, defaultAllow)).toBe("policy.refused");
    expect(await verdict(hostname, 5901, everything)).toBe("policy.refused");
    expect(await verdict(hostname, 22, defaultAllow)).toMatch(/^allowed /);
  });

  test.each([
    "0.0.0.0",
    "0",
    "0x0",
    "0.1.2.3",
    "::",
    "::ffff:0.0.0.0",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "169.254.1.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:42::42",
    "224.0.0.1",
    "239.255.255.255",
    "ff02::1",
    "::ffff:224.0.0.1",
    "255.255.255.255",
    "192.168.10.255",
    "::ffff:192.168.10.255",
    "64:ff9b::ffff:ffff",
    // 169.254.169.254 as RFC 6052 writes it below a prefix of 48 bits, with 8.8.8.8 where one of 96 bits has its address.
    "64:ff9b:1:a9fe:a9:fe00:808:808",
  ])("%s is never allowed, whatever the entries say", async (hostname) => {
    const named = [
      ...everything,
      ...entries(["169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "192.168.10.0/24", "0.0.0.0"]),
    ];
    expect(await verdict(hostname, 22, named)).toBe("policy.refused");
    expect(await verdict(hostname, 5900, defaultAllow)).toBe("policy.refused");
  });

  test.each(["", " ", "a b", "no such", "999.1.1.1.1", "-", "host/name", "user@10.1.1.1"])(
    "%j is no name that resolves",
    async (hostname) => {
      expect(await verdict(hostname, 22, everything)).toBe("panel.name-unknown");
    },
  );
});

describe("private", () => {
  test.each([
    { address: "192.168.10.11", port: 5900, is: true, why: "an attached network without the default route" },
    { address: "192.168.10.11", port: 80, is: true, why: "any port" },
    { address: "::ffff:192.168.10.11", port: 80, is: true, why: "the IPv4 address inside counts" },
    { address: "fd10::11", port: 5900, is: true, why: "a unique-local address of an attached network" },
    { address: "192.168.11.11", port: 5900, is: false, why: "not attached" },
    { address: "64:ff9b::c0a8:a0b", port: 5900, is: false, why: "the way to a translator is the default route" },
    { address: "64:ff9b:1::c0a8:a0b", port: 5900, is: false, why: "the way to a translator is the default route" },
    { address: "2002:c0a8:a0b::1", port: 5900, is: false, why: "the way to a 6to4 relay is the default route" },
    { address: "10.20.0.9", port: 5900, is: false, why: "the default route's network" },
    { address: "fd20::9", port: 5900, is: false, why: "the default route's network" },
    { address: "203.0.113.9", port: 5900, is: false, why: "attached, but not a private address" },
    { address: "10.9.0.2", port: 5900, is: false, why: "a point-to-point address is no network" },
    { address: "8.8.8.8", port: 5900, is: false, why: "the internet" },
    { address: "172.32.0.1", port: 5900, is: false, why: "just outside 172.16.0.0/12" },
    { address: "192.168.10.1", port: 5900, is: true, why: "its own LAN address is self on 5900" },
    { address: "192.168.10.1", port: 80, is: false, why: "its own LAN address counts as loopback" },
    { address: "fd10::1", port: 80, is: false, why: "its own LAN address counts as loopback" },
    { address: "10.20.0.2", port: 23, is: true, why: "its own outer address is self too" },
    { address: "10.20.0.2", port: 8080, is: false, why: "its own outer address counts as loopback" },
  ])("$address:$port is allowed by default: $is ($why)", ({ address, port, is }) => {
    expect(isAllowed(address, port, defaultAllow)).toBe(is);
  });

  test("a 6to4 interface attaches no IPv4 network", () => {
    const tunnel = {
      name: "tun6to4",
      isLoopback: false,
      hasDefaultRoute: false,
      addresses: [{ address: "2002:ac10:101::1", family: 6 as const, prefixLength: 16 }],
    };
    const facts = { allow: defaultAllow, interfaces: [...interfaces, tunnel], ownPorts: [] };
    expect(judgeTarget({ address: "172.16.9.9", port: 5900 }, facts).isAllowed).toBe(false);
    expect(judgeTarget({ address: "172.16.1.1", port: 80 }, facts).isAllowed).toBe(false);
    expect(judgeTarget({ address: "172.16.1.1", port: 22 }, facts).isAllowed).toBe(true);
  });

  test("all of a network on the loopback interface is the gateway itself", () => {
    const doubled = interfaces.map((each) =>
      each.isLoopback
        ? { ...each, addresses: [...each.addresses, { address: "10.55.0.1", family: 4 as const, prefixLength: 24 }] }
        : each,
    );
    const facts = { allow: entries(["10.55.0.0/24"]), interfaces: doubled, ownPorts: [] };
    expect(judgeTarget({ address: "10.55.0.77", port: 8080 }, facts).isAllowed).toBe(false);
  });

  test("an interface that shares the network with the default route's makes it not private", () => {
    const doubled = interfaces.map((each) => (each.name === "eth1" ? { ...each, hasDefaultRoute: true } : each));
    const both = [...interfaces, ...doubled];
    const facts = { allow: defaultAllow, interfaces: both, ownPorts: [] };
    expect(judgeTarget({ address: "192.168.10.11", port: 5900 }, facts).isAllowed).toBe(false);
  });
});

describe("entries", () => {
  test.each([
    { entry: "10.1.0.0/16:5900-5999", address: "10.1.2.3", port: 5900, is: true },
    { entry: "10.1.0.0/16:5900-5999", address: "10.1.2.3", port: 5999, is: true },
    { entry: "10.1.0.0/16:5900-5999", address: "10.1.2.3", port: 5899, is: false },
    { entry: "10.1.0.0/16:5900-5999", address: "10.1.2.3", port: 6000, is: false },
    { entry: "10.1.0.0/16:5900-5999", address: "10.2.0.0", port: 5900, is: false },
    { entry: "10.1.0.0/16:5900-5999", address: "::ffff:10.1.2.3", port: 5900, is: true },
    { entry: "8.8.8.8", address: "8.8.8.8", port: 53, is: true },
    { entry: "8.8.8.8", address: "8.8.8.9", port: 53, is: false },
    { entry: "127.0.0.1:5951", address: "127.0.0.1", port: 5951, is: true },
    { entry: "127.0.0.1:5951", address: "127.0.0.1", port: 5952, is: false },
    { entry: "127.0.0.1:5951", address: "127.0.0.2", port: 5951, is: false },
    { entry: "127.0.0.1:5951", address: "2002:7f00:1::", port: 5951, is: true },
    { entry: "127.0.0.0/8:5951", address: "127.0.0.2", port: 5951, is: true },
    { entry: "127.0.0.1:5951", address: "192.168.10.1", port: 5951, is: false },
    { entry: "192.168.10.1:8080", address: "192.168.10.1", port: 8080, is: true },
    { entry: "192.168.10.0/24", address: "192.168.10.1", port: 8080, is: false },
    { entry: "0.0.0.0/0", address: "127.0.0.1", port: 22, is: false },
    { entry: "0.0.0.0/0", address: "8.8.8.8", port: 22, is: true },
    { entry: "0.0.0.0/0", address: "2001:db8::1", port: 22, is: false },
    { entry: "[fd00:1::/32]:5900", address: "fd00:1:2::3", port: 5900, is: true },
    { entry: "[fd00:1::/32]:5900", address: "fd00:1:2::3", port: 5901, is: false },
    { entry: "[::1]:8000-8001", address: "::1", port: 8001, is: true },
    { entry: "::/0", address: "::1", port: 8001, is: false },
  ])("$entry on $address:$port: $is", ({ entry, address, port, is }) => {
    expect(isAllowed(address, port, entries([entry]))).toBe(is);
  });

  test.each(["127.0.0.1", "::1", "192.168.10.1", "::ffff:10.20.0.2"])(
    "a port on which Postern listens is never allowed on %s",
    (address) => {
      const allow = [...defaultAllow, ...entries(["127.0.0.1", "::1", "192.168.10.1", "10.20.0.2"])];
      expect(isAllowed(address, 22, allow, [22, 8443])).toBe(false);
      expect(isAllowed(address, 8443, allow, [22, 8443])).toBe(false);
      expect(isAllowed(address, 8444, allow, [22, 8443])).toBe(true);
    },
  );

  test("a port on which Postern listens is free on other machines", () => {
    expect(isAllowed("192.168.10.11", 8443, defaultAllow, [8443])).toBe(true);
  });

  test("the cloud's ports are taken for Postern's own where the cloud's name leads to the gateway itself", async () => {
    const network = {
      resolve: async (name: string) =>
        name === "unknown"
          ? { ok: false as const, reason: "timeout" as const, detail: "" }
          : { ok: true as const, addresses: [name === "cloud.local" ? "192.168.10.1" : name] },
      interfaces: async () => interfaces,
      listeningPorts: () => [],
    } as unknown as Parameters<typeof checkTarget>[0]["hardware"]["network"];
    const ports = { httpsPort: 8443, mqttHost: "mqtt", mqttPort: 8883, mqttOver: "auto" as const };
    const cloud = { host: "cloud.local", ...ports, authorities: [], url: "" };
    const allow = entries(["127.0.0.1"]);
    const limits = { dialTimeoutMs: 5_000, lostAfterMs: 1, stalledAfterMs: 1, drainMs: 1, hotCelsius: 80 };
    const settings = { max: 1, allow, ...limits };
    const check = async (port: number, host: string): Promise<string> => {
      const deps = { hardware: { network }, cloud: { ...cloud, host }, settings };
      const request = { hostname: "127.0.0.1", port, connectionKey: "k" };
      return (await checkTarget(deps, request, new AbortController().signal)).kind;
    };
    expect(await check(8443, "cloud.local")).toBe("refused");
    expect(await check(8883, "cloud.local")).toBe("refused");
    expect(await check(8444, "cloud.local")).toBe("allowed");
    expect(await check(8443, "198.51.100.20")).toBe("allowed");
    // Where it leads cannot be told now, so it may lead here.
    expect(await check(8443, "unknown")).toBe("refused");
    expect(await check(8444, "unknown")).toBe("allowed");
  });
});
