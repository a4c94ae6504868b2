// The requests of device management: both forms read alike, and what cannot be read says why without quoting it.
import { describe, expect, it } from "vitest";
import {
  fragmentOfTemplate,
  logLinesDefault,
  logLinesMax,
  type ManagementFragment,
  parseManagementFragment,
  parseManagementLine,
} from "#protocol/device-management.ts";
import { parseDownstream } from "#protocol/smartrest/downstream.ts";
import {
  writeCommand,
  writeDownloadConfiguration,
  writeLogfileRequest,
  writeRestart,
  writeUploadConfiguration,
} from "#protocol/smartrest/downstream-operations.ts";
import { parseMessages } from "#protocol/smartrest/line.ts";

const secret = "s3cret-in-the-operation";

describe("requests of device management", () => {
  const dates = { dateFrom: "2026-01-31T10:15:30.000Z", dateTo: "2026-01-31T12:15:30+0100" };
  it.each<[line: string, fragment: ManagementFragment, value: object, request: object]>([
    [writeRestart("gw-1"), "c8y_Restart", {}, {}],
    [writeCommand("gw-1", 'say "hi", you'), "c8y_Command", { text: 'say "hi", you' }, { text: 'say "hi", you' }],
    [
      writeLogfileRequest("gw-1", { logFile: "a", ...dates, searchText: "warn", maximumLines: 7 }),
      "c8y_LogfileRequest",
      { logFile: "a", ...dates, searchText: "warn", maximumLines: 7 },
      {
        logFile: "a",
        fromMs: Date.UTC(2026, 0, 31, 10, 15, 30),
        toMs: Date.UTC(2026, 0, 31, 11, 15, 30),
        searchText: "warn",
        maximumLines: 7,
      },
    ],
    [
      "522,gw-1,a",
      "c8y_LogfileRequest",
      { logFile: "a" },
      { logFile: "a", searchText: "", maximumLines: logLinesDefault },
    ],
    [
      "522,gw-1,a,,,,999999999",
      "c8y_LogfileRequest",
      { logFile: "a", searchText: null, maximumLines: 1e9 },
      { logFile: "a", searchText: "", maximumLines: logLinesMax },
    ],
    [writeUploadConfiguration("gw-1", "t"), "c8y_UploadConfigFile", { type: "t" }, { configType: "t" }],
    [writeUploadConfiguration("gw-1", undefined), "c8y_UploadConfigFile", {}, {}],
    [
      writeDownloadConfiguration("gw-1", "https://x/y", "t"),
      "c8y_DownloadConfigFile",
      { url: "https://x/y", type: "t" },
      { url: "https://x/y", configType: "t" },
    ],
    [
      writeDownloadConfiguration("gw-1", "https://x/y", undefined),
      "c8y_DownloadConfigFile",
      { url: "https://x/y" },
      { url: "https://x/y" },
    ],
  ])("read %s as the JSON of %s", (line, fragment, value, request) => {
    const [fields = []] = parseMessages(line);
    expect(parseDownstream(fields)).toEqual({ kind: "manage", deviceId: "gw-1", request: { fragment, ...request } });
    expect(parseManagementFragment(fragment, value)).toEqual({ fragment, ...request });
  });

  it.each<[fragment: ManagementFragment, value: unknown, words: string]>([
    ["c8y_Restart", null, "must be an object"],
    ["c8y_Restart", [secret], "must be an object"],
    ["c8y_Command", {}, "text must be a text"],
    ["c8y_Command", { text: [secret] }, "text must be a text"],
    ["c8y_Command", { text: secret.repeat(100) }, "text must have at most 1000 characters"],
    ["c8y_LogfileRequest", { logFile: secret.repeat(10) }, "logFile must have at most 128 characters"],
    ["c8y_LogfileRequest", { logFile: "a", maximumLines: secret }, "maximumLines must be a whole number from 1 up"],
    ["c8y_LogfileRequest", { logFile: "a", maximumLines: 0 }, "maximumLines must be a whole number from 1 up"],
    ["c8y_LogfileRequest", { logFile: "a", maximumLines: -1 }, "maximumLines must be a whole number from 1 up"],
    [
      "c8y_LogfileRequest",
      { logFile: "a", dateTo: "2026-13-31T10:15:30Z" },
      "dateTo must be ISO 8601 with a time zone",
    ],
    ["c8y_LogfileRequest", { logFile: "a", dateTo: "2026-01-31T10:15:30" }, "dateTo must be ISO 8601 with a time zone"],
    ["c8y_LogfileRequest", { logFile: "a", dateTo: 5 }, "dateTo must be ISO 8601 with a time zone"],
    [
      "c8y_LogfileRequest",
      { logFile: "a", dateFrom: "2026-01-31T10:15:30Z", dateTo: "2026-01-31T10:15:29Z" },
      "dateFrom is after dateTo",
    ],
    [
      "c8y_LogfileRequest",
      { logFile: "a", searchText: secret.repeat(100) },
      "searchText must have at most 1000 characters",
    ],
    ["c8y_UploadConfigFile", { type: { secret } }, "type must be a text"],
    ["c8y_DownloadConfigFile", { type: "t" }, "url must be a text"],
    ["c8y_DownloadConfigFile", { url: secret.repeat(100) }, "url must have at most 2000 characters"],
  ])("of %s are refused for %j", (fragment, value, words) => {
    const read = () => parseManagementFragment(fragment, value);
    expect(read).toThrow(expect.objectContaining({ code: "device-management.malformed" }));
    expect(read).toThrow(words);
    expect(read).not.toThrow(secret);
  });

  it("are none of the platform's other operations", () => {
    expect(fragmentOfTemplate("528")).toBe("c8y_SoftwareUpdate");
    expect(parseManagementLine("528", ["a", "b"])).toBeUndefined();
    expect(fragmentOfTemplate("530")).toBeUndefined();
    expect(fragmentOfTemplate("constructor")).toBeUndefined();
  });
});
