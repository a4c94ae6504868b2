// Takes a stream of Modbus TCP apart into requests, in whatever pieces it comes (MODBUS Messaging on TCP/IP, 3.1).
import { ByteReader } from "#protocol/byte-reader.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";

const headerBytes = 7;
/** Unit and PDU: a PDU has at most 253 bytes. */
const lengthMax = 254;
/** Unit and function code. */
const lengthMin = 2;

export interface ModbusFrame {
  readonly transaction: number;
  readonly unit: number;
  /** Function code and what belongs to it. */
  readonly pdu: Uint8Array;
}

export class ModbusFrameReader {
  readonly #reader = new ByteReader(1 << 20, malformed);

  /** The requests that are whole now. Throws ProtocolError for what is no Modbus TCP; then the connection is lost. */
  *push(bytes: Uint8Array): Generator<ModbusFrame, void> {
    this.#reader.push(bytes);
    for (;;) {
      const head = this.#reader.peek(headerBytes);
      if (head === undefined) return;
      const view = Buffer.from(head.buffer, head.byteOffset, head.length);
      const length = view.readUInt16BE(4);
      if (view.readUInt16BE(2) !== 0 || length < lengthMin || length > lengthMax) throw malformed();
      const frame = this.#reader.take(headerBytes - 1 + length);
      if (frame === undefined) return;
      yield { transaction: view.readUInt16BE(0), unit: view.readUInt8(6), pdu: frame.subarray(headerBytes) };
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

function malformed(): ProtocolError {
  return new ProtocolError("modbus.malformed" as ProtocolError["code"], "not a Modbus TCP frame");
}
