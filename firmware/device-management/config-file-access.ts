// The gateway's own configuration file as device management handles it: read, tried, kept or put back.
import type { Storage } from "#hardware/ports.ts";

export interface ConfigFileAccess {
  /** For messages, such as "gateway.toml". */
  readonly name: string;
  /** The file as it is now. Rejects where it cannot be read. */
  read(): Promise<string>;
  /** What would be wrong with this text at a start, with the files that it names; nothing where it could be used. */
  check(text: string): Promise<readonly string[]>;
  /** Writes a new file and keeps the old one beside it. Whenever the power fails, one of them is there whole. */
  replace(text: string): Promise<void>;
  /** Puts the old file back; does nothing where none is kept. */
  restore(): Promise<void>;
  /** The new one is good: the old one is removed. */
  keep(): Promise<void>;
  /** Why the start could not use the new file and has put the old one back, in words. */
  readonly fallenBackWhy?: string;
}

export interface StoredConfigFile {
  /** The folder that it stands in. */
  readonly storage: Storage;
  /** A name that the storage takes. */
  readonly name: string;
  readonly check: ConfigFileAccess["check"];
  readonly fallenBackWhy?: string | undefined;
}

/** What stands beside the file while a new one is tried. */
export function previousName(name: string): string {
  return `${name}.previous`;
}

export function configFileIn({ storage, name, check, fallenBackWhy }: StoredConfigFile): ConfigFileAccess {
  const previous = previousName(name);
  const read = async (): Promise<Uint8Array> => {
    const contents = await storage.read(name);
    if (contents === undefined) throw new Error(`there is no file ${name} any more`);
    return contents;
  };
  return {
    name,
    read: async () => new TextDecoder("utf-8", { fatal: true }).decode(await read()),
    check,
    replace: async (text) => {
      await storage.write(previous, await read());
      await storage.write(name, Buffer.from(text, "utf8"));
    },
    restore: () => restorePrevious(storage, name),
    keep: () => storage.remove(previous),
    ...(fallenBackWhy === undefined ? {} : { fallenBackWhy }),
  };
}

/** The old file takes the new one's place, at each power cut whole. */
export async function restorePrevious(storage: Storage, name: string): Promise<void> {
  const old = await storage.read(previousName(name));
  if (old === undefined) return;
  await storage.write(name, old);
  await storage.remove(previousName(name));
}
