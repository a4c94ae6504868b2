// The line that says how to use the open port.
import { printable } from "#protocol/printable.ts";
import type { Device } from "./choose-device.ts";
import type { Endpoint } from "./choose-endpoint.ts";

const shownMax = 80;

/** One line: what stands where, and the command for it. */
export function usageLine(device: Device, endpoint: Endpoint, port: number): string {
  const what = `${printable(endpoint.name, shownMax)} on ${printable(device.name, shownMax)}`;
  return `127.0.0.1:${port} is now ${what}: ${clientCommand(device, endpoint, port)}`;
}

/** What a person would type, by the endpoint's protocol and the port that the panel listens on. */
export function clientCommand(device: Device, endpoint: Endpoint, port: number): string {
  if (endpoint.protocol === "VNC") return `vncviewer localhost::${port}`;
  if (endpoint.protocol === "TELNET") return `telnet localhost ${port}`;
  switch (endpoint.port) {
    case 22:
      // Without it, ssh would compare the host keys of all panels behind this machine's name with one another.
      return `ssh -p ${port} -o HostKeyAlias=postern-${device.id}-${endpoint.id} user@localhost`;
    case 23:
      return `telnet localhost ${port}`;
    case 80:
    case 8080:
      return `http://localhost:${port}/`;
    case 443:
    case 8443:
      return `https://localhost:${port}/`;
    case 3389:
      return `xfreerdp /v:localhost:${port}`;
    default:
      return endpoint.port >= 5900 && endpoint.port < 6000 ? `vncviewer localhost::${port}` : `nc localhost ${port}`;
  }
}
