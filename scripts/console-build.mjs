// Builds the console into dist/console, only if its sources have changed since the last build.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runQuietly } from "./run-quietly.mjs";

/** What the built console depends on. */
const sources = ["cloud-stub/console", "protocol", "package-lock.json", "tsconfig.json"];
const stampFile = "dist/console.stamp";

/**
 * Returns whether it had to build. Rejects with the bundler's words if the build fails.
 * @param {string} root @param {string} node @param {(line: string) => void} say
 * @returns {Promise<boolean>}
 */
export async function buildConsole(root, node, say) {
  const stamp = await hashSources(root);
  const built = await readFile(join(root, "dist/console/index.html")).catch(() => undefined);
  const last = await readFile(join(root, stampFile), "utf8").catch(() => undefined);
  if (built !== undefined && last === stamp) return false;
  say("building the console");
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const args = [vite, "build", "--config", "cloud-stub/console/vite.config.ts", "--logLevel", "error"];
  await runQuietly(node, args, { cwd: root });
  await mkdir(join(root, "dist"), { recursive: true });
  await writeFile(join(root, stampFile), stamp);
  return true;
}

async function hashSources(root) {
  const hash = createHash("sha256");
  for (const source of sources) {
    for (const path of await filesBelow(root, source)) {
      hash
        .update(`${path}\0`)
        .update(await readFile(join(root, path)))
        .update("\0");
    }
  }
  return hash.digest("hex");
}

async function filesBelow(root, path) {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error) => {
    if (error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (entries === undefined) return [path];
  const below = entries
    .filter(({ name }) => name !== "node_modules" && name !== "dist")
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) => (entry.isDirectory() ? filesBelow(root, `${path}/${entry.name}`) : [`${path}/${entry.name}`]));
  return (await Promise.all(below)).flat();
}
