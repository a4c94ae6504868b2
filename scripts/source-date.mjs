// When the sources were last changed: what is built from one commit bears one date, whenever and wherever it is built.
import { projectRoot } from "#bin/pinned-node.mjs";
import { runQuietly } from "./run-quietly.mjs";

/**
 * Seconds since the Unix epoch: as SOURCE_DATE_EPOCH says (reproducible-builds.org), else of the last commit; undefined
 * where there is neither.
 * @returns {Promise<number | undefined>}
 */
export async function sourceDate() {
  const said = process.env.SOURCE_DATE_EPOCH;
  if (said !== undefined && /^[0-9]{1,12}$/.test(said)) return Number(said);
  try {
    return Number((await runQuietly("git", ["log", "-1", "--format=%ct"], { cwd: projectRoot })).trim());
  } catch {
    // An archive of the sources is no checkout.
    return undefined;
  }
}
