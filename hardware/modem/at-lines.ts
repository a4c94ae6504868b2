// What a modem says, as lines (ITU-T V.250): answers, results, echoes and what nobody asked for; no IO, no clock.

/** What is longer without an end of line is no answer of a modem: the rest is dropped. */
export const lineCharactersMax = 512;

export interface AtResult {
  readonly isOk: boolean;
  /** Such as "OK", "ERROR", "NO CARRIER". */
  readonly text: string;
  /** The number of +CME ERROR and +CMS ERROR, where the modem gives one. */
  readonly code?: number;
}

/** Cuts what comes into lines; empty ones and control characters, which noise makes, are left out. */
export class AtLines {
  #line = "";

  /** The lines that have ended. */
  receive(bytes: Uint8Array): readonly string[] {
    const lines: string[] = [];
    for (const byte of bytes) {
      if (byte === 0x0d || byte === 0x0a) {
        const line = this.#line.trim();
        this.#line = "";
        if (line !== "") lines.push(line);
      } else if (byte >= 0x20 && byte < 0x7f && this.#line.length < lineCharactersMax) {
        this.#line += String.fromCharCode(byte);
      }
    }
    return lines;
  }
}

const failures = ["ERROR", "NO CARRIER", "NO DIALTONE", "BUSY", "NO ANSWER", "ABORTED", "COMMAND NOT SUPPORT"];

/** Undefined for a line that is no final result. */
export function parseResult(line: string): AtResult | undefined {
  if (line === "OK") return { isOk: true, text: line };
  if (failures.includes(line)) return { isOk: false, text: line };
  const match = /^\+CM[ES] ERROR: ?(.{0,100})$/.exec(line);
  if (match === null) return undefined;
  const [text, what = ""] = match;
  return { isOk: false, text, ...(/^\d{1,4}$/.test(what) ? { code: Number(what) } : {}) };
}

/** What the modem repeats of us until it is told not to. */
export function isEcho(line: string): boolean {
  return /^at([^a-z]|$|[a-z][\d?=&;]|[a-z]$)/i.test(line);
}

/**
 * Values of a line such as `+CREG: 2,1,"1A2B"`: without quotes, and empty where there is nothing between two commas.
 * Undefined for a line with another name.
 */
export function valuesOf(line: string, name: string): readonly string[] | undefined {
  if (!line.toUpperCase().startsWith(`${name.toUpperCase()}:`)) return undefined;
  const values: string[] = [];
  const rest = line.slice(name.length + 1);
  let value = "";
  let isQuoted = false;
  for (const character of rest) {
    if (character === '"') isQuoted = !isQuoted;
    else if (character === "," && !isQuoted) {
      values.push(value.trim());
      value = "";
    } else value += character;
  }
  return [...values, value.trim()];
}
