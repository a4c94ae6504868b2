// Single values in the store; those that are secret rest under the vault.
import type { Vault } from "../remote-access/vault.ts";
import type { Store } from "./store.ts";

export async function readSetting(store: Store, name: string): Promise<string | undefined> {
  const row = await store.db.selectFrom("settings").select("value").where("name", "=", name).executeTakeFirst();
  return row?.value;
}

export async function writeSetting(store: Pick<Store, "db">, name: string, value: string): Promise<void> {
  await store.db
    .insertInto("settings")
    .values({ name, value })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
    .execute();
}

/** Opens a sealed value; makes, seals and stores it if there is none. Throws VaultError. */
export async function readSealedSetting(
  store: Store,
  vault: Vault,
  name: string,
  make: () => Uint8Array,
): Promise<Uint8Array> {
  const sealed = await readSetting(store, name);
  if (sealed !== undefined) return vault.open(sealed, settingContext(name));
  const value = make();
  await writeSetting(store, name, vault.seal(value, settingContext(name)));
  return value;
}

export async function writeSealedSetting(store: Store, vault: Vault, name: string, value: string): Promise<void> {
  await writeSetting(store, name, vault.seal(value, settingContext(name)));
}

/** The value that opens only under the master key of its database. */
export const masterKeyCheckName = "master-key-check";

/** What a sealed value of that name is bound to. */
export function settingContext(name: string): string {
  return `setting ${name}`;
}
