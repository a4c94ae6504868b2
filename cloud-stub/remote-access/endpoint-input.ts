// Reads what a program or a person gives for an endpoint (protocol.md 5.6): all that is wrong is said at once, by field.
import { type RemoteAccessProtocol, remoteAccessProtocols } from "#protocol/remote-access.ts";

/** Protocols that this version can open. */
export const openableProtocols = ["VNC", "PASSTHROUGH"] as const satisfies readonly RemoteAccessProtocol[];
export type OpenableProtocol = (typeof openableProtocols)[number];

export const credentialsTypes = ["NONE", "PASS_ONLY", "USER_PASS", "KEY_PAIR", "CERTIFICATE"] as const;
export type CredentialsType = "NONE" | "PASS_ONLY";

/** What stands in answers where a secret is stored, and what a client sends back to keep it. */
export const maskedSecret = "***";

export interface EndpointInput {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: OpenableProtocol;
  readonly credentialsType: CredentialsType;
  /** A new password; undefined: keep what is stored, if anything is. */
  readonly password: string | undefined;
  /** Whatever the client wants to find again; JSON of at most `attrsLengthMax` characters. */
  readonly attrs: Readonly<Record<string, unknown>> | undefined;
}

export interface FieldProblem {
  readonly field: string;
  /** One sentence that begins with the field's name and never quotes a secret. */
  readonly message: string;
}

export type EndpointInputOutcome =
  | { readonly ok: true; readonly input: EndpointInput }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

export const nameLengthMax = 120;
export const hostnameLengthMax = 253;
export const passwordLengthMax = 255;
export const attrsLengthMax = 4096;

type Body = Readonly<Record<string, unknown>>;
type Complain = (field: string, what: string) => undefined;

/** `hasStoredPassword`: an update of an endpoint that has one may leave it out. */
export function readEndpointInput(
  body: unknown,
  options: { readonly hasStoredPassword: boolean },
): EndpointInputOutcome {
  if (!isObject(body)) {
    return {
      ok: false,
      problems: [{ field: "body", message: "body must be a JSON object with the endpoint's fields" }],
    };
  }
  const flat = flatten(body);
  const problems: FieldProblem[] = [];
  const complain: Complain = (field, what) => {
    problems.push({ field, message: `${field} ${what}` });
  };
  const name = readName(flat["name"], complain);
  const hostname = readHostname(flat["hostname"], complain);
  const port = readPort(flat["port"], complain);
  const protocol = readProtocol(flat["protocol"], complain);
  const password = readPassword(flat["password"], complain);
  const credentialsType = readCredentialsType(flat["credentialsType"], protocol, password !== undefined, complain);
  if (credentialsType === "PASS_ONLY" && password === undefined && !options.hasStoredPassword) {
    const isSaid = problems.some((problem) => problem.field === "password");
    if (!isSaid) complain("password", "must be provided in PASS_ONLY credentials");
  }
  const attrs = readAttrs(flat["attrs"], complain);
  if (
    problems.length > 0 ||
    name === undefined ||
    hostname === undefined ||
    port === undefined ||
    protocol === undefined ||
    credentialsType === undefined
  ) {
    return { ok: false, problems };
  }
  return {
    ok: true,
    input: {
      name,
      hostname,
      port,
      protocol,
      credentialsType,
      password: credentialsType === "NONE" ? undefined : password,
      attrs,
    },
  };
}

/** Requests are flat and answers nested: a client that sends an answer back has its fields under `credentials`. */
function flatten(body: Body): Body {
  const credentials = body["credentials"];
  if (!isObject(credentials)) return body;
  return { ...credentials, credentialsType: credentials["type"], ...body };
}

function readName(value: unknown, complain: Complain): string | undefined {
  if (isAbsent(value)) return complain("name", "must be provided");
  if (typeof value !== "string") return complain("name", "must be a text");
  const name = value.trim();
  if (name.length < 1 || name.length > nameLengthMax) {
    return complain("name", `must have 1 to ${nameLengthMax} characters`);
  }
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return complain("name", "must not contain control characters");
  return name;
}

