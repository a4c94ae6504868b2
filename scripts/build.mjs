// `npm run build`: the gateway in one file, the console as static files, and what both weigh.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chooseNode, nodeFacts, projectRoot } from "#bin/pinned-node.mjs";
import { bundleGateway, gatewayBundle } from "./bundle-gateway.mjs";
import { buildConsole } from "./console-build.mjs";
import { packGateway } from "./gateway-package.mjs";

const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;

async function weigh(name, paths) {
  const contents = await Promise.all(paths.map((path) => readFile(path)));
  const bytes = contents.reduce((sum, { length }) => sum + length, 0);
  const packed = contents.reduce((sum, content) => sum + gzipSync(content).length, 0);
  console.log(`${name}: ${kilobytes(bytes)}, compressed ${kilobytes(packed)}`);
}

async function filesBelow(folder) {
  const names = await readdir(folder, { recursive: true });
  const paths = names.map((name) => join(folder, name));
  const stats = await Promise.all(paths.map((path) => stat(path)));
  return paths.filter((_path, index) => stats[index].isFile());
}

const choice = chooseNode(nodeFacts());
if (choice.kind === "explain") {
  console.error(choice.line);
  process.exit(1);
}
const { bundle, metafile } = await bundleGateway(join(projectRoot, "dist/gateway"));
await weigh(`gateway, ${gatewayBundle} of ${Object.keys(metafile.inputs).length} sources`, [bundle]);
await buildConsole(projectRoot, choice.kind === "run" ? process.execPath : choice.path, console.log);
await weigh("console, dist/console", await filesBelow(join(projectRoot, "dist/console")));
await weigh("the gateway for 64-bit ARM boards", [await packGateway(join(projectRoot, "dist"), console.log)]);
