// Reads what a program or a person gives for an endpoint (protocol.md 5.6): all that is wrong is said at once, by field.
import { type RemoteAccessProtocol, remoteAccessProtocols } from "#protocol/remote-access.ts";
import { readCertificatePin } from "./certificate-pin.ts";
import {
  type Complain,
  type Credentials,
  type Fields,
  isAbsent,
  readCredentials,
  type StoredCredentials,
} from "./credentials-input.ts";
import { oddityComplaint } from "./protocols/panel-oddities.ts";

export interface EndpointInput {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: RemoteAccessProtocol;
  readonly credentials: Credentials;
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
export const attrsLengthMax = 4096;

/** `stored`: what an endpoint that is updated has, and the body may leave out. */
export function readEndpointInput(body: unknown, stored: StoredCredentials): EndpointInputOutcome {
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
  const credentials = readCredentials(flat, { protocol, stored, complain });
  const attrs = readAttrs(flat["attrs"], complain);
  if (
    problems.length > 0 ||
    name === undefined ||
    hostname === undefined ||
    port === undefined ||
    protocol === undefined ||
    credentials === undefined
  ) {
    return { ok: false, problems };
  }
  return { ok: true, input: { name, hostname, port, protocol, credentials, attrs } };
}

/** Requests are flat and answers nested: a client that sends an answer back has its fields under `credentials`. */
function flatten(body: Fields): Fields {
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

function readProtocol(value: unknown, complain: Complain): RemoteAccessProtocol | undefined {
  if (isAbsent(value)) return complain("protocol", "must be provided");
  const protocol = remoteAccessProtocols.find((known) => known === value);
  return protocol ?? complain("protocol", `must be one of ${remoteAccessProtocols.join(", ")}`);
}

function readAttrs(value: unknown, complain: Complain): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return complain("attrs", "must be an object");
  const { legacyAlgorithms, tlsFingerprint } = value;
  if (legacyAlgorithms !== undefined && typeof legacyAlgorithms !== "boolean") {
    return complain("attrs", "legacyAlgorithms must be true or false");
  }
  if (
    tlsFingerprint !== undefined &&
    (typeof tlsFingerprint !== "string" || readCertificatePin(tlsFingerprint) === undefined)
  ) {
    return complain("attrs", "tlsFingerprint must be a SHA-256 fingerprint");
  }
  const oddity = oddityComplaint(value);
  if (oddity !== undefined) return complain("attrs", oddity);
  if (JSON.stringify(value).length > attrsLengthMax) {
    return complain("attrs", `must have at most ${attrsLengthMax} characters as JSON`);
  }
  return value;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
