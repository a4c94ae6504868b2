// The small disk of a panel that has a shell: folders and files in memory, with limits as a small disk has them.

/** All contents together, in bytes. */
export const diskBytesMax = 4 * 1024 * 1024;
/** Files and folders. */
export const entriesMax = 1000;
/** Longest name, in bytes. */
export const nameBytesMax = 255;
/** Folders in one another. */
const depthMax = 32;
/** What a file or folder takes beside its contents. */
const entryBytes = 256;

/** What a system says of a call that failed. */
export class FileError extends Error {
  override readonly name = "FileError";
}

export interface Folder {
  readonly kind: "folder";
  readonly entries: Map<string, Entry>;
  changedAtMs: number;
}

export interface File {
  readonly kind: "file";
  bytes: Buffer;
  changedAtMs: number;
}

/** Takes everything and has nothing, as /dev/null. */
interface Drain {
  readonly kind: "drain";
  readonly changedAtMs: number;
}

export type Entry = Folder | File | Drain;

export class FileSystem {
  readonly #nowMs: () => number;
  readonly #root: Folder;
  #entries = 0;
  #bytes = 0;

  /** `files`: contents by absolute path; their folders are made. */
  constructor(nowMs: () => number, files: Readonly<Record<string, string>>) {
    this.#nowMs = nowMs;
    this.#root = this.#newFolder();
    for (const [path, text] of Object.entries(files)) {
      const parts = partsOf(path);
      for (let depth = 1; depth < parts.length; depth += 1) this.#ensureFolder(parts.slice(0, depth));
      if (path.endsWith("/")) this.#ensureFolder(parts);
      else this.write(path, Buffer.from(text, "utf8"));
    }
    this.#ensureFolder(["dev"]).entries.set("null", { kind: "drain", changedAtMs: nowMs() });
  }

  get usedBytes(): number {
    return this.#bytes + this.#entries * entryBytes;
  }

  /** Undefined where nothing is. Paths are absolute. */
  find(path: string): Entry | undefined {
    let entry: Entry | undefined = this.#root;
    for (const part of partsOf(path)) {
      if (entry?.kind !== "folder") return undefined;
      entry = entry.entries.get(part);
    }
    return entry;
  }

  /** Throws FileError, as everything below. */
  folder(path: string): Folder {
    const entry = this.find(path);
    if (entry === undefined) throw new FileError("No such file or directory");
    if (entry.kind !== "folder") throw new FileError("Not a directory");
    return entry;
  }

  read(path: string): Buffer {
    const entry = this.find(path);
    if (entry === undefined) throw new FileError("No such file or directory");
    if (entry.kind === "folder") throw new FileError("Is a directory");
    return entry.kind === "file" ? entry.bytes : Buffer.alloc(0);
  }

  write(path: string, bytes: Uint8Array, how: "replace" | "append" = "replace"): void {
    const entry = this.find(path);
    if (entry?.kind === "folder") throw new FileError("Is a directory");
    if (entry?.kind === "drain") return;
    const before = entry?.bytes ?? Buffer.alloc(0);
    const after = how === "append" ? before.length + bytes.length : bytes.length;
    if (this.#bytes - before.length + after > diskBytesMax) throw new FileError("No space left on device");
    const contents = how === "append" ? Buffer.concat([before, bytes]) : Buffer.from(bytes);
    if (entry === undefined) this.#add(path, { kind: "file", bytes: contents, changedAtMs: this.#nowMs() });
    else Object.assign(entry, { bytes: contents, changedAtMs: this.#nowMs() });
    this.#bytes += after - before.length;
  }

  /** Makes an empty file, or gives one the time of now. */
  touch(path: string): void {
    const entry = this.find(path);
    if (entry === undefined) this.write(path, Buffer.alloc(0));
    else if (entry.kind !== "drain") entry.changedAtMs = this.#nowMs();
  }

  makeFolder(path: string): void {
    if (this.find(path) !== undefined) throw new FileError("File exists");
    this.#add(path, this.#newFolder());
  }

  /** A folder with something in it only with `whole`. */
  remove(path: string, whole = false): void {
    const entry = this.find(path);
    if (entry === undefined) throw new FileError("No such file or directory");
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw new FileError("Device or resource busy");
    if (entry.kind === "drain") throw new FileError("Permission denied");
    if (entry.kind === "folder" && entry.entries.size > 0 && !whole) throw new FileError("Directory not empty");
    if (holdsDrain(entry)) throw new FileError("Device or resource busy");
    const folder = this.folder(`/${parts.join("/")}`);
    folder.entries.delete(name);
    folder.changedAtMs = this.#nowMs();
    this.#forget(entry);
  }

  #add(path: string, entry: File | Folder): void {
    const parts = partsOf(path);
    const name = parts.pop() ?? "";
    if (Buffer.byteLength(name) > nameBytesMax || parts.length >= depthMax) throw new FileError("File name too long");
    if (path.endsWith("/") && entry.kind === "file") throw new FileError("Is a directory");
    const folder = this.folder(`/${parts.join("/")}`);
    if (this.#entries >= entriesMax) throw new FileError("No space left on device");
    folder.entries.set(name, entry);
    folder.changedAtMs = this.#nowMs();
    this.#entries += 1;
  }

  #forget(entry: Entry): void {
    this.#entries -= 1;
    if (entry.kind === "file") this.#bytes -= entry.bytes.length;
    if (entry.kind === "folder") for (const inside of entry.entries.values()) this.#forget(inside);
  }

  #newFolder(): Folder {
    return { kind: "folder", entries: new Map(), changedAtMs: this.#nowMs() };
  }

  #ensureFolder(parts: readonly string[]): Folder {
    const path = `/${parts.join("/")}`;
    if (this.find(path) === undefined) this.#add(path, this.#newFolder());
    return this.folder(path);
  }
}

/** The absolute path of what is written in a folder: `..` and `.` are gone, as are doubled slashes. */
export function absolutePath(folder: string, written: string): string {
  const parts = partsOf(written.startsWith("/") ? "" : folder);
  for (const part of partsOf(written)) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  const end = written.endsWith("/") && parts.length > 0 ? "/" : "";
  return `/${parts.join("/")}${end}`;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function holdsDrain(entry: Entry): boolean {
  return entry.kind === "drain" || (entry.kind === "folder" && [...entry.entries.values()].some(holdsDrain));
}
