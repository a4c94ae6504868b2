// Which endpoint of a device a person means, and whether a native client can use it.
import { printable } from "#protocol/printable.ts";
import type { Device } from "./choose-device.ts";
import type { CloudApi } from "./cloud-api.ts";
import { ConnectError } from "./connect-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { nearestNames } from "./nearest-name.ts";

export interface Endpoint {
  readonly id: string;
  readonly name: string;
  /** As seen from the gateway. */
  readonly hostname: string;
  readonly port: number;
  /** VNC, TELNET, PASSTHROUGH, or what a cloud of the future has. */
  readonly protocol: string;
}

const shownMax = 80;
const listedMax = 10;

/** An exact id or name counts first, then a name in other letter case. Throws ConnectError with what there is instead. */
export async function chooseEndpoint(api: CloudApi, device: Device, wanted: string): Promise<Endpoint> {
  const document = await api.get(`/service/remoteaccess/devices/${device.id}/configurations`);
  if (document === undefined) {
    throw new ConnectError(exitCodes.endpoint, "The cloud has no remote access for this device or this tenant.");
  }
  const endpoints = readEndpoints(document);
  const exact = endpoints.filter(({ id, name }) => id === wanted || name === wanted);
  const folded = endpoints.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  const found = exact.length > 0 ? exact : folded;
  const [only, ...others] = found;
  if (only === undefined) throw unknownError(device, endpoints, wanted);
  if (others.length > 0) {
    const list = found.map(inWords).join(", ");
    throw new ConnectError(
      exitCodes.endpoint,
      `"${shown(wanted)}" fits more than one endpoint; say which by another of its names or ids: ${list}.`,
    );
  }
  return usable(only);
}

/** Cumulocity signs in to SSH endpoints itself and hands out a terminal's bytes (protocol.md 5.5): no ssh client can speak over them. */
function usable(endpoint: Endpoint): Endpoint {
  if (endpoint.protocol !== "SSH") return endpoint;
  const { name, hostname, port } = endpoint;
  throw new ConnectError(
    exitCodes.endpoint,
    `"${shown(name)}" is an SSH endpoint: the cloud signs in to it and shows a terminal in the browser. ` +
      `For an ssh client, add a Passthrough endpoint to ${shown(hostname)}:${port} and name that one.`,
  );
}

function unknownError(device: Device, endpoints: readonly Endpoint[], wanted: string): ConnectError {
  const deviceName = shown(device.name);
  const names = endpoints.map(({ name }) => name);
  const near = nearestNames(wanted, names);
  const list = names.slice(0, listedMax).map((name) => `"${shown(name)}"`);
  const rest = names.length > listedMax ? ` and ${names.length - listedMax} more` : "";
  const hint =
    near.length > 0
      ? `Did you mean ${near.map((name) => `"${shown(name)}"`).join(" or ")}?`
      : names.length === 0
        ? "It has none yet."
        : `It has ${list.join(", ")}${rest}.`;
  return new ConnectError(exitCodes.endpoint, `"${deviceName}" has no endpoint "${shown(wanted)}". ${hint}`);
}

function readEndpoints(document: unknown): readonly Endpoint[] {
  return Array.isArray(document) ? document.flatMap((member: unknown) => readEndpoint(member) ?? []) : [];
}

function readEndpoint(member: unknown): Endpoint | undefined {
  if (typeof member !== "object" || member === null) return undefined;
  const { id, name, hostname, port, protocol } = member as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" && typeof id !== "number") return undefined;
  return {
    id: String(id),
    name: typeof name === "string" ? name : "",
    hostname: typeof hostname === "string" ? hostname : "",
    port: Number(port) || 0,
    protocol: typeof protocol === "string" ? protocol.toUpperCase() : "",
  };
}

function inWords({ id, name }: Endpoint): string {
  return `"${shown(name)}" (id ${id})`;
}

function shown(text: string): string {
  return printable(text, shownMax);
}
