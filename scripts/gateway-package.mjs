// The gateway for a 64-bit ARM board as one archive: bundle, Node, serialport's native part, unit, man page and install.sh.
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { projectRoot } from "#bin/pinned-node.mjs";
import { unpackNode } from "./arm64-node.mjs";
import { bundleGateway } from "./bundle-gateway.mjs";
import { runQuietly } from "./run-quietly.mjs";
import { sourceDate } from "./source-date.mjs";

/** What is copied as it is from hardware/image into the top of the archive. */
const imageFiles = [
  "install.sh",
  "gateway.toml.example",
  "postern-gateway.service",
  "postern-gateway-uplinks.conf",
  "60-postern-gateway.rules",
  "50-postern-gateway.polkit.rules",
];
const nativePart = "@serialport+bindings-cpp.armv8.glibc.node";
/** One block size, so that the archive is the same to the byte however many cores pack it. */
const xzOptions = ["-6", "-T0", "--block-size=16MiB", "--force"];

/**
 * Makes `postern-gateway-VERSION-arm64.tar.xz` in `folder`; it appears whole or not at all. The same sources give the same bytes.
 * @param {string} folder made if missing
 * @param {(line: string) => void} say told of each long step
 * @returns {Promise<string>} the archive's path
 */
export async function packGateway(folder, say) {
  const { version } = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8"));
  const name = `postern-gateway-${version}-arm64`;
  await mkdir(folder, { recursive: true });
  const draft = await mkdtemp(join(folder, "packing-"));
  try {
    await layOut(join(draft, name), draft, say);
    say(`packing ${name}.tar.xz`);
    await pack(draft, name);
    const archive = join(folder, `${name}.tar.xz`);
    await rename(join(draft, `${name}.tar.xz`), archive);
    return archive;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Writes what the archive holds into `root`; `draft` is for what is in between. */
async function layOut(root, draft, say) {
  say("bundling the gateway");
  await mkdir(join(root, "bin"), { recursive: true });
  const { bundle, metafile } = await bundleGateway(join(root, "lib"));
  await rm(join(root, "lib", "meta.json"));
  const serialInputs = await bundleSerialport(join(root, "lib", "node_modules", "serialport"));
  say("fetching the pinned Node for arm64");
  await unpackNode(draft);
  await rename(join(draft, "node", "bin", "node"), join(root, "bin", "node"));
  const nodeLicence = await readFile(join(draft, "node", "LICENSE"), "utf8");
  for (const file of imageFiles) await copyFile(join(projectRoot, "hardware/image", file), join(root, file));
  await chmod(join(root, "install.sh"), 0o755);
  await copyFile(join(projectRoot, "LICENSE"), join(root, "LICENSE"));
  await writeFile(join(root, "VERSION"), `${basename(root).replace(/^postern-gateway-(.*)-arm64$/, "$1")}\n`);
  await writeHelp(root, bundle);
  await writeFile(
    join(root, "THIRD-PARTY.txt"),
    await licences([...Object.keys(metafile.inputs), ...serialInputs], nodeLicence),
  );
}

/** serialport's own JavaScript in one file, where it finds its native part: two folders up, in `prebuilds`. */
async function bundleSerialport(folder) {
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    // Said by name, so that an `import` of the file knows the name too.
    stdin: {
      contents: 'export { SerialPort } from "serialport";',
      resolveDir: projectRoot,
      sourcefile: "serialport.mjs",
    },
    outfile: join(folder, "dist", "index.js"),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node24",
    metafile: true,
    logLevel: "warning",
    legalComments: "eof",
    external: ["supports-color"],
  });
  const native = join("prebuilds", "linux-arm64", nativePart);
  await mkdir(dirname(join(folder, native)), { recursive: true });
  await copyFile(join(projectRoot, "node_modules/@serialport/bindings-cpp", native), join(folder, native));
  const { name, version, license } = JSON.parse(
    await readFile(join(projectRoot, "node_modules/serialport/package.json"), "utf8"),
  );
  await writeFile(
    join(folder, "package.json"),
    `${JSON.stringify({ name, version, license, main: "dist/index.js" })}\n`,
  );
  return Object.keys(metafile.inputs);
}

/** The man page and the completions that the command writes of itself. */
async function writeHelp(root, bundle) {
  const help = join(root, "share");
  await mkdir(help);
  const run = promisify(execFile);
  const says = async (...args) => (await run(process.execPath, [bundle, ...args])).stdout;
  await writeFile(join(help, "postern.1"), await says("gateway", "man"));
  for (const shell of ["bash", "zsh", "fish"]) {
    await writeFile(join(help, `postern.${shell}`), await says("gateway", "completion", shell));
  }
}

/** The licence of each package of which something went in. */
async function licences(inputs, nodeLicence) {
  const folders = new Set(inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []));
  const texts = [];
  for (const folder of [...folders].toSorted()) {
    const about = JSON.parse(await readFile(join(projectRoot, folder, "package.json"), "utf8"));
    const files = await readdir(join(projectRoot, folder));
    const file = files.toSorted().find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? "" : await readFile(join(projectRoot, folder, file), "utf8");
    texts.push(`${about.name} ${about.version} (${about.license})\n\n${text.trim()}\n`);
  }
  texts.push(`Node.js\n\n${nodeLicence}`);
  return texts.join(`\n${"-".repeat(78)}\n\n`);
}

async function pack(draft, name) {
  const tar = join(draft, `${name}.tar`);
  const owner = ["--owner=0", "--group=0", "--numeric-owner"];
  const order = ["--sort=name", `--mtime=@${(await sourceDate()) ?? 0}`, "--mode=go=rX,u+rw", "--format=gnu"];
  await runQuietly("tar", ["-C", draft, "-cf", tar, ...owner, ...order, name]);
  await runQuietly("xz", [...xzOptions, tar]);
}
