// Who is where in a site on real sockets: the same names, addresses and ports as in memory, and the ways into the cloud.
import type { NetworkInterface } from "#hardware/ports.ts";
import { httpsPort, mqttsPort } from "../site/cloud-server.ts";
import { cloudName, panelAddress } from "../site/site-map.ts";
import type { FrontDoor } from "./cloud-front.ts";
import { AddressPlan } from "./mapped-network.ts";

const gatewayAddress = "10.20.0.2";
const addresses = { operator: "203.0.113.30", cloud: "198.51.100.20", double: "203.0.113.66" } as const;

export const cloudAddress = addresses.cloud;

/** Hosts beside the panels. */
export const otherHosts: readonly string[] = ["operator", "cloud", "gateway", "double"];

/** Each way into the cloud, so that it knows who comes. */
export const cloudDoors: readonly FrontDoor[] = [
  { service: "https", from: "operator", address: addresses.operator, servicePort: httpsPort },
  { service: "https", from: "gateway", address: gatewayAddress, servicePort: httpsPort },
  { service: "mqtts", from: "gateway", address: gatewayAddress, servicePort: mqttsPort },
  { service: "mqtts", from: "double", address: addresses.double, servicePort: mqttsPort },
];

export function drawSitePlan(panelNames: readonly string[]): AddressPlan {
  const plan = new AddressPlan();
  for (const [name, address] of Object.entries(addresses)) {
    plan.addHost({ name, interfaces: [ethernet("eth0", address, true)] });
  }
  const cables = [ethernet("eth0", gatewayAddress, true), ethernet("eth1", "192.168.10.1", false)];
  plan.addHost({ name: "gateway", interfaces: [...cables, localInterface] });
  for (const [index, name] of panelNames.entries()) {
    plan.addHost({ name, interfaces: [ethernet("eth0", panelAddress(index), false)] });
  }
  plan.addName(cloudName, [addresses.cloud]);
  return plan;
}

const localInterface: NetworkInterface = {
  name: "lo",
  isLoopback: true,
  hasDefaultRoute: false,
  addresses: [{ address: "127.0.0.1", family: 4, prefixLength: 8 }],
};

function ethernet(name: string, address: string, hasDefaultRoute: boolean): NetworkInterface {
  return { name, isLoopback: false, hasDefaultRoute, addresses: [{ address, family: 4, prefixLength: 24 }] };
}
