// What Linux writes in /proc/net, as captured, and what the network port makes of it.
import { describe, expect, it } from "vitest";
import {
  connectionOfLine,
  connectionText,
  parseDefaultRoutes4,
  parseDefaultRoutes6,
  parseDeliveryLine,
  parseOwnAddresses4,
  parseOwnAddresses6,
  parseRouteGet,
  type SocketEnds,
} from "#hardware/linux/proc-net.ts";
import type { DeliveryState } from "#hardware/ports.ts";

// Captured on Linux 6.18, x86-64; columns as in net/ipv4/tcp_ipv4.c, get_tcp4_sock().
const tcp4 = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:A1B2 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1599 1 0000000000000000 100 0 0 10 0
   1: 0100007F:9C40 0100007F:A1B2 01 0027D1FE:00000000 01:00000014 0000000B     0        0 2087 3 0000000000000000 20 4 30 10 -1
   2: 0B0AA8C0:9C41 0B14A8C0:170C 01 00000005:00000000 04:00000090 00000000     0        7 2088 2 0000000000000000 20 4 30 10 -1
`;
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:9C42 00000000000000000000000001000000:A1B3 01 00000010:00000000 02:00000014 00000000     0        0 2089 2 0000000000000000 20 4 30 10 -1
   1: 000000FD00000000000000000A000000:9C43 B80D01200000000000000000010000FF:A1B3 01 00000000:00000000 00:00000000 00000000     0        0 2090 2 0000000000000000 20 4 30 10 -1
   2: 0000000000000000FFFF00000100007F:A1B4 0000000000000000FFFF00000100007F:9C44 01 00000007:00000000 01:00000014 00000000     0        0 2091 2 0000000000000000 20 4 30 10 -1
`;

const ends = (localAddress: string, localPort: number, remoteAddress: string, remotePort: number) => ({
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
});

function parseDelivery(table: string, connection: SocketEnds): DeliveryState | undefined {
  const line = table.split("\n").find((each) => connectionOfLine(each) === connectionText(connection));
  return line === undefined ? undefined : parseDeliveryLine(line);
}

describe("delivery in /proc/net/tcp and tcp6", () => {
  it.each([
    ["retransmits, in hexadecimal", tcp4, ends("127.0.0.1", 40_000, "127.0.0.1", 41_394), 0x27d1fe, 11],
    ["unanswered window probes", tcp4, ends("192.168.10.11", 40_001, "192.168.20.11", 5900), 5, 7],
    ["an IPv6 loopback connection", tcp6, ends("::1", 40_002, "::1", 41_395), 16, 0],
    ["other IPv6 addresses", tcp6, ends("fd00::a", 40_003, "2001:db8::ff00:1", 41_395), 0, 0],
    ["IPv4 inside IPv6", tcp6, ends("::ffff:127.0.0.1", 41_396, "::ffff:127.0.0.1", 40_004), 7, 0],
  ])("reads %s", (_what, table, connection, unacknowledgedBytes, retransmits) => {
    expect(parseDelivery(table, connection)).toEqual({ unacknowledgedBytes, retransmits });
  });

  it.each([
    ["another local port", ends("127.0.0.1", 40_009, "127.0.0.1", 41_394)],
    ["the opposite direction", ends("127.0.0.1", 41_394, "127.0.0.1", 40_000)],
    ["no address", ends("", 40_000, "127.0.0.1", 41_394)],
  ])("says that it does not know a connection with %s", (_what, connection) => {
    expect(parseDelivery(tcp4, connection)).toBeUndefined();
  });
});

describe("default routes", () => {
  it("finds the IPv4 one, not a network's and not one that is down or rejects", () => {
    const table = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
wlan0	00000000	010200C0	0002	0	0	0	00000000	0	0	0
eth1	00000000	00000000	0201	0	0	0	00000000	0	0	0
tun0	00000000	00000000	0001	0	0	0	00000080	0	0	0
`;
    expect(parseDefaultRoutes4(table)).toEqual(["eth0"]);
  });

  it("finds the IPv6 one, not the kernel's own rejecting route on lo", () => {
    const none = "00000000000000000000000000000000";
    const table = `fd000000000000000000000000000000 40 ${none} 00 ${none} 00000100 00000001 00000000 00000001     eth0
${none} 00 ${none} 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0
${none} 00 ${none} 00 ${none} ffffffff 00000001 00000000 00200200       lo
`;
    expect(parseDefaultRoutes6(table)).toEqual(["eth0"]);
  });

  it("finds macOS's", () => {
    const answer =
      "   route to: default\ndestination: default\n    gateway: 192.168.1.1\n  interface: en0\n      flags: <UP>\n";
    expect(parseRouteGet(answer)).toBe("en0");
    expect(parseRouteGet("route: writing to routing socket: not in table\n")).toBeUndefined();
  });
});

// Captured on Linux 6.18 with an interface that has addresses and no carrier: connections to them stay on the machine.
describe("own addresses", () => {
  it("are IPv4's local host routes, each once", () => {
    const table = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
        +-- 10.77.0.0/31 1 0 0
           |-- 10.77.0.0
              /24 link UNICAST
           |-- 10.77.0.1
              /32 host LOCAL
        |-- 10.77.0.255
           /32 link BROADCAST
Local:
  +-- 127.0.0.0/8 2 0 2
     |-- 127.0.0.0
        /8 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 10.77.0.1
        /32 host LOCAL
`;
    expect(parseOwnAddresses4(table)).toEqual(["10.77.0.1", "127.0.0.1"]);
  });

  it("are all of IPv6's interface addresses", () => {
    const table = `fd770000000000000000000000000001 09 40 00 c0      veA
00000000000000000000000000000001 01 80 10 80       lo
`;
    expect(parseOwnAddresses6(table)).toEqual([
      "fd77:0000:0000:0000:0000:0000:0000:0001",
      "0000:0000:0000:0000:0000:0000:0000:0001",
    ]);
  });
});
