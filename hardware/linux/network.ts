// The network of a real machine.
import type { Network } from "../ports.ts";
import { dialTcp, dialTls, type SourceOf, startTls } from "./dial.ts";
import { listInterfaces } from "./interfaces.ts";
import { listenTcp } from "./listen.ts";
import { resolveName } from "./resolve.ts";
import { addressOfUplink } from "./uplink-source.ts";

/** `sourceOf` finds the way for a target that asks for an uplink. */
export function openLinuxNetwork(sourceOf: SourceOf = addressOfUplink): Network {
  const ports: number[] = [];
  return {
    resolve: resolveName,
    dial: (target, options) => dialTcp(target, options, sourceOf),
    dialTls: (target, options) => dialTls(target, options, sourceOf),
    startTls,
    listen: async (options, accept) => {
      const forget = (port: number): void => {
        ports.splice(ports.indexOf(port), 1);
      };
      const outcome = await listenTcp(options, accept, forget);
      if (outcome.ok) ports.push(outcome.listener.port);
      return outcome;
    },
    interfaces: () => listInterfaces(),
    listeningPorts: () => ports.toSorted((a, b) => a - b),
  };
}
