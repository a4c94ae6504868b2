// What world faults do to a site in memory, beside its power and its cloud's programs.
import type { SimulatedNetwork } from "../network/network.ts";
import type { DiskFailure, Release, World } from "./fault.ts";
import { FaultError } from "./fault-error.ts";
import { MqttDouble, type MqttDoubleOptions } from "./mqtt-double.ts";

/** The machine of the gateway's double, somewhere on the internet. */
const double = { host: "double", address: "203.0.113.66" } as const;

export interface SiteWorldParts {
  readonly network: SimulatedNetwork;
  /** The broker's machine, and how it is reached. */
  readonly broker: MqttDoubleOptions["broker"] & { readonly machine: string };
  readonly draw: () => number;
  /** The wall clock of a machine, if it can be set. */
  readonly clockOf: (host: string) => { jump(byMs: number): void } | undefined;
  /** What the gateway logs in with; undefined before it is registered. */
  readonly login: () => MqttDoubleOptions["login"] | undefined;
  readonly disk: FailingDisk;
}

/** The gateway's disk, as far as it can fail. */
export interface FailingDisk {
  /** Node's code with which each change fails while it is set. */
  failure: string | undefined;
  /** While true, a write that a power cut meets leaves the first part of the new contents; left out: it cannot. */
  tearsWrites?: boolean;
}

type Given = Required<Pick<World, "draw" | "jumpClock" | "kickBroker" | "duplicateClient" | "failDisk">>;

export function siteWorld(parts: SiteWorldParts): Given {
  return {
    draw: parts.draw,
    jumpClock: (host, byMs) => {
      const clock = parts.clockOf(host);
      if (clock === undefined) throw new FaultError("fault.not-here", `the clock of "${host}" cannot be set here`);
      clock.jump(byMs);
    },
    kickBroker: () => kickBroker(parts),
    duplicateClient: (options) => duplicateClient(parts, options.againAfterMs),
    failDisk: (failure) => failDisk(parts.disk, failure),
  };
}

function kickBroker({ network, broker }: SiteWorldParts): void {
  for (const conversation of network.conversations()) {
    const { server } = conversation;
    if (server.host === broker.machine && server.port === broker.port) conversation.endCloses("server");
  }
}

function duplicateClient({ network, broker, login }: SiteWorldParts, againAfterMs: number): Release {
  const known = login();
  if (known === undefined) {
    throw new FaultError("fault.not-here", "the gateway has no login yet that a double could have: register it first");
  }
  if (!network.hostNames.includes(double.host)) {
    const addresses = [{ address: double.address, family: 4 as const, prefixLength: 24 }];
    network.addHost(double.host, { interfaces: [{ name: "eth0", hasDefaultRoute: true, addresses }] });
  }
  const { network: port } = network.host(double.host);
  const device = new MqttDouble({ network: port, clock: network.clock, broker, login: known, againAfterMs });
  device.start();
  return () => device.stop();
}

const diskCodes: Readonly<Record<Exclude<DiskFailure, "torn">, string>> = { full: "ENOSPC", "read-only": "EROFS" };

function failDisk(disk: FailingDisk, failure: DiskFailure): Release {
  if (failure === "torn") return tearWrites(disk);
  const before = disk.failure;
  disk.failure = diskCodes[failure];
  return () => {
    disk.failure = before;
  };
}

function tearWrites(disk: FailingDisk): Release {
  const before = disk.tearsWrites;
  if (before === undefined) {
    throw new FaultError("fault.not-here", "the disk of this site writes whole or not at all");
  }
  disk.tearsWrites = true;
  return () => {
    disk.tearsWrites = before;
  };
}
