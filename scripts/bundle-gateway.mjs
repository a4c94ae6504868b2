// Bundles what ships on the gateway into one file, with the bundler's record of everything that went in.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "#bin/pinned-node.mjs";
import { sourceDate } from "./source-date.mjs";

export const gatewayBundle = "postern-gateway.mjs";

/** CommonJS packages in an ES module still ask for Node's own modules by `require`. */
const banner = [
  `import { createRequire as posternCreateRequire } from "node:module";`,
  "const require = posternCreateRequire(import.meta.url);",
].join("\n");

/**
 * @param {string} folder where the bundle and meta.json go; made if missing
 * @returns {Promise<{ bundle: string, metafile: import("esbuild").Metafile }>}
 */
export async function bundleGateway(folder) {
  const bundle = join(folder, gatewayBundle);
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: ["bin/postern-gateway.ts"],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    metafile: true,
    logLevel: "warning",
    legalComments: "eof",
    banner: { js: banner },
    define: await definitions(),
    // Optional accelerators of ws that are not installed: it asks for them and does without. serialport has a native part,
    // which no bundle can hold: it stands beside the bundle, and is loaded when a serial port is opened.
    external: ["bufferutil", "utf-8-validate", "serialport"],
  });
  await writeFile(join(folder, "meta.json"), JSON.stringify(metafile));
  await chmod(bundle, 0o755);
  return { bundle, metafile };
}

/** The gateway takes no clock for right that shows a time before its own build (firmware/version.ts). */
async function definitions() {
  const seconds = await sourceDate();
  return seconds === undefined ? {} : { POSTERN_BUILD_DATE: JSON.stringify(new Date(seconds * 1000).toISOString()) };
}
