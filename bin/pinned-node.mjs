// Which Node runs Postern: the pinned one from the npm packages where the running one is too old. Runs on Node 20 and later.
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The major version that runs TypeScript sources as they are and that the native packages are tested with. */
export const nodeMajorMin = 24;

/** The folder that holds package.json. */
export const projectRoot = fileURLToPath(new URL("..", import.meta.url));

/**
 * @typedef {{ version: string, execPath: string, pinnedPath: string | undefined, platform: string }} NodeFacts
 * @typedef {{ kind: "run" } | { kind: "run-again", path: string } | { kind: "explain", line: string }} NodeChoice
 */

/**
 * Decides from the running Node's version and the presence of the pinned one.
 * @param {NodeFacts} facts
 * @returns {NodeChoice}
 */
export function chooseNode({ version, execPath, pinnedPath, platform }) {
  const major = Number.parseInt(version.replace(/^v/, ""), 10);
  if (major >= nodeMajorMin) return { kind: "run" };
  if (pinnedPath !== undefined && pinnedPath !== execPath) return { kind: "run-again", path: pinnedPath };
  const remedy =
    platform === "linux"
      ? "run `npm ci` first, which brings it along"
      : `install Node ${nodeMajorMin} and run this again`;
  return { kind: "explain", line: `Postern needs Node ${nodeMajorMin} or later, and this is ${version}: ${remedy}.` };
}

/**
 * What `chooseNode` judges, read off this process.
 * @returns {NodeFacts}
 */
export function nodeFacts() {
  const link = join(projectRoot, "node_modules", ".bin", "node");
  return {
    version: process.version,
    execPath: process.execPath,
    pinnedPath: existsSync(link) ? realpathSync(link) : undefined,
    platform: process.platform,
  };
}
