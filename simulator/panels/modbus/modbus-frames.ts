// Takes a stream of Modbus TCP apart into requests, in whatever pieces it comes (MODBUS Messaging on TCP/IP 1.0b, 3.1).

const headerBytes = 7;
/** Unit and PDU: a PDU has at most 253 bytes. */
const lengthMax = 254;
/** Unit and function code. */
const lengthMin = 2;

/** What came is no Modbus TCP: where its frames begin and end is not known any more. */
export class ModbusFrameError extends Error {
  override readonly name = "ModbusFrameError";
}

export interface ModbusFrame {
  readonly transaction: number;
  readonly unit: number;
  /** Function code and what belongs to it, 1 to 253 bytes. */
  readonly pdu: Uint8Array;
}

/** Holds at most one frame that is not whole, and what came with it. */
export class ModbusFrameReader {
  #held: Buffer = Buffer.alloc(0);

  /** The requests that are whole now. Throws ModbusFrameError; then the connection is lost. */
  *push(bytes: Uint8Array): Generator<ModbusFrame, void> {
    this.#held = Buffer.concat([this.#held, bytes]);
    while (this.#held.length >= headerBytes - 1) {
      const protocol = this.#held.readUInt16BE(2);
      const length = this.#held.readUInt16BE(4);
      if (protocol !== 0) throw new ModbusFrameError(`protocol identifier ${protocol} is not Modbus`);
      if (length < lengthMin || length > lengthMax) throw new ModbusFrameError(`a frame cannot have length ${length}`);
      const end = headerBytes - 1 + length;
      if (this.#held.length < end) return;
      const frame = this.#held.subarray(0, end);
      this.#held = this.#held.subarray(end);
      yield { transaction: frame.readUInt16BE(0), unit: frame.readUInt8(6), pdu: frame.subarray(headerBytes) };
    }
  }
}

export function writeFrame({ transaction, unit, pdu }: ModbusFrame): Uint8Array {
  const head = Buffer.alloc(headerBytes);
  head.writeUInt16BE(transaction, 0);
  head.writeUInt16BE(pdu.length + 1, 4);
  head.writeUInt8(unit, 6);
  return Buffer.concat([head, pdu]);
}
