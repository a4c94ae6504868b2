// Completion and manual page: true to the commands, in each shell that is on this machine.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createProgram } from "#bin/commands.ts";
import { allCommands, readCommandTree } from "#bin/gateway/command-tree.ts";
import { completionScript, type Shell, shells } from "#bin/gateway/completion.ts";
import { manualPage } from "#bin/gateway/manual-page.ts";
import { addShellCommands } from "#bin/gateway/shell-commands.ts";
import { createGatewayCommand } from "#bin/gateway-command.ts";
import { gatewayVersion } from "#firmware/version.ts";

const whole = createProgram(() => {});
/** As bin/postern-gateway.ts puts it together for the gateway. */
const gatewayAlone = new Command("postern").description("d").addCommand(createGatewayCommand(() => {}));
addShellCommands(gatewayAlone);
const tree = readCommandTree(whole);
const commands = allCommands(tree);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-completion-"));
  for (const shell of shells) await writeFile(join(folder, shell), completionScript(shell, tree));
});
afterAll(() => rm(folder, { recursive: true }));

/** What each shell offers for the last of the words. */
const offers: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) =>
    run("bash", [
      "-c",
      `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _postern; printf '%s\\n' "\${COMPREPLY[@]}"`,
      join(folder, "bash"),
      ...words,
    ]),
  // Its own completion works only at a terminal: what the script hands over is caught.
  zsh: (words) =>
    run("zsh", [
      "-f",
      "-c",
      `compdef() { : }
      _describe() { local name="$4"; [[ -z $name ]] && name="$3"; for pair in "\${(@P)name}"; do offer "\${pair%%:*}"; done }
      compadd() { shift; for word in "$@"; do offer "$word"; done }
      _files() { for word in \${PREFIX}*(N); do offer "$word"; done }
      offer() { [[ "$1" == \${PREFIX}* ]] && print -r -- "$1" }
      source "$0"; words=("$@"); CURRENT=$#; PREFIX="\${words[CURRENT]}"; _postern; true`,
      join(folder, "zsh"),
      ...words,
    ]),
  fish: (words) =>
    run("fish", [
      "--no-config",
      "-c",
      `source ${join(folder, "fish")}; complete -C ${JSON.stringify(words.join(" "))}`,
    ]).map((line) => line.split("\t")[0] ?? ""),
};

