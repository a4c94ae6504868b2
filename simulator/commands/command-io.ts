// What the commands of the simulator need of the process that runs them.

export interface CommandIo {
  /** A line for people, on standard output. */
  say(line: string): void;
  /** A line about what went wrong, on standard error. */
  complain(line: string): void;
  /** Throws when the file cannot be read. */
  readText(path: string): string;
  /** Makes the folder of the file if it is missing. */
  writeFile(path: string, contents: string | Uint8Array): void;
  /** The module in a file. */
  importFile(path: string): Promise<object>;
  /** The path as it is on this machine, from the folder that the person stands in. */
  absolute(path: string): string;
  /** Folder from which on paths are told. */
  readonly folder: string;
  /** "Postern 0.1.0". */
  readonly program: string;
}

/** With which exit code a command of the simulator ends. */
export const simExitCodes = {
  passed: 0,
  /** A scenario or a seed failed. */
  failed: 1,
  /** What was asked for cannot be: a name, a value, a file, a mode. Nothing has run. */
  usage: 2,
} as const;

export type SimExitCode = (typeof simExitCodes)[keyof typeof simExitCodes];
