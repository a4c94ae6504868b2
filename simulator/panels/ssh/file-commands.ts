// The shell's commands about files: ls, cd, pwd, cat, touch, mkdir, rmdir, rm, sha256sum.
import { createHash } from "node:crypto";
import { type CommandContext, complain, type Outcome, type ShellCommand } from "./command.ts";
import { absolutePath, type Entry, FileError } from "./file-system.ts";

export const fileCommands: Readonly<Record<string, ShellCommand>> = {
  ls,
  cd,
  pwd: (context) => {
    context.out(`${context.folder}\n`);
    return 0;
  },
  cat,
  sha256sum,
  touch: (context) => each(context, (path) => context.machine.files.touch(path)),
  mkdir,
  rmdir: (context) =>
    each(context, (path) => {
      context.machine.files.folder(path);
      context.machine.files.remove(path);
    }),
  rm,
};

/** Options and operands: everything behind `--` is an operand. */
function split(words: readonly string[]): { readonly options: string; readonly operands: readonly string[] } {
  const rest = words.slice(1);
  const stop = rest.indexOf("--");
  const before = stop < 0 ? rest : rest.slice(0, stop);
  const isOption = (word: string) => word.startsWith("-") && word.length > 1;
  return {
    options: before
      .filter(isOption)
      .map((word) => word.slice(1))
      .join(""),
    operands: [...before.filter((word) => !isOption(word)), ...(stop < 0 ? [] : rest.slice(stop + 1))],
  };
}

/** Does something with each operand; goes on after one that failed. */
function each(context: CommandContext, act: (path: string, operand: string) => void): number {
  const { operands } = split(context.words);
  if (operands.length === 0) return complain(context, "missing operand");
  return eachOf(context, operands, act);
}

function eachOf(
  context: CommandContext,
  operands: readonly string[],
  act: (path: string, operand: string) => void,
): number {
  let status = 0;
  for (const operand of operands) {
    try {
      act(absolutePath(context.folder, operand), operand);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      status = complain(context, `${operand}: ${error.message}`);
    }
  }
  return status;
}

/** As `eachOf`, with the next one when there is room for what it says. */
function eachInTurn(
  context: CommandContext,
  operands: readonly string[],
  act: (path: string, operand: string) => void,
): Outcome {
  const rest = [...operands];
  let status = 0;
  const isDone = (): boolean => {
    while (rest.length > 0) {
      if (!context.hasRoom()) return false;
      status = Math.max(status, eachOf(context, rest.splice(0, 1), act));
    }
    return true;
  };
  if (isDone()) return status;
  return {
    start: (finished) => ({
      reads: "nothing",
      roomAgain: () => {
        if (isDone()) finished(status);
      },
      stop: () => finished(130),
    }),
  };
}

function mkdir(context: CommandContext): number {
  const { options } = split(context.words);
  const { files } = context.machine;
  return each(context, (path) => {
    if (!options.includes("p")) {
      files.makeFolder(path);
      return;
    }
    const parts = path.split("/").filter((part) => part !== "");
    for (const [index] of parts.entries()) {
      const part = `/${parts.slice(0, index + 1).join("/")}`;
      if (files.find(part)?.kind !== "folder") files.makeFolder(part);
    }
  });
}

function rm(context: CommandContext): number {
  const { options } = split(context.words);
  const isWhole = /[rR]/.test(options);
  const { files } = context.machine;
  return each(context, (path) => {
    const entry = files.find(path);
    if (entry === undefined && options.includes("f")) return;
    if (entry?.kind === "folder" && !isWhole) throw new FileError("Is a directory");
    files.remove(path, isWhole);
  });
}

function cd(context: CommandContext): number {
  const wanted = context.words[1] ?? context.environment.get("HOME") ?? "/";
  try {
    const path = absolutePath(context.folder, wanted);
    context.machine.files.folder(path);
    context.folder = path.replace(/(.)\/$/, "$1");
    return 0;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return complain(context, `${wanted}: ${error.message}`);
  }
}

/** Without operands it copies its input until that ends. */
function cat(context: CommandContext): Outcome {
  const { operands } = split(context.words);
  if (operands.length > 0) {
    return eachInTurn(context, operands, (path) => context.out(context.machine.files.read(path)));
  }
  return {
    start: (finished) => ({
      reads: "lines",
      input: (bytes) => {
        try {
          context.out(bytes);
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          finished(complain(context, error.message));
        }
      },
      inputEnded: () => finished(0),
      stop: () => finished(130),
    }),
  };
}

function sha256sum(context: CommandContext): Outcome {
  const { operands } = split(context.words);
  if (operands.length > 0)
    return eachInTurn(context, operands, (path, operand) => {
      const digest = createHash("sha256").update(context.machine.files.read(path)).digest("hex");
      context.out(`${digest}  ${operand}\n`);
    });
  const hash = createHash("sha256");
  return {
    start: (finished) => ({
      reads: "lines",
      input: (bytes) => void hash.update(bytes),
      inputEnded: () => {
        context.out(`${hash.digest("hex")}  -\n`);
        finished(0);
      },
      stop: () => finished(130),
    }),
  };
}

function ls(context: CommandContext): Outcome {
  const { options, operands } = split(context.words);
  const { files } = context.machine;
  const wanted = operands.length === 0 ? ["."] : operands;
  return eachInTurn(context, wanted, (path, operand) => {
    const entry = files.find(path);
    if (entry === undefined) throw new FileError("No such file or directory");
    const entries: readonly (readonly [string, Entry])[] =
      entry.kind === "folder" && !options.includes("d") ? [...entry.entries] : [[operand, entry]];
    const shown = entries
      .filter(([name]) => options.includes("a") || !name.startsWith(".") || name === operand)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    if (wanted.length > 1 && entry.kind === "folder") context.out(`${operand}:\n`);
    if (options.includes("l")) for (const [name, one] of shown) context.out(longLine(name, one));
    else if (!context.isOnTerminal || options.includes("1")) for (const [name] of shown) context.out(`${name}\n`);
    else if (shown.length > 0) context.out(`${shown.map(([name]) => name).join("  ")}\n`);
  });
}

function longLine(name: string, entry: Entry): string {
  const mode = { folder: "drwxr-xr-x", file: "-rw-r--r--", drain: "crw-rw-rw-" }[entry.kind];
  const bytes = entry.kind === "file" ? entry.bytes.length : 0;
  const changed = new Date(entry.changedAtMs).toISOString().slice(0, 16).replace("T", " ");
  return `${mode} root root ${String(bytes).padStart(8)} ${changed} ${name}\n`;
}
