// The size of a terminal's window as NAWS sends it (RFC 1073).
import { options, writeSubnegotiation } from "./codes.ts";

export interface WindowSize {
  /** In characters, 1 to 65535; 0 says that it is not known. */
  readonly columns: number;
  readonly rows: number;
}

/** Throws RangeError for what two bytes cannot hold. */
export function writeWindowSize({ columns, rows }: WindowSize): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(columns, 0);
  bytes.writeUInt16BE(rows, 2);
  return writeSubnegotiation(options.windowSize, bytes);
}

/** Undefined unless there are four bytes. */
export function readWindowSize(parameters: Uint8Array): WindowSize | undefined {
  if (parameters.length !== 4) return undefined;
  const bytes = Buffer.from(parameters);
  return { columns: bytes.readUInt16BE(0), rows: bytes.readUInt16BE(2) };
}
