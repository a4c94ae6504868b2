// Remote access endpoints of a gateway, as the cloud's configuration interface speaks of them.
import type { RemoteAccessProtocol } from "#protocol/remote-access.ts";
import { getJson, postJson, putJson, remove } from "../cloud/api-client.ts";

export type CredentialsType = "NONE" | "PASS_ONLY";

export interface Endpoint {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: string;
  /** `password` is "***" when one is stored; the cloud never gives it out. */
  readonly credentials?: { readonly type?: string | null; readonly password?: string | null } | null;
  readonly attrs?: unknown;
}

/** What a person typed; the port stays text, so that the cloud can say what is wrong with it. */
export interface EndpointDraft {
  readonly name: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  readonly credentialsType: CredentialsType;
  readonly password: string;
}

function base(deviceId: string): string {
  return `/service/remoteaccess/devices/${encodeURIComponent(deviceId)}/configurations`;
}

export function fetchEndpoints(deviceId: string, signal: AbortSignal): Promise<readonly Endpoint[]> {
  return getJson<readonly Endpoint[]>(base(deviceId), signal);
}

export function fetchEndpoint(deviceId: string, id: string, signal: AbortSignal): Promise<Endpoint> {
  return getJson<Endpoint>(`${base(deviceId)}/${encodeURIComponent(id)}`, signal);
}

/** Creates an endpoint, or replaces `existing`; an empty password keeps the stored one. */
export function saveEndpoint(deviceId: string, draft: EndpointDraft, existing: Endpoint | undefined): Promise<unknown> {
  const body = {
    ...(existing === undefined ? {} : { id: existing.id, attrs: existing.attrs ?? undefined }),
    name: draft.name.trim(),
    hostname: draft.hostname.trim(),
    port: draft.port.trim(),
    protocol: draft.protocol,
    credentialsType: draft.credentialsType,
    password: draft.credentialsType === "PASS_ONLY" && draft.password !== "" ? draft.password : null,
  };
  if (existing === undefined) return postJson(base(deviceId), body);
  return putJson(`${base(deviceId)}/${encodeURIComponent(existing.id)}`, body);
}

export function removeEndpoint(deviceId: string, id: string): Promise<void> {
  return remove(`${base(deviceId)}/${encodeURIComponent(id)}`);
}

export interface OfferedProtocol {
  readonly protocol: RemoteAccessProtocol;
  readonly text: string;
  readonly defaultPort: string;
}

/** The protocols that this console can set up. */
export const offeredProtocols: readonly OfferedProtocol[] = [
  { protocol: "VNC", text: "VNC", defaultPort: "5900" },
  { protocol: "PASSTHROUGH", text: "Passthrough", defaultPort: "22" },
];

/** Those of `offeredProtocols` that the gateway says it supports; all of them when it says nothing. */
export function protocolsFor(supported: readonly string[] | undefined): readonly OfferedProtocol[] {
  if (supported === undefined || supported.length === 0) return offeredProtocols;
  return offeredProtocols.filter(({ protocol }) => supported.includes(protocol));
}

/** Whether this console's form can hold all of such an endpoint; saving another kind from it would lose its sign-in. */
export function isOffered(protocol: string): boolean {
  return offeredProtocols.some((offered) => offered.protocol === protocol);
}

export function protocolText(protocol: string): string {
  return offeredProtocols.find((offered) => offered.protocol === protocol)?.text ?? protocol;
}
