// Runs the suite of real sockets with the gateway that ships for ARM boards, out of its archive, under QEMU on x64.
// Arguments: test files; without any, all that start a gateway as a process of its own.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "#bin/pinned-node.mjs";
import { arm64Emulator, arm64Paths, isArm64NodeReady, prepareArm64Node } from "./arm64-node.mjs";
import { packGateway } from "./gateway-package.mjs";
import { runQuietly } from "./run-quietly.mjs";

const folder = join(projectRoot, "build", "arm64-gateway");
const suite = [
  "default-policy",
  "early-signal",
  "kill-loop",
  "listens-on-nothing",
  "passthrough",
  "secrets",
  "signals",
  "three-programs",
].map((name) => `test/loopback/${name}.test.ts`);

if (!isArm64NodeReady()) await prepareArm64Node();
const archive = await packGateway(join(projectRoot, "dist"), console.log);
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await runQuietly("tar", ["-xJf", archive, "-C", folder, "--strip-components=1"]);
const [node, bundle] = [join(folder, "bin/node"), join(folder, "lib/postern-gateway.mjs")];
if (!existsSync(node) || !existsSync(bundle)) throw new Error(`${archive} is not whole`);
const wanted = process.argv.length > 2 ? process.argv.slice(2) : suite;
const vitest = join(projectRoot, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--project", "system", ...wanted], {
  cwd: projectRoot,
  stdio: "inherit",
  env: {
    ...process.env,
    POSTERN_TEST_GATEWAY: JSON.stringify([arm64Emulator, node, bundle]),
    QEMU_LD_PREFIX: arm64Paths.sysroot,
  },
});
process.exitCode = status ?? 1;
