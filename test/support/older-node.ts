// Finds a Node on this machine that is too old to run Postern itself.
import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Path of a Node from 20 to below 24 on the PATH or in the usual folders, or undefined. */
export async function findOlderNode(): Promise<string | undefined> {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/local/bin"]) {
    const path = await realpath(join(folder, "node")).catch(() => undefined);
    if (path === undefined) continue;
    const version = await new Promise<string>((resolve) => execFile(path, ["--version"], (_e, out) => resolve(out)));
    const major = Number.parseInt(version.slice(1), 10);
    if (major >= 20 && major < 24) return path;
  }
  return undefined;
}
