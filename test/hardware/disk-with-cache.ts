// For the storage's power-cut tests: a disk whose writes stay in a cache until they are synced, and what a cut can leave of it.

/** A file's contents as programs see them, and everything that the disk itself may hold of it. */
interface Inode {
  cached: string;
  onDisk: Set<string>;
}

type Folder = Map<string, Inode>;
/** A change of names that no sync of the folder has made safe yet. */
type NameChange = (folder: Folder) => void;

/** Contents of each file after a cut. */
export type DiskState = ReadonlyMap<string, string>;

const missing = (path: string): Error => Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** One folder, served in the shape of node:fs/promises. */
export class DiskWithCache {
  /** Called before each step that a cut could come before; named as in "sync .writing-state". */
  step: (what: string) => void = () => {};
  #cached: Folder = new Map();
  #durable: Folder = new Map();
  #changes: NameChange[] = [];

  constructor(files: DiskState = new Map()) {
    for (const [name, contents] of files) {
      const inode = { cached: contents, onDisk: new Set([contents]) };
      this.#cached.set(name, inode);
      this.#durable.set(name, inode);
    }
  }

  readonly mkdir = async (): Promise<void> => {};

  readonly readdir = async (_path: string, options?: { readonly withFileTypes: true }): Promise<unknown[]> => {
    const names = [...this.#cached.keys()];
    return options === undefined ? names : names.map((name) => ({ name, isFile: () => true }));
  };

  readonly readFile = async (path: string): Promise<Buffer> => Buffer.from(this.#find(path).cached);

  readonly open = async (path: string, flags: string) => {
    if (flags === "r") return { sync: async () => this.#syncFolder(), close: async () => {} };
    const name = nameOf(path);
    this.step(`open ${name}`);
    const inode = this.#cached.get(name) ?? { cached: "", onDisk: new Set([""]) };
    if (!this.#cached.has(name)) this.#change((folder) => folder.set(name, inode));
    this.#write(inode, "");
    return {
      writeFile: async (contents: Uint8Array) => {
        this.step(`write ${name}`);
        const text = Buffer.from(contents).toString();
        inode.onDisk.add(text.slice(0, text.length / 2));
        this.#write(inode, text);
      },
      sync: async () => {
        this.step(`sync ${name}`);
        inode.onDisk = new Set([inode.cached]);
      },
      close: async () => {},
    };
  };

  readonly rename = async (from: string, to: string): Promise<void> => {
    this.step(`rename ${nameOf(from)} ${nameOf(to)}`);
    const inode = this.#find(from);
    this.#change((folder) => {
      folder.delete(nameOf(from));
      folder.set(nameOf(to), inode);
    });
  };

  readonly unlink = async (path: string): Promise<void> => {
    this.#find(path);
    this.step(`unlink ${nameOf(path)}`);
    this.#change((folder) => folder.delete(nameOf(path)));
  };

  /** All that a cut at this moment can leave: any of the unsafe changes, and of each file any of its contents. */
  afterCut(): DiskState[] {
    const subsets = Array.from({ length: 2 ** this.#changes.length }, (_, bits) =>
      this.#changes.filter((_change, index) => (bits & (2 ** index)) !== 0),
    );
    return subsets.flatMap((changes) => {
      const folder = new Map(this.#durable);
      for (const change of changes) change(folder);
      let states: Map<string, string>[] = [new Map()];
      for (const [name, { onDisk }] of folder) {
        states = states.flatMap((state) => [...onDisk].map((contents) => new Map(state).set(name, contents)));
      }
      return states;
    });
  }

  #find(path: string): Inode {
    const inode = this.#cached.get(nameOf(path));
    if (inode === undefined) throw missing(path);
    return inode;
  }

  #write(inode: Inode, contents: string): void {
    inode.cached = contents;
    inode.onDisk.add(contents);
  }

  #change(change: NameChange): void {
    change(this.#cached);
    this.#changes.push(change);
  }

  #syncFolder(): void {
    this.step("sync the folder");
    this.#durable = new Map(this.#cached);
    this.#changes = [];
  }
}