function readHostname(value: unknown, complain: Complain): string | undefined {
  if (isAbsent(value)) return complain("hostname", "must be provided");
  if (typeof value !== "string") return complain("hostname", "must be a text");
  const hostname = value.trim();
  if (hostname.length < 1 || hostname.length > hostnameLengthMax) {
    return complain("hostname", `must have 1 to ${hostnameLengthMax} characters`);
  }
  if (/[/@?#\\]/.test(hostname)) {
    return complain("hostname", "must be a host name or an address alone, without scheme, user or path");
  }
  if (/[[\]]/.test(hostname)) return complain("hostname", "must be an address without brackets");
  if (/[\s\p{Cc}\p{Cf}",;'`<>]/u.test(hostname)) {
    return complain("hostname", "must not contain spaces, quotes, commas or control characters");
  }
  // One colon is host:port, more of them are an IPv6 address.
  if (/^[^:]*:[^:]*$/.test(hostname))
    return complain("hostname", "must not contain the port; port is a field of its own");
  return hostname;
}

function readPort(value: unknown, complain: Complain): number | undefined {
  if (isAbsent(value)) return complain("port", "must be provided");
  const port = typeof value === "string" && /^\s*[0-9]{1,5}\s*$/.test(value) ? Number(value) : value;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    return complain("port", "must be a whole number from 1 to 65535");
  }
  return port;
}

function readProtocol(value: unknown, complain: Complain): OpenableProtocol | undefined {
  if (isAbsent(value)) return complain("protocol", "must be provided");
  const openable = openableProtocols.find((known) => known === value);
  if (openable !== undefined) return openable;
  if (remoteAccessProtocols.some((known) => known === value)) {
    return complain("protocol", `must be ${openableProtocols.join(" or ")}: this version does not have ${value} yet`);
  }
  return complain("protocol", `must be one of ${remoteAccessProtocols.join(", ")}`);
}

function readPassword(value: unknown, complain: Complain): string | undefined {
  if (isAbsent(value) || value === maskedSecret) return undefined;
  if (typeof value !== "string") return complain("password", "must be a text");
  if (value.length > passwordLengthMax)
    return complain("password", `must have at most ${passwordLengthMax} characters`);
  if (/[\p{Cc}]/u.test(value)) return complain("password", "must not contain control characters");
  // VNC Authentication makes its key of single bytes (RFC 6143 section 7.2.2).
  if (/[^\u0020-\u00ff]/u.test(value)) {
    return complain("password", "must contain only characters that VNC knows (Latin-1)");
  }
  return value;
}

function readCredentialsType(
  value: unknown,
  protocol: OpenableProtocol | undefined,
  hasPassword: boolean,
  complain: Complain,
): CredentialsType | undefined {
  if (isAbsent(value)) {
    // Old records of Cumulocity have none for VNC (protocol.md 5.6).
    if (protocol === "VNC") return hasPassword ? "PASS_ONLY" : "NONE";
    return complain("credentialsType", "must be provided");
  }
  if (!credentialsTypes.some((known) => known === value)) {
    return complain("credentialsType", `must be one of ${credentialsTypes.join(", ")}`);
  }
  if (value === "NONE" || (value === "PASS_ONLY" && protocol !== "PASSTHROUGH")) return value;
  // Without a protocol there is nothing to measure it by, and that is said already.
  if (protocol === undefined) return undefined;
  return complain("credentialsType", `${String(value)} is not supported for protocol ${protocol}`);
}

function readAttrs(value: unknown, complain: Complain): Body | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return complain("attrs", "must be an object");
  if (JSON.stringify(value).length > attrsLengthMax) {
    return complain("attrs", `must have at most ${attrsLengthMax} characters as JSON`);
  }
  return value;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
