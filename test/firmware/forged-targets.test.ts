// A hostile cloud asks for what no gateway may open: each is refused, and not one socket is dialled for it, not even to the cloud.
import { afterEach, expect, test, vi } from "vitest";
import { usualSettings } from "#simulator/gateway/serial-device.ts";
import { SmallSite } from "./small-site.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Names that the site's name servers know; a name that changes its answer has several, the last again and again. */
const names: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "metadata.example": [["169.254.169.254"]],
  "rebinding.example": [["10.20.0.9"], ["192.168.10.11"]],
  "loopback.example": [["127.0.0.1"]],
  "gateway.example": [["192.168.10.1"]],
  "both.example": [["169.254.169.254", "127.0.0.1"]],
  "mapped.example": [["::ffff:169.254.169.254"]],
  "xn--metadata-cva.example": [["169.254.169.254"]],
  "empty.example": [[]],
  "press9.serial.internal": [["192.168.10.11"]],
  "serial.internal": [["192.168.10.11"]],
  "x.press4.serial.internal": [["192.168.10.11"]],
};

interface Forged {
  readonly what: string;
  readonly host: unknown;
  readonly port?: unknown;
  readonly word?: string;
}

const refused: readonly Forged[] = [
  { what: "loopback", host: "127.0.0.1", port: 80 },
  { what: "loopback, short", host: "127.1", port: 80 },
  { what: "loopback, in hexadecimal", host: "0x7f.1", port: 80 },
  { what: "loopback, in octal", host: "0177.0.0.1", port: 80 },
  { what: "loopback, as one number", host: "2130706433", port: 80 },
  { what: "loopback, with a circled digit", host: "①27.0.0.1", port: 80 },
  { what: "loopback, full width", host: "１２７.0.0.1", port: 80 },
  { what: "loopback, with ideographic dots", host: "127。0。0。1", port: 80 },
  { what: "another address of loopback", host: "127.9.9.9", port: 80 },
  { what: "loopback by name", host: "localhost", port: 80 },
  { what: "IPv6 loopback", host: "::1", port: 80 },
  { what: "IPv6 loopback in brackets", host: "[::1]", port: 80 },
  { what: "loopback mapped into IPv6", host: "::ffff:127.0.0.1", port: 80 },
  { what: "loopback mapped, in hexadecimal", host: "::ffff:7f00:1", port: 80 },
  { what: "loopback behind NAT64", host: "64:ff9b::7f00:1", port: 80 },
  { what: "loopback behind 6to4", host: "2002:7f00:1::", port: 80 },
  { what: "the unspecified address", host: "0.0.0.0" },
  { what: "the unspecified address as a zero", host: "0" },
  { what: "the unspecified IPv6 address", host: "::" },
  { what: "a metadata service", host: "169.254.169.254", port: 80 },
  { what: "a metadata service as one number", host: "2852039166", port: 80 },
  { what: "a metadata service in hexadecimal", host: "0xa9fea9fe", port: 80 },
  { what: "a metadata service of IPv6", host: "fd00:ec2::254", port: 80 },
  { what: "a metadata service mapped into IPv6", host: "::ffff:169.254.169.254", port: 80 },
  { what: "link-local with an interface", host: "fe80::1%eth1" },
  { what: "link-local with the interface in percent form", host: "fe80::1%25eth1" },
  { what: "an interface on a loopback address", host: "::1%lo", port: 80 },
  { what: "multicast", host: "224.0.0.1" },
  { what: "the LAN's broadcast", host: "192.168.10.255" },
  { what: "everybody's broadcast", host: "255.255.255.255" },
  { what: "the gateway's own LAN address on a port of its own", host: "192.168.10.1", port: 8080 },
  { what: "the gateway's own outer address", host: "10.20.0.2", port: 8443 },
  { what: "a port on which the gateway listens", host: "192.168.10.1", port: 9464 },
  { what: "a neighbour on the outer network", host: "10.20.0.9" },
  { what: "the internet", host: "203.0.113.30" },
  { what: "a network that is not attached", host: "192.168.11.11" },
  { what: "a name that is a metadata service", host: "metadata.example", port: 80 },
  { what: "a name of an IDN that is one", host: "xn--metadata-cva.example", port: 80 },
  { what: "a name that first answers with what is refused", host: "rebinding.example" },
  { what: "a name that is loopback", host: "loopback.example", port: 80 },
  { what: "a name that is the gateway", host: "gateway.example", port: 9464 },
  { what: "a name whose addresses are all refused", host: "both.example", port: 80 },
  { what: "a name with an address mapped into IPv6", host: "mapped.example", port: 80 },
  { what: "a name without an address", host: "empty.example" },
  { what: "a serial console that is not configured", host: "press9.serial.internal" },
  { what: "a serial console without a name", host: "serial.internal" },
  { what: "a name below a serial console", host: "x.press4.serial.internal" },
  { what: "a serial console in full-width letters", host: "press4.ｓｅｒｉａｌ.internal" },
  { what: "a serial console's name with a path", host: "../press4.serial.internal" },
  { what: "a device in place of a name", host: "/dev/ttyAMA0", word: "panel.name-unknown" },
  { what: "a name that nobody knows", host: "no-such.example", word: "panel.name-unknown" },
  { what: "a NUL behind an address", host: "192.168.10.11\u0000.example", word: "panel.name-unknown" },
  { what: "a NUL before one", host: "\u0000192.168.10.11", word: "panel.name-unknown" },
  { what: "percent signs for letters", host: "127%2e0%2e0%2e1", port: 80, word: "panel.name-unknown" },
  { what: "an address with user and path", host: "a@192.168.10.11/x", word: "panel.name-unknown" },
  { what: "an address with a port", host: "192.168.10.11:22", word: "panel.name-unknown" },
  { what: "brackets within brackets", host: "[[::1]]", port: 80 },
  { what: "an address with a blank", host: "192.168.10.11 ", word: "panel.name-unknown" },
  { what: "lines of a header", host: "192.168.10.11\r\nHost: x", word: "panel.name-unknown" },
  { what: "as many letters as a name may have", host: `${"a".repeat(249)}.com`, word: "panel.name-unknown" },
];

