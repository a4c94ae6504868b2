// What a device may be asked to do beside opening tunnels (protocol.md 4.7, 4.8): the requests, from JSON and from SmartREST lines.
import { ProtocolError } from "./protocol-error.ts";

/** The operations' fragments, which are also their names in SmartREST 501 to 503. */
export const managementFragments = {
  restart: "c8y_Restart",
  command: "c8y_Command",
  logfile: "c8y_LogfileRequest",
  uploadConfiguration: "c8y_UploadConfigFile",
  downloadConfiguration: "c8y_DownloadConfigFile",
} as const;

export type ManagementFragment = (typeof managementFragments)[keyof typeof managementFragments];

export type ManagementRequest =
  | { readonly fragment: "c8y_Restart" }
  /** 1 to 1000 characters. */
  | { readonly fragment: "c8y_Command"; readonly text: string }
  | ({ readonly fragment: "c8y_LogfileRequest" } & LogExcerptRequest)
  /** Without a type where the platform's older form was used. */
  | { readonly fragment: "c8y_UploadConfigFile"; readonly configType?: string }
  /** The URL is as the operation has it, at most 2000 characters: nobody has judged it. */
  | { readonly fragment: "c8y_DownloadConfigFile"; readonly url: string; readonly configType?: string };

export interface LogExcerptRequest {
  /** One of the names that the device told with template 118. */
  readonly logFile: string;
  /** In ms since the Unix epoch. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Only lines with this text; all where empty. */
  readonly searchText: string;
  /** 1 to `logLinesMax`, the newest. */
  readonly maximumLines: number;
}

/** Lines of a log where the operation asks for more, or does not say how many. */
export const logLinesMax = 10_000;
export const logLinesDefault = 1_000;

const commandLengthMax = 1_000;
const nameLengthMax = 128;
const searchLengthMax = 1_000;
const urlLengthMax = 2_000;

/** Operations of the platform that have a SmartREST line, by its template (protocol.md 4.7). */
const fragmentsByTemplate: Readonly<Record<string, string>> = {
  "510": "c8y_Restart",
  "511": "c8y_Command",
  "513": "c8y_Configuration",
  "515": "c8y_Firmware",
  "516": "c8y_SoftwareList",
  "517": "c8y_MeasurementRequestOperation",
  "518": "c8y_Relay",
  "519": "c8y_RelayArray",
  "520": "c8y_UploadConfigFile",
  "521": "c8y_DownloadConfigFile",
  "522": "c8y_LogfileRequest",
  "523": "c8y_CommunicationMode",
  "524": "c8y_DownloadConfigFile",
  "525": "c8y_Firmware",
  "526": "c8y_UploadConfigFile",
  "527": "c8y_DeviceProfile",
  "528": "c8y_SoftwareUpdate",
  "529": "c8y_SoftwareUpdate",
};

/** The fragment of the operation that a line of this template stands for; undefined for every other template. */
export function fragmentOfTemplate(template: string): string | undefined {
  return Object.hasOwn(fragmentsByTemplate, template) ? fragmentsByTemplate[template] : undefined;
}

export function isManagementFragment(name: string): name is ManagementFragment {
  return Object.values<string>(managementFragments).includes(name);
}

/** Reads the fragment of a JSON operation. Throws ProtocolError `device-management.malformed`; quotes nothing of it. */
export function parseManagementFragment(fragment: ManagementFragment, value: unknown): ManagementRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(fragment, "must be an object");
  }
  return parseParts(fragment, value as Parts);
}

/** Reads the fields after the device id of a line of this template. Undefined where it stands for another operation. Throws as above. */
export function parseManagementLine(template: string, fields: readonly string[]): ManagementRequest | undefined {
  const fragment = fragmentOfTemplate(template);
  if (fragment === undefined || !isManagementFragment(fragment)) return undefined;
  return parseParts(fragment, partsOfLine(template, fields));
}

type Parts = Readonly<Record<string, unknown>>;

function partsOfLine(template: string, [first, second, third, fourth, fifth]: readonly string[]): Parts {
  switch (template) {
    case "511":
      return { text: first };
    case "521":
      return { url: first };
    case "522":
      return { logFile: first, dateFrom: second, dateTo: third, searchText: fourth, maximumLines: fifth };
    case "524":
      return { url: first, type: second };
    case "526":
      return { type: first };
    default:
      return {};
  }
}

function parseParts(fragment: ManagementFragment, parts: Parts): ManagementRequest {
  switch (fragment) {
    case "c8y_Restart":
      return { fragment };
    case "c8y_Command":
      return { fragment, text: textOf(fragment, parts, "text", commandLengthMax) };
    case "c8y_LogfileRequest":
      return { fragment, ...logExcerptOf(fragment, parts) };
    case "c8y_UploadConfigFile":
      return { fragment, ...configTypeOf(fragment, parts) };
    case "c8y_DownloadConfigFile":
      return { fragment, url: textOf(fragment, parts, "url", urlLengthMax), ...configTypeOf(fragment, parts) };
    default:
      return fragment satisfies never;
  }
}

function logExcerptOf(fragment: string, parts: Parts): LogExcerptRequest {
  const fromMs = timeOf(fragment, parts, "dateFrom");
  const toMs = timeOf(fragment, parts, "dateTo");
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs)
    throw malformed(fragment, "dateFrom is after dateTo");
  return {
    logFile: textOf(fragment, parts, "logFile", nameLengthMax),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    searchText: isAbsent(parts["searchText"]) ? "" : textOf(fragment, parts, "searchText", searchLengthMax),
    maximumLines: linesOf(fragment, parts["maximumLines"]),
  };
}

function linesOf(fragment: string, value: unknown): number {
  if (isAbsent(value)) return logLinesDefault;
  const lines = typeof value === "string" && /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
  if (typeof lines !== "number" || !Number.isInteger(lines) || lines < 1) {
    throw malformed(fragment, "maximumLines must be a whole number from 1 up");
  }
  return Math.min(lines, logLinesMax);
}

function configTypeOf(fragment: string, parts: Parts): { readonly configType?: string } {
  return isAbsent(parts["type"]) ? {} : { configType: textOf(fragment, parts, "type", nameLengthMax) };
}

/** The platform's console writes zones without a colon. */
const timeShape = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)(Z|[+-]\d\d):?(\d\d)?$/;

function timeOf(fragment: string, parts: Parts, name: string): number | undefined {
  const value = parts[name];
  if (isAbsent(value)) return undefined;
  const match = typeof value === "string" ? timeShape.exec(value) : null;
  const [, time = "", zone = "", minutes = "00"] = match ?? [];
  const ms = Date.parse(`${time.replace(",", ".")}${zone === "Z" ? zone : `${zone}:${minutes}`}`);
  if (match === null || Number.isNaN(ms)) throw malformed(fragment, `${name} must be ISO 8601 with a time zone`);
  return ms;
}

function textOf(fragment: string, parts: Parts, name: string, lengthMax: number): string {
  const value = parts[name];
  if (typeof value !== "string" || value === "") throw malformed(fragment, `${name} must be a text`);
  if (value.length > lengthMax) throw malformed(fragment, `${name} must have at most ${lengthMax} characters`);
  return value;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function malformed(fragment: string, what: string): ProtocolError {
  return new ProtocolError("device-management.malformed", `${fragment}: ${what}`);
}
