// An operation as the SmartREST line that a device gets on `s/ds` (protocol.md 4.7); those without a template come as JSON only.
import { ProtocolError } from "#protocol/protocol-error.ts";
import { parseConnectRequest, remoteAccessFragment } from "#protocol/remote-access.ts";
import { writeConnect } from "#protocol/smartrest/downstream.ts";
import {
  writeCommand,
  writeDownloadConfiguration,
  writeLogfileRequest,
  writeRestart,
  writeUploadConfiguration,
} from "#protocol/smartrest/downstream-operations.ts";
import type { Fragments } from "../devices/device-registry.ts";

type Writer = (deviceId: string, fragment: Fragments) => string | undefined;

const writers: Readonly<Record<string, Writer>> = {
  [remoteAccessFragment]: (deviceId, { hostname, port, connectionKey }) =>
    writeConnect(deviceId, parseConnectRequest({ hostname, port, connectionKey })),
  c8y_Restart: (deviceId) => writeRestart(deviceId),
  c8y_Command: (deviceId, { text }) => (typeof text === "string" ? writeCommand(deviceId, text) : undefined),
  c8y_LogfileRequest: (deviceId, { logFile, dateFrom, dateTo, searchText, maximumLines }) =>
    writeLogfileRequest(deviceId, {
      logFile: optionalText(logFile) ?? "",
      dateFrom: optionalText(dateFrom) ?? "",
      dateTo: optionalText(dateTo) ?? "",
      searchText: optionalText(searchText) ?? "",
      maximumLines: typeof maximumLines === "number" ? String(maximumLines) : (optionalText(maximumLines) ?? ""),
    }),
  c8y_DownloadConfigFile: (deviceId, { url, type }) =>
    typeof url === "string" ? writeDownloadConfiguration(deviceId, url, optionalText(type)) : undefined,
  c8y_UploadConfigFile: (deviceId, { type }) => writeUploadConfiguration(deviceId, optionalText(type)),
};

/** Undefined where there is no line for it. It may hold a connection key, a secret. */
export function operationLine(deviceExternalId: string, fragments: Fragments): string | undefined {
  const name = Object.keys(fragments).find((one) => Object.hasOwn(writers, one));
  if (name === undefined) return undefined;
  const fragment = fragments[name];
  if (typeof fragment !== "object" || fragment === null) return undefined;
  try {
    return writers[name]?.(deviceExternalId, fragment as Fragments);
  } catch (error) {
    // Too large for a line, or not as the template wants it: the JSON still tells the device.
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function optionalText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
