// Errors of the gateway and the check for what must hold.

export type ConfigErrorCode = "config.syntax" | "config.invalid" | "config.unreadable";

/** The configuration cannot be used. Each finding names file, line and key and says what was meant; the message joins them. */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode;
  readonly findings: readonly string[];

  constructor(code: ConfigErrorCode, findings: readonly string[]) {
    super(findings.join("\n"));
    this.name = "ConfigError";
    this.code = code;
    this.findings = findings;
  }
}

/** Throws when something that must hold does not: our bug, never a peer's doing. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`must hold: ${what}`);
}

/** What a caught value says, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Node's error code, such as ECONNRESET, or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
