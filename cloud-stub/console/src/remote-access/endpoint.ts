// Remote access endpoints of a gateway, as the cloud's configuration interface speaks of them.
import { getJson, postJson, putJson, remove } from "../cloud/api-client.ts";
import { ApiError } from "../cloud/api-error.ts";
import { bodyOf, type EndpointDraft } from "./endpoint-draft.ts";
import type { Endpoint, OfferedProtocol } from "./endpoint-shape.ts";
import { readSaveErrors, type SaveErrors } from "./field-errors.ts";

export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
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

/** Creates an endpoint, or replaces `existing`; a secret that is left empty keeps the stored one. */
export function saveEndpoint(deviceId: string, draft: EndpointDraft, existing: Endpoint | undefined): Promise<unknown> {
  const body = bodyOf(draft, existing);
  if (existing === undefined) return postJson(base(deviceId), body);
  return putJson(`${base(deviceId)}/${encodeURIComponent(existing.id)}`, body);
}

/**
 * What saving would refuse, asked while somebody types; nothing is stored. Undefined where the cloud has no such route.
 * The passphrase stays here: opening a locked key takes a second of the cloud's time, which is for saving alone.
 */
export async function checkEndpoint(
  deviceId: string,
  draft: EndpointDraft,
  existing: Endpoint | undefined,
  signal: AbortSignal,
): Promise<SaveErrors | undefined> {
  const id = existing === undefined ? "" : `/${encodeURIComponent(existing.id)}`;
  try {
    await postJson(`${base(deviceId)}${id}/check`, bodyOf({ ...draft, passphrase: "" }, existing), signal);
    return { fields: {} };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404 || error.status === 405) return undefined;
    if (error.code === "api.invalid") return readSaveErrors(error.message);
    throw error;
  }
}

export function removeEndpoint(deviceId: string, id: string): Promise<void> {
  return remove(`${base(deviceId)}/${encodeURIComponent(id)}`);
}

/** A new pair from the cloud; it is stored nowhere until an endpoint is saved with it. */
export function generateKeyPair(hostname: string): Promise<KeyPair> {
  return postJson<KeyPair>("/service/remoteaccess/keypair/generate", { hostname });
}

/** The protocols that this console can set up. */
export const offeredProtocols: readonly OfferedProtocol[] = [
  { protocol: "VNC", text: "VNC", defaultPort: "5900" },
  { protocol: "TELNET", text: "Telnet", defaultPort: "23" },
  { protocol: "SSH", text: "SSH", defaultPort: "22" },
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

/** Whether the console itself can open it, on a screen or in a terminal. */
export function isOpenable(protocol: string): boolean {
  return protocol === "VNC" || protocol === "SSH" || protocol === "TELNET";
}

export function protocolText(protocol: string): string {
  return offeredProtocols.find((offered) => offered.protocol === protocol)?.text ?? protocol;
}
