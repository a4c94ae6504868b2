// Who is where: the hosts of a site, their interfaces and the cloud's name.
import type { Clock } from "#hardware/ports.ts";
import type { BoardOptions } from "../gateway/board.ts";
import type { HostInterface } from "../network/host.ts";
import type { SimulatedNetwork } from "../network/network.ts";

export const cloudName = "cloud.example";

const firstPanelHost = 11;
const panelsMax = 200;

/** Address of a site's n-th panel, from 0. */
export function panelAddress(index: number): string {
  if (index >= panelsMax) throw new RangeError(`A site has at most ${panelsMax} panels`);
  return `192.168.10.${firstPanelHost + index}`;
}

export function addSiteHosts(
  network: SimulatedNetwork,
  options: { readonly panelNames: readonly string[]; readonly gatewayClock: Clock },
): void {
  network.addHost("operator", { interfaces: [ethernet("eth0", "203.0.113.30", true)] });
  network.addHost("cloud", { interfaces: [ethernet("eth0", "198.51.100.20", true)] });
  network.addName(cloudName, ["198.51.100.20"]);
  network.addHost("gateway", {
    interfaces: [ethernet("eth0", "10.20.0.2", true), ethernet("eth1", "192.168.10.1", false)],
    clock: options.gatewayClock,
  });
  for (const [index, name] of options.panelNames.entries()) {
    network.addHost(name, { interfaces: [ethernet("eth0", panelAddress(index), false)] });
  }
  // Nothing dials in: the gateway is seen under the addresses of the factory's router and of the modem's carrier.
  const factory = "198.51.100.77";
  network.addNat({ inside: { address: "10.20.0.0", prefixLength: 24 }, outside: factory });
  network.addNat({ inside: { address: "10.21.0.0", prefixLength: 24 }, outside: factory });
  network.addNat({ inside: { address: "10.64.0.0", prefixLength: 10 }, outside: "203.0.113.200" });
}

/** Beside its cable the gateway has wireless and a modem, in case the cable is pulled. */
export const usualBoard: Omit<BoardOptions, "clock" | "random"> = {
  uplinks: [
    { name: "wlan0", kind: "wifi", addresses: [{ address: "10.21.0.2", family: 4, prefixLength: 24 }] },
    { name: "wwan0", kind: "cellular", addresses: [{ address: "10.64.7.2", family: 4, prefixLength: 30 }] },
  ],
  modem: { path: "/dev/serial/by-id/usb-modem-if02", uplink: "wwan0" },
};

function ethernet(name: string, address: string, hasDefaultRoute: boolean): HostInterface {
  return { name, hasDefaultRoute, addresses: [{ address, family: 4, prefixLength: 24 }] };
}
