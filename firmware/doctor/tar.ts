// A tar archive in memory, in the ustar format of POSIX.1-2001 (pax: "ustar Interchange Format"), for plain files alone.

export interface ArchivedFile {
  /** Up to 100 bytes, with `/` between folders. */
  readonly name: string;
  readonly contents: Uint8Array | string;
}

const blockBytes = 512;
const nameBytesMax = 100;
const mode = 0o600;

/** Throws RangeError for a name that does not fit. `modifiedAtMs` is the time of all files. */
export function writeTar(files: readonly ArchivedFile[], modifiedAtMs: number): Uint8Array {
  const parts = files.flatMap(({ name, contents }) => {
    const bytes = Buffer.from(contents);
    const padding = Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes);
    return [writeHeader(name, bytes.length, modifiedAtMs), bytes, padding];
  });
  // Two blocks of zeros are the end.
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function writeHeader(name: string, size: number, modifiedAtMs: number): Buffer {
  if (Buffer.byteLength(name) > nameBytesMax)
    throw new RangeError(`a name of more than ${nameBytesMax} bytes: ${name}`);
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0, "utf8");
  header.write(octal(mode, 8), 100, "latin1");
  header.write(octal(0, 8), 108, "latin1");
  header.write(octal(0, 8), 116, "latin1");
  header.write(octal(size, 12), 124, "latin1");
  header.write(octal(Math.max(0, Math.floor(modifiedAtMs / 1_000)), 12), 136, "latin1");
  // The checksum is taken with blanks in its own place.
  header.write("        ", 148, "latin1");
  header.write("0", 156, "latin1");
  header.write("ustar\0" + "00", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** Zeros in front, a NUL behind. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}