/** Never become a tunnel: the operation itself cannot be read. */
const malformed: readonly Forged[] = [
  { what: "port 0", host: "192.168.10.11", port: 0 },
  { what: "port 65536", host: "192.168.10.11", port: 65_536 },
  { what: "a negative port", host: "192.168.10.11", port: -1 },
  { what: "half a port", host: "192.168.10.11", port: 22.5 },
  { what: "a port in words", host: "192.168.10.11", port: "ssh" },
  { what: "a port in hexadecimal", host: "192.168.10.11", port: "0x16" },
  { what: "two ports", host: "192.168.10.11", port: "22,23" },
  { what: "no host", host: "" },
  { what: "a host of 254 characters", host: "a".repeat(254) },
  { what: "a list of hosts", host: ["192.168.10.11"] },
  { what: "a number for a host", host: 3_232_238_091 },
];

test("there are at least 40 of them", () => {
  expect(refused.length + malformed.length).toBeGreaterThanOrEqual(40);
});

async function hostileSite() {
  const serialConsoles = [{ name: "press4", port: "/dev/ttyUSB0", settings: usualSettings }];
  const site = await SmallSite.start({ gateway: { serialConsoles }, tunnels: { max: 256 } });
  const gateway = site.network.host("gateway");
  await gateway.listen({ address: "0.0.0.0", port: 9464 }, ({ stream }) => stream.destroy());
  await site.panelListens();
  await site.panelListens(22);
  const dial = vi.spyOn(gateway, "dial");
  const dialTls = vi.spyOn(gateway, "dialTls");
  const systemResolve = gateway.resolve.bind(gateway);
  const asked = new Map<string, number>();
  const resolve = vi.spyOn(gateway, "resolve").mockImplementation(async (name, options) => {
    const answers = names[name];
    if (answers === undefined) return systemResolve(name, options);
    const nth = asked.get(name) ?? 0;
    asked.set(name, nth + 1);
    return { ok: true, addresses: answers[Math.min(nth, answers.length - 1)] ?? [] };
  });
  const request = (id: string, { host, port = 5900 }: Forged): void => {
    const fragment = { hostname: host, port, connectionKey: `key-${id}` };
    const operation = { id, deviceId: "100", status: "PENDING", c8y_RemoteAccessConnect: fragment };
    site.cloud.publishTo("gw-1", "devicecontrol/notifications", JSON.stringify(operation));
  };
  const sockets = () => site.network.openConnections().filter((name) => name.includes("gateway"));
  return { site, request, dial, dialTls, resolve, sockets };
}

test.each(refused)("$what is refused and nothing is dialled", async ({ word = "policy.refused", ...forged }) => {
  const { site, request, dial, dialTls, resolve, sockets } = await hostileSite();
  await using _site = site;
  const before = sockets();
  request("1", forged);
  const report = await site.until("FAILED", () => site.cloud.reports.find((each) => each.startsWith("505,1")));
  expect(report).toContain(word);
  await site.clock.advance(15_000);
  expect(dial.mock.calls).toEqual([]);
  expect(dialTls.mock.calls).toEqual([]);
  expect(site.cloud.upgrades).toEqual([]);
  expect(sockets()).toEqual(before);
  expect(site.panelConnections).toEqual([]);
  expect(site.events("tunnel.closed")).toMatchObject([{ reason: word, wasOpen: false }]);
  // A name of a serial console is nobody's to be asked.
  const asked = resolve.mock.calls.map(([name]) => name).filter((name) => /serial/i.test(name.normalize("NFKC")));
  expect(asked).toEqual([]);
});

test.each(malformed)("$what is not even a request, and the gateway stays up", async (forged) => {
  const { site, request, dial, dialTls } = await hostileSite();
  await using _site = site;
  request("1", forged);
  await site.clock.advance(15_000);
  expect(dial.mock.calls).toEqual([]);
  expect(dialTls.mock.calls).toEqual([]);
  expect(site.events("tunnel.requested")).toEqual([]);
  expect(site.gateway.status().connectivity).toBe("online");
  // One that is in order is served after it.
  site.requests("2");
  await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,2"));
});

test("all of them at once are refused, and the one in order among them is served", async () => {
  const { site, request, dial } = await hostileSite();
  await using _site = site;
  for (const [index, forged] of [...refused, ...malformed].entries()) request(`${100 + index}`, forged);
  site.requests("1");
  await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"), 120_000);
  await site.clock.advance(60_000);
  const dialled = dial.mock.calls.map(([{ address, port }]) => `${address}:${port}`);
  expect(dialled.toSorted()).toEqual(["192.168.10.11:5900", "198.51.100.20:8443"]);
  expect(site.gateway.status()).toMatchObject({ connectivity: "online", tunnels: [{ operation: "1" }] });
});