function run(program: string, args: readonly string[]): readonly string[] {
  const text = execFileSync(program, args, { encoding: "utf8", cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .toSorted();
}

const isThere = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

describe("the tree", () => {
  test("has every command and option of commander's", () => {
    const walk = (command: Command, above: string): string[] => [
      ...command.options.filter(({ hidden }) => !hidden).map(({ long }) => `${above}${command.name()} ${long}`),
      ...command.commands.flatMap((each) => [
        `${above}${command.name()} ${each.name()}`,
        ...walk(each, `${above}${command.name()} `),
      ]),
    ];
    const known = commands.flatMap(({ path, options, commands: below }) => [
      ...options.map(({ names }) => [...path, names.at(-1)].join(" ")),
      ...below.map((each) => each.path.join(" ")),
    ]);
    for (const each of walk(whole, "")) expect(known).toContain(each);
    expect(walk(whole, "").length).toBeGreaterThan(60);
  });

  test("reads values: files, folders, choices", () => {
    const option = (path: string, name: string) =>
      commands.find((each) => each.path.join(" ") === path)?.options.find(({ names }) => names.includes(name))?.value;
    expect(option("postern gateway run", "--config")).toEqual({ kind: "file" });
    expect(option("postern cloud run", "--data")).toEqual({ kind: "folder" });
    expect(option("postern sim run", "--mode")).toEqual({ kind: "words", words: ["memory", "loopback"] });
    expect(option("postern up", "--port")).toEqual({ kind: "other" });
    expect(option("postern gateway status", "--json")).toBeUndefined();
  });

  test("leaves commander's own output as it was", () => {
    const before = whole.helpInformation();
    readCommandTree(whole);
    expect(whole.helpInformation()).toBe(before);
  });
});

describe.each(shells.filter((shell) => shell === "bash" || isThere(shell)))("%s", (shell) => {
  const offer = offers[shell];

  // A shell takes its time to start: what matters are the kinds of place, in each group of commands.
  const groups = commands.filter(({ commands: below }) => below.length > 0);
  const leaves = commands.filter(({ path }) =>
    /^postern (up|gateway (run|status)|cloud user add|connect|sim run)$/.test(path.join(" ")),
  );

  test.each(groups.map((each) => [each.path.join(" "), each] as const))("after %s: the commands below", (_, group) => {
    expect(offer([...group.path, ""])).toEqual(group.commands.map(({ path }) => path.at(-1)).toSorted());
  });

  test.each(leaves.map((each) => [each.path.join(" "), each] as const))("after %s --: its options", (_, command) => {
    const long = command.options.flatMap(({ names }) => names.filter((name) => name.startsWith("--")));
    expect(offer([...command.path, "--"])).toEqual(long.toSorted());
  });

  test("a beginning is completed", () => {
    expect(offer(["postern", "gat"])).toEqual(["gateway"]);
    expect(offer(["postern", "gateway", "st"])).toEqual(["status"]);
    expect(offer(["postern", "gateway", "status", "--j"])).toEqual(["--json"]);
  });

  test("choices, also of an argument", () => {
    expect(offer(["postern", "sim", "run", "--mode", ""])).toEqual(["loopback", "memory"]);
    expect(offer(["postern", "completion", ""])).toEqual(["bash", "fish", "zsh"]);
    expect(offer(["postern", "gateway", "completion", "z"])).toEqual(["zsh"]);
  });

  test("files, where a file is wanted", async () => {
    await writeFile(join(folder, "my gateway.toml"), "");
    const found = offer(["postern", "gateway", "run", "--config", "my"]);
    expect(found.map((each) => each.replaceAll("\\", ""))).toEqual(["my gateway.toml"]);
  });

  test("a value that is named as a command leads nowhere", () => {
    expect(offer(["postern", "gateway", "status", "--config", "run", "--s"])).toEqual(["--socket"]);
  });
});

describe("the manual page", () => {
  const page = manualPage(tree, { version: gatewayVersion, seeAlso: ["docs/gateway.md"] });

  test("has each command with its description, and each option", () => {
    const shown = page.replaceAll("\\-", "-").replaceAll("\\e", "\\");
    for (const command of commands.filter(({ path }) => path.length > 1 && path.at(-1) !== "help")) {
      expect(shown).toContain(`.SS ${command.path.join(" ")}\n${command.description.split("\n")[0]}`);
      for (const { flags } of command.options) expect(shown).toContain(`.B ${flags}\n`);
    }
    expect(shown).toContain(`"Postern ${gatewayVersion}"`);
    expect(shown).toContain("Exit codes: 0 passed, 1 failed");
  });

  test("is the same each time", () => {
    expect(
      manualPage(readCommandTree(createProgram(() => {})), { version: gatewayVersion, seeAlso: ["docs/gateway.md"] }),
    ).toBe(page);
  });

  test("of the gateway alone has the gateway's commands only", () => {
    const own = manualPage(readCommandTree(gatewayAlone), { version: gatewayVersion, seeAlso: [] });
    expect(own).toContain(".SS postern gateway run");
    expect(own).not.toContain("postern cloud");
  });

  test.runIf(existsSync("/usr/bin/groff"))("is taken by groff without a word", async () => {
    const file = join(folder, "postern.1");
    await writeFile(file, page);
    const { stderr, stdout, status } = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u", file], {
      encoding: "utf8",
    });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(stdout).toContain("SYNOPSIS");
  });
});

test("`postern completion` and `postern man` print them", () => {
  const postern = (args: readonly string[]): string =>
    execFileSync(process.execPath, [join(import.meta.dirname, "../../bin/postern.mjs"), ...args], { encoding: "utf8" });
  expect(postern(["completion", "bash"])).toBe(readFileSync(join(folder, "bash"), "utf8"));
  expect(postern(["gateway", "completion", "fish"])).toBe(readFileSync(join(folder, "fish"), "utf8"));
  expect(postern(["man"])).toContain(".SH SYNOPSIS");
});
