// What is wrong with how a fault was asked for: an unknown name, a value that it cannot have, a place where it cannot be.

export type FaultErrorCode =
  /** No fault, profile, event or parameter of that name. */
  | "fault.unknown-name"
  /** A value out of its range or of the wrong kind, or a field that is missing. */
  | "fault.bad-value"
  /** The fault stands in the wrong place: a fault of the site on a link, one that needs a direction without one. */
  | "fault.wrong-place"
  /** This site, or this way of running one, has not got what the fault acts on. */
  | "fault.not-here";

/** Most characters of a wrong word or value that a message repeats. */
const shownMax = 80;

/** A wrong value as a message repeats it: whatever it is, and no more than its beginning. */
export function shown(value: unknown): string {
  if (typeof value === "string") return shortened(JSON.stringify(value.slice(0, shownMax + 1)));
  if (typeof value === "bigint") return shortened(`${value}n`);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return shortened(JSON.stringify(value));
  } catch {
    return Array.isArray(value) ? "a list" : "an object"; // no JSON: it contains itself, or what JSON has not
  }
}

/** The beginning of a text that may be of any length. */
export function shortened(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}...` : text;
}

/** `message` begins with the place ("faults[2].parameters.ms"), if there is one, and says what was meant. */
export class FaultError extends Error {
  readonly code: FaultErrorCode;
  /** Where in the text form it stands; empty for a call. */
  readonly place: string;

  constructor(code: FaultErrorCode, text: string, place = "") {
    super(place === "" ? text : `${place}: ${text}`);
    this.name = "FaultError";
    this.code = code;
    this.place = place;
  }

  /** The same, further in: `place` stands before its own. */
  inside(place: string): FaultError {
    const own = this.place === "" ? this.message : this.message.slice(this.place.length + 2);
    const joined = this.place === "" || this.place.startsWith("[") ? `${place}${this.place}` : `${place}.${this.place}`;
    return new FaultError(this.code, own, joined);
  }
}
