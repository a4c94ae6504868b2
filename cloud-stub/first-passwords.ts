// Passwords that were made up for new accounts, in a file of their own until a person has them.
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { NewAccount } from "./first-accounts.ts";
import { flushFolder } from "./store/flush-folder.ts";

export function passwordsFileIn(dataDir: string): string {
  return join(dataDir, "first-passwords.txt");
}

/**
 * Puts the passwords on the disk, one line for each account, mode 0600. To be called before the accounts are made: their
 * passwords are nowhere else. Lines of accounts that are not new stay.
 */
export function keepFirstPasswords(file: string, accounts: readonly NewAccount[]): void {
  const old = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const others = old.filter((line) => line !== "" && !accounts.some(({ user }) => line.startsWith(`${user} `)));
  const made = accounts.flatMap(({ user, madeUpPassword }) =>
    madeUpPassword === undefined ? [] : [`${user} ${madeUpPassword}`],
  );
  if (others.length + made.length === 0) {
    rmSync(file, { force: true });
    return;
  }
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${[...made, ...others].sort().join("\n")}\n`, { mode: 0o600, flush: true });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
  flushFolder(dirname(file));
}
