// What the simulator's commands need of this process: its outputs, its files and its folder.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

export function processIo() {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  // Whoever reads only the first lines of a list has closed its end.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    say: (line: string): void => void process.stdout.write(`${line}\n`),
    complain: (line: string): void => void process.stderr.write(`${line}\n`),
    readText: (path: string): string => readFileSync(path, "utf8"),
    writeFile: (path: string, contents: string | Uint8Array): void => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, contents);
    },
    importFile: (path: string): Promise<object> => import(pathToFileURL(path).href),
    absolute: (path: string): string => resolve(path),
    folder: process.cwd(),
    program: `Postern ${manifest.version}`,
  };
}
