// The files that the project consists of, as the tidy rules see them.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface ProjectFile {
  /** Relative to the project's folder, with slashes. */
  readonly path: string;
  readonly text: string;
}

export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

/** Made by tools, in .gitignore. */
const madeFolders = new Set(["node_modules", "dist", "build", ".git", ".postern", "coverage", "test-results"]);
const textFile = /(^|\/)(\.ci\/run|\.[a-z]+|[A-Z]+)$|\.(ts|tsx|mjs|js|json|md|html|css|svg|toml|sh|yml|txt)$/;

/** All text files of the checkout. */
export async function readProjectFiles(): Promise<readonly ProjectFile[]> {
  const paths = (await listFiles("")).filter((path) => textFile.test(path));
  return await Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(join(projectRoot, path), "utf8") })),
  );
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(projectRoot, folder), { withFileTypes: true });
  const nested = entries.map(async (entry): Promise<readonly string[]> => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return madeFolders.has(entry.name) ? [] : await listFiles(path);
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(nested)).flat();
}

/** Files that hold code of ours. */
export function isSource(path: string): boolean {
  return /\.(ts|tsx|mjs)$/.test(path);
}
