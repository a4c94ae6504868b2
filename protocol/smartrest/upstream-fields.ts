// Reads the fields of one message of a device; what is wrong is said with the template and the field.
import { ProtocolError } from "../protocol-error.ts";

/** Names of fragments and series: what may stand as a property of a document. */
const namePattern = /^[A-Za-z0-9_.:-]{1,128}$/;

/** A text that must be there. */
export function required(fields: readonly string[], index: number, name: string): string {
  const value = fields[index] ?? "";
  if (value === "") throw malformed(fields, index, name, "is missing");
  return value;
}

/** At most nine digits. */
export function wholeNumber(fields: readonly string[], index: number, name: string): number {
  const value = required(fields, index, name);
  if (!/^-?[0-9]{1,9}$/.test(value)) throw malformed(fields, index, name, "must be a whole number");
  return Number(value);
}

/** In decimal notation, with or without an exponent. */
export function decimalNumber(fields: readonly string[], index: number, name: string): number {
  const value = required(fields, index, name);
  const isDecimal = /^[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?$/.test(value);
  if (!isDecimal || !Number.isFinite(Number(value))) throw malformed(fields, index, name, "must be a number");
  return Number(value);
}

/** Undefined where the device left it out. */
export function optionalNumber(fields: readonly string[], index: number, name: string): number | undefined {
  return (fields[index] ?? "") === "" ? undefined : decimalNumber(fields, index, name);
}

/** An id of the platform. */
export function id(fields: readonly string[], index: number, name: string): string {
  const value = required(fields, index, name);
  if (!/^[0-9]{1,20}$/.test(value)) throw malformed(fields, index, name, "must be 1 to 20 digits");
  return value;
}

/** A name of a fragment or series. */
export function documentName(fields: readonly string[], index: number, name: string): string {
  const value = required(fields, index, name);
  if (!namePattern.test(value) || value === "__proto__") {
    throw malformed(fields, index, name, "must be 1 to 128 letters, digits or one of _ . : -");
  }
  return value;
}

/** The names from `index` on, at least one. */
export function documentNames(fields: readonly string[], index: number, name: string): readonly string[] {
  const names: string[] = [];
  for (let at = index; at < fields.length || at === index; at++) names.push(documentName(fields, at, name));
  return names;
}

/** ISO 8601 with a time zone; an empty object where the device left it out. */
export function optionalTime(fields: readonly string[], index: number): { time?: string } {
  const time = fields[index] ?? "";
  if (time === "") return {};
  const isoShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;
  if (!isoShape.test(time)) throw malformed(fields, index, "time", "must be ISO 8601 with a time zone");
  return { time };
}

/** The rest of a message as records of so many fields each; the last one may lack the fields that are empty. */
export function groupsOf(fields: readonly string[], from: number, size: number): readonly number[] {
  const starts: number[] = [];
  for (let at = from; at < fields.length; at += size) starts.push(at);
  return starts;
}

/** What a parser throws: the template, the field by number and name, and what is wrong with it. */
export function malformed(fields: readonly string[], index: number, name: string, what: string): ProtocolError {
  return new ProtocolError("smartrest.malformed", `SmartREST ${fields[0]}, field ${index} (${name}): ${what}`);
}
