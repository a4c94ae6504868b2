// Files that the configuration names, on a real machine: bounded, regular, and with who else may read them.
import { open } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { ConfigFiles, FileOutcome } from "../config/load-config.ts";
import { codeOf, messageOf } from "../errors.ts";

/** A configuration, a chain of certificates, a bundle of authorities: none comes near. */
const sizeMax = 1024 * 1024;
/** Any access by users that are neither the owner nor of the group. */
const modeOfOthers = 0o007;

export const configFiles: ConfigFiles = {
  read: async (path) => {
    try {
      return await readBounded(path);
    } catch (error) {
      const isMissing = codeOf(error) === "ENOENT";
      return { ok: false, why: whyUnreadable(error), ...(isMissing ? { isMissing } : {}) };
    }
  },
  resolve: (configPath, name) => resolve(dirname(resolve(configPath)), name),
  baseName: basename,
};

async function readBounded(path: string): Promise<FileOutcome> {
  await using file = await open(path, "r");
  const facts = await file.stat();
  if (facts.isDirectory()) return { ok: false, why: "is a folder" };
  const buffer = Buffer.alloc(sizeMax + 1);
  let length = 0;
  // What is no regular file, such as a pipe, gives its bytes in pieces.
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length > sizeMax) break;
  }
  if (length > sizeMax) return { ok: false, why: `has more than ${sizeMax / 1024} KiB` };
  const isOpenToOthers = (facts.mode & modeOfOthers) !== 0;
  return { ok: true, text: buffer.toString("utf8", 0, length), isOpenToOthers };
}

function whyUnreadable(error: unknown): string {
  switch (codeOf(error)) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
      return "this user may not read it: make it belong to the user that the gateway runs as";
    default:
      return messageOf(error);
  }
}
