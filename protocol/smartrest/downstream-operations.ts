// The operations of device management as the cloud writes them on `s/ds` (protocol.md 4.7). None bears the operation's id.
import { writeDownstream } from "./line.ts";

/** What a log file is asked for, as the operation has it; what it leaves out is empty. */
export interface LogfileRequest {
  /** One of the types that the device named with template 118. */
  readonly logFile: string;
  readonly dateFrom: string;
  readonly dateTo: string;
  readonly searchText: string;
  readonly maximumLines: number | string;
}

/** 510: the device shall restart. */
export function writeRestart(deviceId: string): string {
  return writeDownstream(["510", deviceId]);
}

/** 511: the device shall run a command. */
export function writeCommand(deviceId: string, text: string): string {
  return writeDownstream(["511", deviceId, text]);
}

/** 522: the device shall send a part of a log. */
export function writeLogfileRequest(deviceId: string, request: LogfileRequest): string {
  const { logFile, dateFrom, dateTo, searchText, maximumLines } = request;
  return writeDownstream(["522", deviceId, logFile, dateFrom, dateTo, searchText, String(maximumLines)]);
}

/** 524: the device shall fetch a configuration and use it; 521 without a type. */
export function writeDownloadConfiguration(deviceId: string, url: string, type: string | undefined): string {
  return writeDownstream(type === undefined ? ["521", deviceId, url] : ["524", deviceId, url, type]);
}

/** 526: the device shall send its configuration; 520 without a type. */
export function writeUploadConfiguration(deviceId: string, type: string | undefined): string {
  return writeDownstream(type === undefined ? ["520", deviceId] : ["526", deviceId, type]);
}
