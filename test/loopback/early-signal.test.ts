// A signal that comes while a command is still being loaded ends it in order too.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { findOlderNode } from "../support/older-node.ts";
import { type RunningCommand, startCommand } from "../support/running-command.ts";

const limitMs = 60_000;
const folder = await mkdtemp(join(tmpdir(), "postern-early-"));
const olderNode = await findOlderNode();
const running: RunningCommand[] = [];
const config = join(folder, "gateway.toml");
await writeFile(
  config,
  `[cloud]\nurl = "https://127.0.0.1:1"\n[registration]\npassword = "unused"\n[state]\ndir = "state"\n`,
);

const cloudRun = ["cloud", "run", "--data", join(folder, "cloud"), "--http-port", "0", "--https-port", "0"];
const commands = {
  up: ["up", "--data", join(folder, "up"), "--port", "0"],
  "cloud run": [...cloudRun, "--mqtts-port", "0"],
  "gateway run": ["gateway", "run", "--config", config],
} as const;

/** Starts a command with a module that Node loads first. */
function startWith(module: string, args: readonly string[], node = process.execPath): RunningCommand {
  const preload = `data:text/javascript;base64,${Buffer.from(module).toString("base64")}`;
  const command = startCommand(args, { node, env: { NODE_OPTIONS: `--import=${preload}` } });
  running.push(command);
  return command;
}

/** Sends the signal when Node comes to load the file. */
const signalAtLoading = (signal: string, file: string, receiver = "process.pid"): string => `
  import * as nodeModule from "node:module";
  nodeModule.registerHooks?.({
    load(url, context, next) {
      if (url.endsWith(${JSON.stringify(file)})) process.kill(${receiver}, ${JSON.stringify(signal)});
      return next(url, context);
    },
  });
`;

afterEach(async () => {
  for (const command of running.splice(0)) await command.kill();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(Object.keys(commands) as (keyof typeof commands)[])("postern %s", (name) => {
  it.each([
    { signal: "SIGINT", file: "/bin/commands.ts" },
    { signal: "SIGTERM", file: "/bin/commands.ts" },
    { signal: "SIGTERM", file: { up: "/simulator", "cloud run": "/cloud-stub", "gateway run": "/firmware" }[name] },
  ])(
    "ends with exit code 0 when $signal comes while $file is being loaded",
    async ({ signal, file }) => {
      const path = file.endsWith(".ts") ? file : `${file}/main.ts`;
      const command = startWith(signalAtLoading(signal, path), commands[name]);
      expect(await command.ended).toEqual({ code: 0, signal: null });
    },
    limitMs,
  );
});

it(
  "leaves a command that ends by itself to the signal",
  async () => {
    const command = startWith(signalAtLoading("SIGTERM", "/bin/commands.ts"), ["gateway", "check", "--config", config]);
    expect(await command.ended).toEqual({ code: null, signal: "SIGTERM" });
  },
  limitMs,
);

if (olderNode !== undefined && process.platform === "linux") {
  it.each([
    { when: "is loaded", module: signalAtLoading("SIGTERM", "/bin/commands.ts", "process.ppid") },
    {
      when: "does not listen for anything yet",
      // Only the process below: the one above has no such function. It waits to be killed.
      module: `
        import * as nodeModule from "node:module";
        if (nodeModule.registerHooks !== undefined) {
          process.kill(process.ppid, "SIGTERM");
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
        }
      `,
    },
  ])(
    "postern gateway run, started with an older Node, ends with exit code 0 when a signal comes while the one below $when",
    async ({ module }) => {
      const command = startWith(module, commands["gateway run"], olderNode);
      expect(await command.ended).toEqual({ code: 0, signal: null });
    },
    limitMs,
  );
}
