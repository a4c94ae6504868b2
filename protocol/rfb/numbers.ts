// Big-endian numbers as RFB sends them (RFC 6143 section 7).

/** Unsigned, 16 bits, at `offset`. */
export function readU16(bytes: Uint8Array, offset = 0): number {
  return view(bytes).getUint16(offset);
}

/** Unsigned, 32 bits, at `offset`. */
export function readU32(bytes: Uint8Array, offset = 0): number {
  return view(bytes).getUint32(offset);
}

/** Signed, 32 bits, at `offset`. */
export function readS32(bytes: Uint8Array, offset = 0): number {
  return view(bytes).getInt32(offset);
}

/** 32 bits, signed or unsigned. */
export function writeU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  view(bytes).setUint32(0, value);
  return bytes;
}

/** Several numbers of 16 bits behind one another. */
export function writeU16s(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  values.forEach((value, index) => {
    view(bytes).setUint16(index * 2, value);
  });
  return bytes;
}

/** Parts behind one another. */
export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
