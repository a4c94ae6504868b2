// Reads how one signs in at an endpoint (protocol.md 5.6): which type fits which protocol, and the fields of each type.
import { type KeyFields, readCertificatePinField, readHostKeyField, readKeyFields } from "./key-fields.ts";

export const credentialsTypes = ["NONE", "PASS_ONLY", "USER_PASS", "KEY_PAIR", "CERTIFICATE"] as const;
export type CredentialsType = (typeof credentialsTypes)[number];

/** What stands in answers where a secret is stored, and what a client sends back to keep it. */
export const maskedSecret = "***";

export const usernameLengthMax = 255;
export const passwordLengthMax = 255;

/** What an endpoint has already, so that an update may leave it out. */
export interface StoredCredentials {
  readonly hasPassword: boolean;
  readonly hasPrivateKey: boolean;
  readonly hasCertificate: boolean;
  /** Of the stored private key, in OpenSSH's form. */
  readonly publicKey: string | null;
  readonly hostKey: string | null;
}

export const nothingStored: StoredCredentials = {
  hasPassword: false,
  hasPrivateKey: false,
  hasCertificate: false,
  publicKey: null,
  hostKey: null,
};

/** Of a secret, undefined means: keep what is stored. What the type has no use for is null. */
export interface Credentials {
  readonly type: CredentialsType;
  readonly username: string | null;
  readonly password: string | null | undefined;
  readonly privateKey: string | null | undefined;
  readonly certificate: string | null | undefined;
  readonly publicKey: string | null;
  /** SSH: one key a line, in OpenSSH's form. VNC: the fingerprint of the certificate. */
  readonly hostKey: string | null;
}

export type Fields = Readonly<Record<string, unknown>>;
/** Notes what is wrong with a field; always undefined, so that a reader can return it. */
export type Complain = (field: string, what: string) => undefined;

/** First of each is what an endpoint without a type gets, if it may have none. */
const typesOf: Readonly<Record<string, readonly CredentialsType[]>> = {
  VNC: ["NONE", "PASS_ONLY"],
  SSH: ["USER_PASS", "KEY_PAIR", "CERTIFICATE"],
  TELNET: ["NONE"],
  PASSTHROUGH: ["NONE"],
};

/** `protocol`: undefined if it is wrong, which is said already. Undefined: something is wrong. */
export function readCredentials(
  fields: Fields,
  context: {
    readonly protocol: string | undefined;
    readonly stored: StoredCredentials;
    readonly complain: Complain;
  },
): Credentials | undefined {
  const { protocol, stored, complain } = context;
  const password = readPassword(fields["password"], protocol, complain);
  const type = readType(fields["credentialsType"], protocol, password !== undefined, complain);
  if (type === undefined) return undefined;
  const needsPassword = type === "PASS_ONLY" || type === "USER_PASS";
  const needsKey = type === "KEY_PAIR" || type === "CERTIFICATE";
  if (needsPassword && isKept(fields["password"]) && !stored.hasPassword) {
    complain("password", `must be provided in ${type} credentials`);
  }
  const username = readUsername(fields["username"], type, complain);
  const none: KeyFields = { privateKey: null, publicKey: null, certificate: null };
  const keys = needsKey ? readKeyFields(fields, { type, stored, complain }) : none;
  const hostKey = readHostKey(fields["hostKey"], protocol, stored, complain);
  return { type, username, password: needsPassword ? password : null, ...keys, hostKey };
}

function readHostKey(
  value: unknown,
  protocol: string | undefined,
  stored: StoredCredentials,
  complain: Complain,
): string | null {
  if (protocol === "SSH") return readHostKeyField(value, stored, complain);
  return protocol === "VNC" ? readCertificatePinField(value, stored, complain) : null;
}

/** Whether a client that sends this for a secret wants to keep what is stored. */
export function isKept(value: unknown): boolean {
  return isAbsent(value) || value === maskedSecret;
}

export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function readPassword(value: unknown, protocol: string | undefined, complain: Complain): string | undefined {
  if (isKept(value)) return undefined;
  if (typeof value !== "string") return complain("password", "must be a text");
  if (value.length > passwordLengthMax)
    return complain("password", `must have at most ${passwordLengthMax} characters`);
  if (/[\p{Cc}]/u.test(value)) return complain("password", "must not contain control characters");
  // VNC Authentication makes its key of single bytes (RFC 6143 section 7.2.2).
  if (protocol === "VNC" && /[^\u0020-\u00ff]/u.test(value)) {
    return complain("password", "must contain only characters that VNC knows (Latin-1)");
  }
  return value;
}

/** A user name may stand beside a VNC password: some servers want both (VeNCrypt's Plain). */
function readUsername(value: unknown, type: CredentialsType, complain: Complain): string | null {
  if (type === "NONE") return null;
  if (isAbsent(value)) {
    if (type !== "PASS_ONLY") complain("username", `must be provided in ${type} credentials`);
    return null;
  }
  if (typeof value !== "string") complain("username", "must be a text");
  else if (value.length > usernameLengthMax) {
    complain("username", `must have at most ${usernameLengthMax} characters`);
  } else if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) complain("username", "must not contain control characters");
  else return value;
  return null;
}

function readType(
  value: unknown,
  protocol: string | undefined,
  hasPassword: boolean,
  complain: Complain,
): CredentialsType | undefined {
  if (isAbsent(value)) {
    // Old records of Cumulocity have none for VNC (protocol.md 5.6).
    if (protocol === "VNC") return hasPassword ? "PASS_ONLY" : "NONE";
    return complain("credentialsType", "must be provided");
  }
  const type = credentialsTypes.find((known) => known === value);
  if (type === undefined) return complain("credentialsType", `must be one of ${credentialsTypes.join(", ")}`);
  // Without a protocol there is nothing to measure it by, and that is said already.
  if (protocol === undefined) return undefined;
  if (typesOf[protocol]?.includes(type) === true) return type;
  return complain("credentialsType", `${type} is not supported for protocol ${protocol}`);
}
