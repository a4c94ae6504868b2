// What a person typed into the form of an endpoint, and what becomes of it on its way to the cloud.
import type { CredentialsType, Endpoint, OfferedProtocol } from "./endpoint-shape.ts";

/** The port stays text, so that the cloud can say what is wrong with it. Secrets are empty until somebody types one. */
export interface EndpointDraft {
  readonly name: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  readonly credentialsType: CredentialsType;
  readonly username: string;
  readonly password: string;
  readonly privateKey: string;
  readonly publicKey: string;
  /** Opens the private key when it is saved; not kept. */
  readonly passphrase: string;
  readonly certificate: string;
  readonly hostKey: string;
  readonly allowsLegacyAlgorithms: boolean;
}

const signInsOf: Readonly<Record<string, readonly CredentialsType[]>> = {
  VNC: ["NONE", "PASS_ONLY"],
  SSH: ["USER_PASS", "KEY_PAIR", "CERTIFICATE"],
};

/** The first is what a new endpoint begins with. */
export function signInsFor(protocol: string): readonly CredentialsType[] {
  return signInsOf[protocol] ?? ["NONE"];
}

export function draftOf(existing: Endpoint | undefined, protocols: readonly OfferedProtocol[]): EndpointDraft {
  const protocol = existing?.protocol ?? protocols[0]?.protocol ?? "VNC";
  const credentials = existing?.credentials;
  return {
    name: existing?.name ?? "",
    protocol,
    hostname: existing?.hostname ?? "127.0.0.1",
    port: existing === undefined ? (protocols[0]?.defaultPort ?? "") : String(existing.port),
    credentialsType: signInOf(protocol, credentials?.type),
    username: credentials?.username ?? "",
    password: "",
    privateKey: "",
    publicKey: credentials?.publicKey ?? "",
    passphrase: "",
    certificate: "",
    hostKey: credentials?.hostKey ?? "",
    allowsLegacyAlgorithms: attrsOf(existing)["legacyAlgorithms"] === true,
  };
}

/** A port that the person did not choose follows the protocol; a sign-in that the protocol lacks goes. */
export function withProtocol(
  draft: EndpointDraft,
  protocol: string,
  protocols: readonly OfferedProtocol[],
): Partial<EndpointDraft> {
  const portOf = (wanted: string): string | undefined =>
    protocols.find((offered) => offered.protocol === wanted)?.defaultPort;
  return {
    protocol,
    // A host key is no certificate.
    hostKey: "",
    credentialsType: signInOf(protocol, draft.credentialsType),
    ...(draft.port === portOf(draft.protocol) ? { port: portOf(protocol) ?? draft.port } : {}),
  };
}

/** A new private key makes the public key of the stored one wrong; the cloud makes its own from the private key. */
export function withPrivateKey(privateKey: string, existing: Endpoint | undefined, draft: EndpointDraft) {
  const isStored = draft.publicKey === (existing?.credentials?.publicKey ?? "");
  return { privateKey, ...(isStored && privateKey !== "" ? { publicKey: "" } : {}) };
}

/** Whether the cloud itself speaks to the device and can make sure that it is the right one. */
export function hasPin({ protocol, credentialsType }: Pick<EndpointDraft, "protocol" | "credentialsType">): boolean {
  return protocol === "SSH" || (protocol === "VNC" && credentialsType === "PASS_ONLY");
}

export function bodyOf(draft: EndpointDraft, existing: Endpoint | undefined): Readonly<Record<string, unknown>> {
  const { credentialsType: type } = draft;
  const withKey = type === "KEY_PAIR" || type === "CERTIFICATE";
  const given = (isWanted: boolean, text: string): string | null => (isWanted && text !== "" ? text : null);
  return {
    ...(existing === undefined ? {} : { id: existing.id }),
    attrs: attrsFor(draft, existing),
    name: draft.name.trim(),
    hostname: draft.hostname.trim(),
    port: draft.port.trim(),
    protocol: draft.protocol,
    credentialsType: type,
    username: given(type !== "NONE", draft.username),
    password: given(type === "PASS_ONLY" || type === "USER_PASS", draft.password),
    privateKey: given(withKey, draft.privateKey),
    publicKey: given(withKey && draft.publicKey !== existing?.credentials?.publicKey, draft.publicKey),
    passphrase: given(withKey && draft.privateKey !== "", draft.passphrase),
    certificate: given(type === "CERTIFICATE", draft.certificate),
    ...hostKeyOf(draft, existing),
  };
}

/** Left out when nobody touched it: a key may have been learnt since the form was opened. */
function hostKeyOf(draft: EndpointDraft, existing: Endpoint | undefined): { readonly hostKey?: string | null } {
  const hostKey = hasPin(draft) ? draft.hostKey.trim() : "";
  if (existing !== undefined && hostKey === (existing.credentials?.hostKey ?? "").trim()) return {};
  return { hostKey: hostKey === "" ? null : hostKey };
}

function signInOf(protocol: string, wanted: string | null | undefined): CredentialsType {
  const [first = "NONE", ...others] = signInsFor(protocol);
  return others.find((type) => type === wanted) ?? first;
}

function attrsOf(endpoint: Endpoint | undefined): Readonly<Record<string, unknown>> {
  const attrs = endpoint?.attrs;
  return typeof attrs === "object" && attrs !== null ? (attrs as Readonly<Record<string, unknown>>) : {};
}

/** Another client's attributes stay as they are. */
function attrsFor(draft: EndpointDraft, existing: Endpoint | undefined): unknown {
  const { legacyAlgorithms: _, ...others } = attrsOf(existing);
  if (draft.protocol === "SSH" && draft.allowsLegacyAlgorithms) return { ...others, legacyAlgorithms: true };
  return Object.keys(others).length === 0 ? undefined : others;
}
