// The network of a real machine.
import type { Network } from "../ports.ts";
import { dialTcp, dialTls } from "./dial.ts";
import { listInterfaces } from "./interfaces.ts";
import { listenTcp } from "./listen.ts";
import { resolveName } from "./resolve.ts";

export function openLinuxNetwork(): Network {
  const ports: number[] = [];
  return {
    resolve: resolveName,
    dial: dialTcp,
    dialTls,
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
