// Set-up if needed: npm packages, native parts, the built console. Runs on Node 20; silent when there is nothing to do.
import { realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { chooseNode, nodeFacts, projectRoot } from "#bin/pinned-node.mjs";
import { buildConsole } from "./console-build.mjs";
import { comparePackages } from "./installed-packages.mjs";
import { runQuietly } from "./run-quietly.mjs";

const nativeCheck = `new (require("better-sqlite3"))(":memory:").prepare("select 1").get()`;

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

/** better-sqlite3 ships built for the common systems; elsewhere it is compiled here. */
async function checkNativeParts(node) {
  const check = () => runQuietly(node, ["-e", nativeCheck], { cwd: projectRoot });
  const works = await check().then(
    () => true,
    () => false,
  );
  if (works) return;
  say("compiling better-sqlite3, which does not load as it is; this takes a minute or two");
  const path = [dirname(realpathSync(node)), process.env.PATH].join(delimiter);
  await runQuietly("npm", ["rebuild", "better-sqlite3", "--build-from-source"], {
    cwd: projectRoot,
    env: { ...process.env, PATH: path },
  });
  await check();
}

async function setUp() {
  await installPackages();
  const node = findNode();
  if (node === undefined) return false;
  await checkNativeParts(node);
  if (await buildConsole(projectRoot, node, say)) say(`the console is in ${join("dist", "console")}`);
  return true;
}

try {
  if (!(await setUp())) process.exitCode = 1;
} catch (error) {
  console.error(`set-up failed: ${error.message}`);
  process.exitCode = 1;
}
