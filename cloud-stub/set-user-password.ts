// `postern cloud user password NAME`: a new password for an account, on the data folder of a stopped or running cloud.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Clock, Random } from "#hardware/ports.ts";
import { Audit } from "./audit/audit.ts";
import { defaultTenantId } from "./cloud.ts";
import { CloudError } from "./cloud-error.ts";
import { databaseFileIn } from "./store/data-lock.ts";
import { openStore } from "./store/store.ts";
import { Accounts } from "./users/accounts.ts";
import { scryptHasher } from "./users/password-hasher.ts";
import { checkPassword } from "./users/people.ts";

/** Who the audit records of such commands name. */
export const byCommandLine = "command-line";

/**
 * Reads the password from standard input, at a terminal without showing it, unless it is given. The account's logins
 * end; a running cloud notices at the next request. Throws CloudError or AccountError with what is wrong.
 */
export async function setPasswordInStore(options: {
  readonly clock: Clock;
  readonly random: Random;
  readonly dataDir: string;
  /** `tenant/name`, or a name of the cloud's own tenant. */
  readonly name: string;
  readonly password?: string;
}): Promise<void> {
  const file = databaseFileIn(options.dataDir);
  const slash = options.name.indexOf("/");
  const tenantId = slash < 0 ? defaultTenantId : options.name.slice(0, slash);
  const name = options.name.slice(slash + 1);
  const store = openStore(file);
  try {
    const { clock, random } = options;
    const accounts = new Accounts({ clock, random, store, hasher: scryptHasher(random) });
    const unknown = new CloudError("cloud.bad-option", `There is no account ${tenantId}/${name}`);
    if ((await accounts.get(tenantId, name)) === undefined) throw unknown;
    const password = options.password ?? (await readPassword(`New password of ${tenantId}/${name}: `));
    checkPassword(password);
    const audit = new Audit({ clock, store });
    const record = {
      type: "User",
      activity: "Password changed",
      text: `Password of '${tenantId}/${name}' changed on the command line.`,
      userName: byCommandLine,
    } as const;
    const isSet = await accounts.setPassword(tenantId, name, password, (transaction) =>
      audit.record(record, transaction),
    );
    // Removed while its new password was being hashed.
    if (!isSet) throw unknown;
  } finally {
    store.close();
  }
}

/**
 * The first line of standard input. A terminal does not show what is typed and is asked twice, since a slip of the finger
 * would lock somebody out. Throws CloudError `cloud.bad-option` if it is given up.
 */
export async function readPassword(question: string): Promise<string> {
  const isTerminal = process.stdin.isTTY === true;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: isTerminal });
  const answers = lines[Symbol.asyncIterator]();
  const ask = async (words: string): Promise<string> => {
    if (isTerminal) process.stderr.write(words);
    const answer = await answers.next();
    if (isTerminal) process.stderr.write("\n");
    // Ctrl-C at a terminal ends the lines as well.
    if (answer.done === true) throw refused("No password was given; nothing was changed.");
    return answer.value;
  };
  try {
    const password = await ask(question);
    if (isTerminal && (await ask("Once more: ")) !== password) {
      throw refused("The two passwords differ; nothing was changed.");
    }
    return password;
  } finally {
    lines.close();
    process.stdin.unref?.();
  }
}

function refused(words: string): CloudError {
  return new CloudError("cloud.bad-option", words);
}
