// One read of the kernel's table of sockets serves all who ask at one moment, and nobody gets what was read before the question.
import { type FileHandle, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DeliveryTable } from "#hardware/linux/delivery-table.ts";
import { temporaryFolder } from "../support/processes.ts";

const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const remote = { remoteAddress: "127.0.0.1", remotePort: 5900 };

/** A connection from 127.0.0.1 with this local port. */
const ends = (localPort: number) => ({ localAddress: "127.0.0.1", localPort, ...remote });

/** Its line, as Linux 6.18 writes it. */
function line(localPort: number, unacknowledgedBytes: number): string {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, "0");
  const text = `   7: 0100007F:${hex(localPort, 4)} 0100007F:170C 01 ${hex(unacknowledgedBytes, 8)}:00000000 01:00000014 00000000     0        0 2088 2 0000000000000000 20 4 30 10 -1`;
  return `${text.padEnd(149)}\n`;
}

const state = (unacknowledgedBytes: number) => ({ unacknowledgedBytes, retransmits: 0 });

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let fileHandle: FileHandle;

beforeEach(async () => {
  folder = temporaryFolder();
  file = join(folder.path, "tcp");
  await writeFile(file, head + line(1, 10) + line(2, 20) + line(3, 30));
  const opened = await open(file);
  fileHandle = Object.getPrototypeOf(opened) as FileHandle;
  await opened.close();
});

afterEach(() => {
  vi.restoreAllMocks();
  folder[Symbol.dispose]();
});

it("reads the table once for all connections that are asked about at one moment", async () => {
  const reading = vi.spyOn(fileHandle, "read");
  const table = new DeliveryTable(file);
  const answers = await Promise.all([3, 1, 2, 1].map((port) => table.read(ends(port))));
  expect(answers).toEqual([state(30), state(10), state(20), state(10)]);
  expect(reading).toHaveBeenCalledTimes(1);
});

it("answers who asks while a read is under way from a later one", async () => {
  const table = new DeliveryTable(file);
  const original = fileHandle.read;
  let late: ReturnType<DeliveryTable["read"]> | undefined;
  vi.spyOn(fileHandle, "read").mockImplementation(async function (this: FileHandle, ...given: unknown[]) {
    const result = await (original as (...given: unknown[]) => Promise<{ bytesRead: number; buffer: Buffer }>).apply(
      this,
      given,
    );
    if (late === undefined) {
      late = table.read(ends(1));
      await writeFile(file, head + line(1, 11));
    }
    return result;
  } as typeof original);
  expect(await table.read(ends(1))).toEqual(state(10));
  expect(await late).toEqual(state(11));
});

it("asks the system anew for each question that comes later", async () => {
  const table = new DeliveryTable(file);
  expect(await table.read(ends(1))).toEqual(state(10));
  await writeFile(file, head + line(1, 0));
  expect(await table.read(ends(1))).toEqual(state(0));
});

it("finds connections anywhere in a long table, whatever the border of its pieces", async () => {
  const ports = Array.from({ length: 2_000 }, (_, index) => index + 1);
  await writeFile(file, head + ports.map((port) => line(port, port)).join(""));
  const table = new DeliveryTable(file);
  const answers = await Promise.all(ports.map((port) => table.read(ends(port))));
  expect(answers).toEqual(ports.map(state));
});

it("does not know a connection that is not listed, and answers the others", async () => {
  const table = new DeliveryTable(file);
  expect(await Promise.all([table.read(ends(4)), table.read(ends(3))])).toEqual([undefined, state(30)]);
});

it("reads no further than to the last connection that it looks for", async () => {
  const rest = Array.from({ length: 2_000 }, (_, index) => line(index + 100, 0)).join("");
  await writeFile(file, head + line(1, 10) + rest);
  const reading = vi.spyOn(fileHandle, "read");
  const table = new DeliveryTable(file);
  expect(await table.read(ends(1))).toEqual(state(10));
  expect(reading).toHaveBeenCalledTimes(1);
});

it("knows nothing where there is no table, and reads it once there is one", async () => {
  const missing = join(folder.path, "tcp6");
  const table = new DeliveryTable(missing);
  expect(await Promise.all([table.read(ends(1)), table.read(ends(2))])).toEqual([undefined, undefined]);
  await writeFile(missing, head + line(1, 10));
  expect(await table.read(ends(1))).toEqual(state(10));
});

it("does not read the table for a connection without an address", async () => {
  const reading = vi.spyOn(fileHandle, "read");
  const table = new DeliveryTable(file);
  expect(await table.read({ localAddress: "", localPort: 0, ...remote })).toBeUndefined();
  expect(reading).not.toHaveBeenCalled();
});
