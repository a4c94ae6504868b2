// Reads one of the kernel's tables of TCP sockets, once for all connections that are asked about at about the same time.
import { type FileHandle, open } from "node:fs/promises";
import type { DeliveryState } from "../ports.ts";
import { connectionOfLine, connectionText, parseDeliveryLine, type SocketEnds } from "./proc-net.ts";

/** Who asks within this time of the first one shares its read; the watches of a gateway's tunnels all look at one moment. */
const gatherMs = 20;
/** The kernel hands out no more than a page at a time. */
const chunkBytes = 4 * 1024;

type Answer = (state: DeliveryState | undefined) => void;

/** By connection, as the table writes it. */
type Questions = Map<string, Answer[]>;

/**
 * To read a table makes the kernel walk all its buckets (milliseconds on a machine with much memory), and its text has
 * every socket of the machine. So one read serves everybody, it looks only for what was asked, and ends when that is found.
 */
export class DeliveryTable {
  readonly #file: string;
  readonly #chunk = Buffer.alloc(chunkBytes);
  #asked: Questions = new Map();
  #isBusy = false;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * As the table says after this call, never from a read that began before it: "all is acknowledged" is only true of
   * what had been sent until then. Undefined for a connection that is not listed and where there is no table. Never rejects.
   */
  read(ends: SocketEnds): Promise<DeliveryState | undefined> {
    const connection = connectionText(ends);
    if (connection === undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const answers = this.#asked.get(connection);
      if (answers === undefined) this.#asked.set(connection, [resolve]);
      else answers.push(resolve);
      this.#gather();
    });
  }

  #gather(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    setTimeout(() => void this.#answerAll(), gatherMs);
  }

  async #answerAll(): Promise<void> {
    const asked = this.#asked;
    this.#asked = new Map();
    try {
      await using table = await open(this.#file);
      await this.#search(table, asked);
    } catch {
      // No such file outside Linux: the port then says that it cannot tell.
    }
    for (const answers of asked.values()) for (const answer of answers) answer(undefined);
    this.#isBusy = false;
    if (this.#asked.size > 0) this.#gather();
  }

  /** Answers and takes out what the table has. */
  async #search(table: FileHandle, asked: Questions): Promise<void> {
    let rest = "";
    while (asked.size > 0) {
      const { bytesRead } = await table.read(this.#chunk, 0, chunkBytes, null);
      if (bytesRead === 0) return;
      const lines = (rest + this.#chunk.toString("latin1", 0, bytesRead)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) answerFrom(line, asked);
    }
  }
}

function answerFrom(line: string, asked: Questions): void {
  const connection = connectionOfLine(line);
  const answers = asked.get(connection);
  if (answers === undefined) return;
  asked.delete(connection);
  const state = parseDeliveryLine(line);
  for (const answer of answers) answer(state);
}
