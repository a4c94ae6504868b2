// Makes a folder's list of files durable: flushing a file alone keeps its bytes, but not its name.
import { closeSync, fsyncSync, openSync } from "node:fs";

export function flushFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
