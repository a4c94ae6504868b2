// The key under which the vault seals: where it comes from, and whether it fits the database.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { Random } from "#hardware/ports.ts";
import { CloudError } from "./cloud-error.ts";
import { type Vault, VaultError, vaultKeyBytes } from "./remote-access/vault.ts";
import { flushFolder } from "./store/flush-folder.ts";
import { masterKeyCheckName, readSealedSetting } from "./store/settings.ts";
import type { Store } from "./store/store.ts";

export interface MasterKey {
  readonly key: Uint8Array;
  /** For people: the file, or the name of the variable. */
  readonly source: string;
  readonly isNew: boolean;
  /** Others than its owner may read the file. */
  readonly isReadableByOthers: boolean;
}

export interface MasterKeyOptions {
  /** `--master-key-file`. */
  readonly file?: string | undefined;
  /** Made there if it is missing, before anything else is looked at: the demo only. */
  readonly demoFile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly random: Random;
  /** Whether there is a database already, whose key must be found and cannot be made up. */
  readonly isForExistingDatabase: boolean;
}

/** Name of the systemd credential (LoadCredential=postern-master-key:...). */
const credentialName = "postern-master-key";

/** Throws CloudError `cloud.bad-master-key` naming the source. */
export function findMasterKey(options: MasterKeyOptions): MasterKey {
  const { file, demoFile, env } = options;
  if (file !== undefined) return readKeyFile(file);
  if (demoFile !== undefined) return readOrMakeKeyFile(demoFile, options);
  const credential = env["CREDENTIALS_DIRECTORY"];
  if (credential !== undefined && existsSync(join(credential, credentialName))) {
    return { ...readKeyFile(join(credential, credentialName)), isReadableByOthers: false };
  }
  const variable = env["POSTERN_MASTER_KEY"];
  if (variable !== undefined && variable !== "") {
    const source = "POSTERN_MASTER_KEY";
    return { key: decode(variable, source), source, isNew: false, isReadableByOthers: false };
  }
  const configuration = env["XDG_CONFIG_HOME"];
  const folder = configuration !== undefined && configuration !== "" ? configuration : join(homedir(), ".config");
  return readOrMakeKeyFile(join(folder, "postern", "master.key"), options);
}

/** A value sealed at the first start opens only under the same key: found out here, not at somebody's first session. */
export async function checkMasterKey(store: Store, vault: Vault, databaseFile: string): Promise<void> {
  try {
    await readSealedSetting(store, vault, masterKeyCheckName, () => Buffer.from("postern"));
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== "vault.wrong-key") throw error;
    throw new CloudError(
      "cloud.wrong-master-key",
      `The master key does not fit the database ${databaseFile}: its secrets were sealed under another one. Start with the key that was used before (--master-key-file), or with an empty data folder.`,
      { cause: error },
    );
  }
}

/** The key in the file; made there if it is missing. Throws CloudError `cloud.bad-master-key`. */
export function readOrMakeMasterKey(file: string, random: Random): MasterKey {
  return existsSync(file) ? readKeyFile(file) : makeKeyFile(file, random);
}

function readKeyFile(file: string): MasterKey {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CloudError("cloud.bad-master-key", `The master key cannot be read: ${why}`, { cause: error });
  }
  const isReadableByOthers = (statSync(file).mode & 0o077) !== 0;
  return { key: decode(text, file), source: file, isNew: false, isReadableByOthers };
}

function readOrMakeKeyFile(file: string, options: MasterKeyOptions): MasterKey {
  if (existsSync(file)) return readKeyFile(file);
  if (options.isForExistingDatabase) {
    throw new CloudError(
      "cloud.bad-master-key",
      `There is a database but no master key for it: ${file} does not exist. Name the key that was used before with --master-key-file, or start with an empty data folder.`,
    );
  }
  return makeKeyFile(file, options.random);
}

function makeKeyFile(file: string, random: Random): MasterKey {
  const key = random.bytes(vaultKeyBytes);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // `wx`: of two that start at the same time one makes it.
  // Flushed: a power cut must not leave a database whose key never reached the disk.
  writeFileSync(file, `${Buffer.from(key).toString("base64")}\n`, { mode: 0o600, flag: "wx", flush: true });
  flushFolder(dirname(file));
  return { key, source: file, isNew: true, isReadableByOthers: false };
}

function decode(text: string, source: string): Uint8Array {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, "base64");
  if (!/^[A-Za-z0-9+/]+=*$/.test(trimmed) || key.length !== vaultKeyBytes) {
    throw new CloudError(
      "cloud.bad-master-key",
      `${source}: a master key is ${vaultKeyBytes} random bytes in base64 (44 characters), such as \`openssl rand -base64 32\` makes`,
    );
  }
  return key;
}
