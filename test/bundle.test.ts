// The gateway's bundle: it holds nothing that must not ship, and it runs.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleGateway } from "#scripts/bundle-gateway.mjs";
import { forbiddenInputs, type Lock } from "./tidy/gateway-inputs.ts";
import { projectRoot } from "./tidy/project-files.ts";

const run = promisify(execFile);

/** Room to grow, but not by a package that nobody noticed: the bundle weighed 1.3 MB when this was set. */
const bundleBytesMax = 2_500_000;

const lock = JSON.parse(await readFile(join(projectRoot, "package-lock.json"), "utf8")) as Lock;
let folder = "";
let bundle = "";
let inputs: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-bundle-"));
  const built = await bundleGateway(folder);
  bundle = built.bundle;
  inputs = Object.keys(built.metafile.inputs);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the gateway's bundle", () => {
  it("holds the gateway's own sources and the packages that ship, and nothing else", () => {
    expect(inputs).toContain("firmware/gateway.ts");
    expect(inputs).toContain("hardware/linux/linux-hardware.ts");
    expect(forbiddenInputs(inputs, lock)).toEqual([]);
  });

  it("is one file of a size that a small board bears", async () => {
    expect((await stat(bundle)).size).toBeLessThan(bundleBytesMax);
  });

  it("explains itself outside of the checkout, without any package beside it", async () => {
    const { stdout } = await run(process.execPath, [bundle, "gateway", "--help"], { cwd: folder });
    expect(stdout).toContain("Usage: postern gateway");
    expect(stdout).toContain("check");
  });

  it("reads a configuration: one that is missing gives one clear line that names the file, and exit code 1", async () => {
    const failed = run(process.execPath, [bundle, "gateway", "check", "--config", "missing.toml"], { cwd: folder });
    const { code, stdout, stderr } = await failed.then(
      () => ({ code: 0, stdout: "", stderr: "" }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect(code).toBe(1);
    expect(stdout + stderr).toContain("missing.toml");
    expect(stdout + stderr).not.toContain("    at ");
  });
});

describe("the rule for the bundle's inputs", () => {
  const packages: Lock = {
    packages: {
      "node_modules/ws": {},
      "node_modules/@a/b": {},
      "node_modules/aedes": { dev: true },
      "node_modules/mqtt/node_modules/c": {},
      "node_modules/native": { optional: true },
    },
  };

  it.each([
    "cloud-stub/cloud.ts",
    "simulator/site.ts",
    "protocol/rfb/version.ts",
    "protocol/telnet/option.ts",
    "test/hardware/streams.ts",
    "bin/commands.ts",
    "node_modules/aedes/aedes.js",
    "node_modules/native/build/x.node",
    "node_modules/unknown/x.js",
    "node_modules/ws/node_modules/nested/x.js",
  ])("refuses %s", (input) => {
    expect(forbiddenInputs([input], packages)).toHaveLength(1);
  });

  it.each([
    "bin/postern-gateway.ts",
    "firmware/tunnel/tunnel.machine.ts",
    "hardware/linux/dial.ts",
    "protocol/smartrest/line.ts",
    "node_modules/ws/lib/websocket.js",
    "node_modules/@a/b/x.js",
    "node_modules/mqtt/node_modules/c/x.js",
  ])("allows %s", (input) => {
    expect(forbiddenInputs([input], packages)).toEqual([]);
  });
});
