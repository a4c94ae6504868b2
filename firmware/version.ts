// The version that the gateway reports to the cloud, and when it was made; a test keeps the version equal to package.json.

export const gatewayVersion = "0.1.0";

/** Set by the build (esbuild's `define`), ISO 8601; sources have none. */
declare const POSTERN_BUILD_DATE: string | undefined;

/** No clock that is right shows an earlier time, in ms since the Unix epoch. From sources: when this was written. */
export const builtAtMs: number =
  typeof POSTERN_BUILD_DATE === "string" ? Date.parse(POSTERN_BUILD_DATE) : Date.UTC(2026, 10, 1);
