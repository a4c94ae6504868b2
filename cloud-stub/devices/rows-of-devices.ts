// Reads the file of a bulk registration (protocol.md 2.6): its header, its rows, and which separator it uses.

export interface RowsOfDevices {
  readonly columns: readonly string[];
  readonly rows: readonly DeviceRow[];
}

export interface DeviceRow {
  /** In the file, from 1; the header is the first. */
  readonly line: number;
  /** By column; what is empty is left out. */
  readonly values: ReadonlyMap<string, string>;
}

/** Columns that a file may have. */
export const columnsMax = 100;
/** Rows that a file may have. */
export const rowsMax = 1_000;

const separators = ["\t", ";", ","];

/** What is wrong with the file as a whole; the message is for people. */
export class RowsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RowsError";
  }
}

/** Throws RowsError. */
export function readRows(text: string): RowsOfDevices {
  const lines = splitLines(text.replace(/^\uFEFF/, ""));
  const [head, ...rest] = lines;
  if (head === undefined) throw new RowsError("The file is empty");
  const separator = findSeparator(head.text);
  const columns = splitFields(head, separator).map((name) => name.trim());
  const twice = columns.find((name, index) => name === "" || columns.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new RowsError(twice === "" ? "The header has a column without a name" : `The header names ${twice} twice`);
  }
  if (columns.length > columnsMax) throw new RowsError(`The file has more than ${columnsMax} columns`);
  if (rest.length > rowsMax) throw new RowsError(`The file has more than ${rowsMax} rows`);
  const rows = rest.map((line) => {
    const fields = splitFields(line, separator);
    if (fields.length > columns.length) throw new RowsError(`Line ${line.number} has more fields than the header`);
    const pairs = fields.map((value, index) => [columns[index] ?? "", value] as const);
    return { line: line.number, values: new Map(pairs.filter(([, value]) => value !== "")) };
  });
  return { columns, rows };
}

interface Line {
  readonly number: number;
  readonly text: string;
}

/** A line break inside quotes belongs to the field. Blank lines are left out. */
function splitLines(text: string): readonly Line[] {
  const lines: Line[] = [];
  let start = 0;
  let number = 1;
  let startNumber = 1;
  let isQuoted = false;
  const add = (end: number): void => {
    const line = text.slice(start, end).replace(/\r$/, "");
    if (line.trim() !== "") lines.push({ number: startNumber, text: line });
  };
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') isQuoted = !isQuoted;
    if (text[at] !== "\n") continue;
    number += 1;
    if (isQuoted) continue;
    add(at);
    start = at + 1;
    startNumber = number;
  }
  if (isQuoted) throw new RowsError(`The quotes that open on line ${startNumber} are never closed`);
  add(text.length);
  return lines;
}

/** The one that stands in the header most often. */
function findSeparator(header: string): string {
  const count = (separator: string) => header.split(separator).length;
  return separators.reduce((best, separator) => (count(separator) > count(best) ? separator : best));
}

function splitFields({ number, text }: Line, separator: string): readonly string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const field = text[at] === '"' ? readQuoted(text, at, number) : readPlain(text, at, separator);
    fields.push(field.value);
    if (field.end >= text.length) return fields;
    if (text[field.end] !== separator) throw new RowsError(`Line ${number} has text behind closing quotes`);
    at = field.end + 1;
    if (at === text.length) return [...fields, ""];
  }
}

function readPlain(text: string, at: number, separator: string): { readonly value: string; readonly end: number } {
  const next = text.indexOf(separator, at);
  const end = next < 0 ? text.length : next;
  return { value: text.slice(at, end).trim(), end };
}

/** Two quotes in a row are one that belongs to the value (RFC 4180). */
function readQuoted(text: string, at: number, line: number): { readonly value: string; readonly end: number } {
  let value = "";
  for (let from = at + 1; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) throw new RowsError(`The quotes on line ${line} are never closed`);
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    from = quote + 2;
  }
}
