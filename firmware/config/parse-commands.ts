// The section [commands]: names that the cloud may send, and the programs that they stand for.
import { type ConfigFile, describe } from "./config-file.ts";
import type { ConfiguredCommand } from "./gateway-config.ts";
import { isText } from "./key-kinds.ts";

const commandsMax = 64;
/** Program and arguments. */
const partsMax = 32;
const partLengthMax = 1024;

export function parseCommands(file: ConfigFile): readonly ConfiguredCommand[] {
  const entries = file.entries("commands");
  if (entries.length > commandsMax) {
    file.report(["commands"], `must have at most ${commandsMax} commands, found ${entries.length}`);
    return [];
  }
  return entries.flatMap(([name, value]) => {
    const problem = problemOf(name, value);
    if (problem === undefined) return [{ name, command: value as readonly string[] }];
    file.report(["commands", name], problem);
    return [];
  });
}

function problemOf(name: string, value: unknown): string | undefined {
  if (!/^[a-z0-9_-]{1,32}$/.test(name)) return "must be named by 1 to 32 of a to z, 0 to 9, - and _";
  const meaning = 'a list of the program and its arguments, such as ["/usr/bin/uptime", "-p"]';
  if (!Array.isArray(value)) return `must be ${meaning}, found ${describe(value)}`;
  const [program] = value;
  if (value.length > partsMax) return `must have at most ${partsMax} entries, found ${value.length}`;
  const bad = value.findIndex((each) => !isArgument(each));
  if (program === undefined || bad >= 0) {
    return `must be ${meaning}${bad < 0 ? ", found an empty list" : `, but entry ${bad + 1} is no text of 1 to ${partLengthMax} characters`}`;
  }
  // Which program a bare name is depends on the environment, which is another under systemd.
  if (!program.startsWith("/")) {
    return `must begin with the program's absolute path, as in ["/usr/bin/uptime", "-p"], found ${describe(program)}`;
  }
  return undefined;
}

function isArgument(value: unknown): value is string {
  return isText(value) && value.length <= partLengthMax;
}
