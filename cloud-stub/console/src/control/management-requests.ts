// What people ask a gateway to do: each makes an operation, which the Control tab then shows.
import { getBlob, postFiles, postJson } from "../cloud/api-client.ts";

/** Lines of a log that can be asked for at a time. */
export const logLinesMax = 10_000;

/** As long as a command may be, and a configuration that goes through the text field, in characters. */
export const commandLengthMax = 1_000;
export const configurationLengthMax = 65_536;

async function create(deviceId: string, description: string, fragments: Record<string, unknown>): Promise<void> {
  await postJson("/devicecontrol/operations", { deviceId, description, ...fragments });
}

export function restart(deviceId: string): Promise<void> {
  return create(deviceId, "Restart", { c8y_Restart: {} });
}

export function runCommand(deviceId: string, text: string): Promise<void> {
  return create(deviceId, `Run command “${text.slice(0, 100)}”`, { c8y_Command: { text } });
}

export interface LogWish {
  readonly logFile: string;
  /** ISO 8601. */
  readonly dateFrom: string;
  readonly dateTo: string;
  readonly searchText: string;
  readonly maximumLines: number;
}

export function getLog(deviceId: string, wish: LogWish): Promise<void> {
  return create(deviceId, `Get log “${wish.logFile}”`, { c8y_LogfileRequest: wish });
}

export function getConfiguration(deviceId: string, type: string): Promise<void> {
  return create(deviceId, `Get configuration “${type}”`, { c8y_UploadConfigFile: { type } });
}

/** The cloud keeps the text as a file; the gateway fetches it from there. */
export async function sendConfiguration(deviceId: string, type: string, text: string): Promise<void> {
  const form = new FormData();
  form.append("object", JSON.stringify({ name: type, type: "text/plain" }));
  form.append("file", new Blob([text], { type: "text/plain" }), type);
  const file = await postFiles<{ readonly self: string }>("/inventory/binaries", form);
  await create(deviceId, `Send configuration “${type}”`, { c8y_DownloadConfigFile: { type, url: file.self } });
}

/** A file that a gateway sent. */
export function fetchFile(path: string): Promise<Blob> {
  return getBlob(path, "*/*");
}
