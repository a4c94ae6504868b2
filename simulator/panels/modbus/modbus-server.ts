// Answers Modbus requests from a machine's registers (MODBUS Application Protocol 1.1b3), without IO.
import type { ProcessRegisters, RegisterTable } from "../process-model-registers.ts";
import { type DeviceIdentification, readDeviceIdentification } from "./device-identification.ts";

/** Section 7. */
export const exceptionCodes = { illegalFunction: 1, illegalAddress: 2, illegalValue: 3, targetFailed: 0x0b } as const;

/** Section 6. */
const functions = {
  readCoils: 0x01,
  readDiscreteInputs: 0x02,
  readHoldingRegisters: 0x03,
  readInputRegisters: 0x04,
  writeSingleCoil: 0x05,
  writeSingleRegister: 0x06,
  writeMultipleCoils: 0x0f,
  writeMultipleRegisters: 0x10,
  encapsulatedInterface: 0x2b,
} as const;

/** Sections 6.1, 6.3, 6.11, 6.12: how much one request may be about. */
const readBitsMax = 2000;
const readRegistersMax = 125;
const writeBitsMax = 0x7b0;
const writeRegistersMax = 0x7b;
const coilOn = 0xff00;

class ModbusException extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`Modbus exception ${code}`);
    this.code = code;
  }
}

export interface ModbusUnit {
  readonly registers: ProcessRegisters;
  readonly identification: DeviceIdentification;
}

/** The answer's PDU. `unit` undefined: nobody has that number. */
export function answerRequest(unit: ModbusUnit | undefined, request: Uint8Array): Uint8Array {
  const pdu = Buffer.from(request);
  const code = pdu[0] ?? 0;
  try {
    if (unit === undefined) throw new ModbusException(exceptionCodes.targetFailed);
    return answer(unit, code, pdu);
  } catch (error) {
    if (!(error instanceof ModbusException)) throw error;
    return Uint8Array.of(code | 0x80, error.code);
  }
}

function answer({ registers, identification }: ModbusUnit, code: number, pdu: Buffer): Uint8Array {
  switch (code) {
    case functions.readCoils:
      return readBits(registers, "coil", pdu);
    case functions.readDiscreteInputs:
      return readBits(registers, "discrete", pdu);
    case functions.readHoldingRegisters:
      return readRegisters(registers, "holding", pdu);
    case functions.readInputRegisters:
      return readRegisters(registers, "input", pdu);
    case functions.writeSingleCoil:
      return writeSingleCoil(registers, pdu);
    case functions.writeSingleRegister:
      hasLength(pdu, 5);
      writeAll(registers, "holding", pdu.readUInt16BE(1), [pdu.readUInt16BE(3)]);
      return pdu;
    case functions.writeMultipleCoils:
      return writeMultipleCoils(registers, pdu);
    case functions.writeMultipleRegisters:
      return writeMultipleRegisters(registers, pdu);
    case functions.encapsulatedInterface: {
      const read = readDeviceIdentification(identification, pdu);
      if (!(read instanceof Uint8Array)) throw new ModbusException(exceptionCodes[read]);
      return read;
    }
    default:
      throw new ModbusException(exceptionCodes.illegalFunction);
  }
}

function readBits(registers: ProcessRegisters, table: RegisterTable, pdu: Buffer): Uint8Array {
  const { address, count } = readRange(pdu, 5, readBitsMax);
  const bytes = Buffer.alloc(Math.ceil(count / 8));
  for (const [at, bit] of readAll(registers, table, address, count).entries()) {
    // The first one is the lowest bit of the first byte.
    bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (at & 7));
  }
  return Buffer.concat([pdu.subarray(0, 1), Uint8Array.of(bytes.length), bytes]);
}

function readRegisters(registers: ProcessRegisters, table: RegisterTable, pdu: Buffer): Uint8Array {
  const { address, count } = readRange(pdu, 5, readRegistersMax);
  const words = Buffer.alloc(count * 2);
  for (const [at, word] of readAll(registers, table, address, count).entries()) words.writeUInt16BE(word, at * 2);
  return Buffer.concat([pdu.subarray(0, 1), Uint8Array.of(words.length), words]);
}

function writeSingleCoil(registers: ProcessRegisters, pdu: Buffer): Uint8Array {
  hasLength(pdu, 5);
  const value = pdu.readUInt16BE(3);
  if (value !== coilOn && value !== 0) throw new ModbusException(exceptionCodes.illegalValue);
  writeAll(registers, "coil", pdu.readUInt16BE(1), [value === coilOn ? 1 : 0]);
  return pdu;
}

function writeMultipleCoils(registers: ProcessRegisters, pdu: Buffer): Uint8Array {
  const { address, count } = readRange(pdu, undefined, writeBitsMax);
  hasByteCount(pdu, Math.ceil(count / 8));
  const bits = Array.from({ length: count }, (_, at) => ((pdu[6 + (at >> 3)] ?? 0) >> (at & 7)) & 1);
  writeAll(registers, "coil", address, bits);
  return pdu.subarray(0, 5);
}

function writeMultipleRegisters(registers: ProcessRegisters, pdu: Buffer): Uint8Array {
  const { address, count } = readRange(pdu, undefined, writeRegistersMax);
  hasByteCount(pdu, count * 2);
  const words = Array.from({ length: count }, (_, at) => pdu.readUInt16BE(6 + at * 2));
  writeAll(registers, "holding", address, words);
  return pdu.subarray(0, 5);
}

/** Address and how many, within the limits; `length` is that of the whole request where it is fixed. */
function readRange(pdu: Buffer, length: number | undefined, countMax: number) {
  if (length !== undefined) hasLength(pdu, length);
  if (pdu.length < 5) throw new ModbusException(exceptionCodes.illegalValue);
  const count = pdu.readUInt16BE(3);
  if (count < 1 || count > countMax) throw new ModbusException(exceptionCodes.illegalValue);
  return { address: pdu.readUInt16BE(1), count };
}

function hasLength(pdu: Buffer, length: number): void {
  if (pdu.length !== length) throw new ModbusException(exceptionCodes.illegalValue);
}

function hasByteCount(pdu: Buffer, bytes: number): void {
  if (pdu[5] !== bytes) throw new ModbusException(exceptionCodes.illegalValue);
  hasLength(pdu, 6 + bytes);
}

function readAll(registers: ProcessRegisters, table: RegisterTable, address: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => {
    const value = registers.read(table, address + at);
    if (value === undefined) throw new ModbusException(exceptionCodes.illegalAddress);
    return value;
  });
}

/** All of them, or none: what is written before one that the machine refuses is taken back. */
function writeAll(registers: ProcessRegisters, table: RegisterTable, address: number, values: readonly number[]): void {
  const before = readAll(registers, table, address, values.length);
  for (const [at, value] of values.entries()) {
    const outcome = registers.write(table, address + at, value);
    if (outcome === "written") continue;
    for (const [undone, old] of before.slice(0, at).entries()) registers.write(table, address + undone, old);
    const code = outcome === "out-of-range" ? exceptionCodes.illegalValue : exceptionCodes.illegalAddress;
    throw new ModbusException(code);
  }
}
