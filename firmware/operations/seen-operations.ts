// Remembers which operations were seen, so that one that comes twice is run once. Keys are kept as hashes: they are secrets.
import { createHash } from "node:crypto";
import type { ConnectRequest } from "#protocol/remote-access.ts";

/** Marks remembered, oldest forgotten first: each operation leaves at most two. */
export const marksMax = 512;

export function keyMark({ connectionKey }: ConnectRequest): string {
  return createHash("sha256").update(connectionKey, "utf8").digest("base64url");
}

export function idMark(operationId: string): string {
  return `id:${operationId}`;
}

export function withMarks(seen: readonly string[], marks: readonly string[]): readonly string[] {
  return [...seen, ...marks.filter((mark) => !seen.includes(mark))].slice(-marksMax);
}
