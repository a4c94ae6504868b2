// Set-up if needed: npm packages, native parts, the built console. Runs on Node 20; silent when there is nothing to do.
import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { chooseNode, nodeFacts, projectRoot } from "#bin/pinned-node.mjs";
import { buildConsole } from "./console-build.mjs";
import { comparePackages } from "./installed-packages.mjs";
import { runQuietly } from "./run-quietly.mjs";

/** Native parts, and what shows that they load under the pinned Node. */
const nativeParts = [
  { name: "better-sqlite3", check: `new (require("better-sqlite3"))(":memory:").prepare("select 1").get()` },
  // ssh2 works without, but its ciphers are then slower by far.
  { name: "ssh2", check: `require("ssh2/lib/protocol/crypto/build/Release/sshcrypto.node")`, isOptional: true },
];

const say = (line) => console.log(`set-up: ${line}`);

/** `npm ci`, with the npm that runs this script if one does. */
async function installPackages() {
  const difference = await comparePackages(projectRoot);
  if (difference === undefined) return;
  say(`installing npm packages (${difference}); this takes a minute or so`);
  const startMs = performance.now();
  const npm = process.env.npm_execpath;
  const options = { cwd: projectRoot };
  if (npm?.endsWith(".js")) await runQuietly(process.execPath, [npm, "ci", "--loglevel=error"], options);
  else await runQuietly("npm", ["ci", "--loglevel=error"], options);
  say(`npm packages installed in ${Math.round((performance.now() - startMs) / 1000)} s`);
}

/** The Node that will run everything, or undefined after saying why there is none. */
function findNode() {
  const choice = chooseNode(nodeFacts());
  if (choice.kind === "run") return process.execPath;
  if (choice.kind === "run-again") return choice.path;
  console.error(choice.line);
  return undefined;
}

/**
 * Loads a native part, or compiles it: it may have been built for the Node that ran npm. The headers that the pinned Node
 * brings along are used, and not those of another Node that the machine may be set to.
 */
async function checkNativePart(node, { name, check, isOptional }) {
  const loads = () => runQuietly(node, ["-e", check], { cwd: projectRoot });
  const works = await loads().then(
    () => true,
    () => false,
  );
  if (works) return;
  say(`compiling ${name}, which does not load as it is; this takes a minute or two`);
  const folder = dirname(realpathSync(node));
  const headers = existsSync(join(folder, "../include/node")) ? [`--nodedir=${join(folder, "..")}`] : [];
  try {
    await runQuietly("npm", ["rebuild", name, "--build-from-source", ...headers], {
      cwd: projectRoot,
      env: { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) },
    });
    await loads();
  } catch (error) {
    if (isOptional !== true) throw error;
    say(`${name} stays without its native part, which needs a C++ compiler and Python: ${error.message}`);
  }
}

async function setUp() {
  await installPackages();
  const node = findNode();
  if (node === undefined) return false;
  for (const part of nativeParts) await checkNativePart(node, part);
  if (await buildConsole(projectRoot, node, say)) say(`the console is in ${join("dist", "console")}`);
  return true;
}

try {
  if (!(await setUp())) process.exitCode = 1;
} catch (error) {
  console.error(`set-up failed: ${error.message}`);
  process.exitCode = 1;
}
