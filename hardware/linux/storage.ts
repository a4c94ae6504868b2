// Small named files in a folder, replaced so that a power cut leaves the old or the new contents.
import { mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Storage } from "../ports.ts";

const fileMode = 0o600;
const folderMode = 0o700;
const nameSyntax = /^[a-z0-9-][a-z0-9.-]{0,63}$/;
/** Hidden, so that it is no valid name; what a power cut leaves of it is removed at the next opening. */
const temporaryPrefix = ".writing-";

/** Makes the folder if it is missing, readable by its owner only. Rejects with Node's `code` (EACCES, EROFS, ENOTDIR). */
export async function openLinuxStorage(folder: string): Promise<Storage> {
  await mkdir(folder, { recursive: true, mode: folderMode });
  for (const name of await readdir(folder)) {
    // On a disk that is read-only since the cut it stays: nobody reads it, and what is whole can be read all the same.
    if (name.startsWith(temporaryPrefix)) await unlink(join(folder, name)).catch(() => {});
  }
  let last: Promise<unknown> = Promise.resolve();
  // One change after the other, or an earlier write could overtake a later one.
  const inTurn = (change: () => Promise<void>): Promise<void> => {
    const done = last.then(change, change);
    last = done.catch(() => {});
    return done;
  };
  return {
    read: async (name) => await readIfPresent(checkedPath(folder, name)),
    write: async (name, contents) => {
      const path = checkedPath(folder, name);
      const copy = Uint8Array.from(contents);
      await inTurn(() => replaceFile(folder, path, join(folder, `${temporaryPrefix}${name}`), copy));
    },
    remove: async (name) => {
      const path = checkedPath(folder, name);
      await inTurn(() => removeFile(folder, path));
    },
    list: async () => {
      const entries = await readdir(folder, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && nameSyntax.test(entry.name))
        .map(({ name }) => name)
        .toSorted();
    },
  };
}

function checkedPath(folder: string, name: string): string {
  if (!nameSyntax.test(name)) throw new TypeError(`storage: not a valid file name: ${JSON.stringify(name)}`);
  return join(folder, name);
}

async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return Uint8Array.from(await readFile(path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function replaceFile(folder: string, path: string, temporary: string, contents: Uint8Array): Promise<void> {
  try {
    const file = await open(temporary, "w", fileMode);
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // What went wrong is told by the first error; a leftover is removed at the next opening at the latest.
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

async function removeFile(folder: string, path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await syncFolder(folder);
}

/** The new name is on the disk only once the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
