// Who may open which remote-access websocket: everything that is checked before an upgrade is answered with 101.
import type { IncomingMessage } from "node:http";
import { type RemoteAccessProtocol, remoteAccessFragment, remoteAccessProtocols } from "#protocol/remote-access.ts";
import type { HostPolicy } from "../api/host-policy.ts";
import type { Device, DeviceRegistry } from "../devices/device-registry.ts";
import type { Peer } from "../peer.ts";
import type { Authentication, LoginRefusal } from "../users/authentication.ts";
import type { Principal } from "../users/principal.ts";
import type { Endpoint, Endpoints } from "./endpoints.ts";
import type { Refusal } from "./http-refusal.ts";

export interface AdmissionDependencies {
  readonly authentication: Authentication;
  readonly hosts: HostPolicy;
  readonly devices: DeviceRegistry;
  readonly endpoints: Endpoints;
  /** Whether the tenant has remote access at all; without it, it has. */
  readonly isSubscribed?: (() => Promise<boolean>) | undefined;
}

export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly peer: Peer;
}

type Judgement<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly refusal: Refusal };

/** A client: a user who may at least read remote access, for an endpoint that exists on a device that can open tunnels. */
export async function admitClient(
  deps: AdmissionDependencies,
  upgrade: UpgradeRequest,
  target: { readonly deviceId: string; readonly endpointId: string },
): Promise<
  Judgement<{ readonly principal: Principal; readonly loginId: string | undefined; readonly endpoint: Endpoint }>
> {
  const login = await admitLogin(deps, upgrade);
  if (!login.ok) return login;
  const { principal, loginId } = login;
  if (principal.kind !== "user" || !principal.hasRole("ROLE_REMOTE_ACCESS_READ")) {
    return refuse(403, "security/Forbidden", "This needs the role ROLE_REMOTE_ACCESS_READ.");
  }
  if ((await deps.isSubscribed?.()) === false) {
    return refuse(404, "microservice/Not Found", "Remote access is not in this tenant's subscription.");
  }
  const device = await deps.devices.get(target.deviceId);
  if (device === undefined) return refuse(404, "remoteaccess/Not Found", "There is no such device.");
  const endpoint = await deps.endpoints.get(target.deviceId, target.endpointId);
  if (endpoint === undefined) {
    return refuse(404, "remoteaccess/Not Found", "There is no such endpoint on this device; it may have been removed.");
  }
  const unsupported = whyUnsupported(device, endpoint);
  if (unsupported !== undefined) return refuse(422, "remoteaccess/unprocessableEntity", unsupported);
  return { ok: true, principal, loginId, endpoint };
}

/** A gateway: the login of a device that exists. The key is judged by whoever knows the sessions. */
export async function admitDevice(
  deps: AdmissionDependencies,
  upgrade: UpgradeRequest,
): Promise<Judgement<{ readonly deviceId: string }>> {
  const login = await admitLogin(deps, upgrade);
  if (!login.ok) return login;
  const { kind, deviceId } = login.principal;
  if (kind !== "device" || deviceId === undefined) {
    return refuse(403, "security/Forbidden", "Only a registered device may use this path.");
  }
  return { ok: true, deviceId };
}

async function admitLogin(
  deps: AdmissionDependencies,
  { request, peer }: UpgradeRequest,
): Promise<Judgement<{ readonly principal: Principal; readonly loginId: string | undefined }>> {
  const { headers, url, method } = request;
  const host = deps.hosts.judge(headers, peer.isEncrypted);
  if (host === "foreign-host") return refuse(403, "security/Forbidden", "The Host is not a name of this cloud.");
  if (host === "foreign-origin") {
    return refuse(403, "security/Forbidden", "The Origin is not a page of this cloud.");
  }
  const outcome = await deps.authentication.check({ method, url, headers, peer });
  if (outcome.ok) return { ok: true, principal: outcome.principal, loginId: outcome.tokenId };
  return { ok: false, refusal: loginRefusals[outcome.why] };
}

const loginRefusals: Readonly<Record<LoginRefusal, Refusal>> = {
  none: { status: 401, error: "security/Unauthorized", message: "This needs a login." },
  wrong: {
    status: 401,
    error: "security/Unauthorized",
    message: "The login is not valid: wrong user, password or token.",
  },
  xsrf: {
    status: 403,
    error: "security/Forbidden",
    message: "A login by cookie needs an Origin of this cloud or its XSRF token.",
  },
  "too-many": {
    status: 429,
    error: "security/tooManyRequests",
    message: "Too many failed logins; try again in a minute.",
  },
  busy: { status: 503, error: "general/unavailable", message: "Too many logins are being checked; try again." },
};

/** Undefined if the device can open a tunnel for the endpoint. */
function whyUnsupported(device: Device, endpoint: Endpoint): string | undefined {
  const operations = device.fragments["c8y_SupportedOperations"];
  if (!Array.isArray(operations) || !operations.includes(remoteAccessFragment)) {
    return `The device does not support remote access: it does not list ${remoteAccessFragment} as a supported operation.`;
  }
  const protocols = knownProtocols(device.fragments["c8y_RemoteAccessSupportedProtocols"]);
  if (protocols.length > 0 && !protocols.some((known) => known === endpoint.protocol)) {
    return `The device does not support ${endpoint.protocol}; it supports ${protocols.join(", ")}.`;
  }
  if (!remoteAccessProtocols.some((known) => known === endpoint.protocol)) {
    return `This version cannot open ${endpoint.protocol} endpoints.`;
  }
  return undefined;
}

/** Devices write them in either case; a list without a known one restricts nothing (protocol.md 4.3). */
function knownProtocols(listed: unknown): readonly RemoteAccessProtocol[] {
  if (!Array.isArray(listed)) return [];
  const names = listed.map((name) => String(name).toUpperCase());
  return remoteAccessProtocols.filter((known) => names.includes(known));
}

function refuse(status: Refusal["status"], error: string, message: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { status, error, message } };
}
