// `postern cloud user|audit|backup|restore|rekey`: what is done to a cloud's data folder from the command line.
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { parseHash } from "./command-options.ts";

type Finished = (exitCode: number) => void;

interface DataOption {
  readonly data: string;
}

interface KeyOption extends DataOption {
  readonly masterKeyFile?: string;
}

const keyOption = [
  "--master-key-file <file>",
  "the present master key, if it is not where the cloud looks for it",
] as const;

export function addDataCommands(cloud: Command, finished: Finished): void {
  addUserCommands(cloud);
  addAuditCommands(cloud, finished);
  addBackupCommands(cloud);
  addRekey(cloud);
}

function takesData(command: Command): Command {
  return command.requiredOption("--data <folder>", "the cloud's data folder, as in `postern cloud run --data`");
}

function addUserCommands(cloud: Command): void {
  const user = cloud.command("user").description("the cloud's accounts");
  takesData(user.command("add <name>"))
    .description("make an account; its password is read from standard input or asked for at the terminal")
    .addOption(
      new Option(
        "--group <name...>",
        "groups that it belongs to, written after the account's name: admins, readers, technicians or your own",
      ).default([], "none, so that it may do nothing"),
    )
    .action(async (name: string, { data, group }: DataOption & { readonly group: readonly string[] }) => {
      const { addCloudUser } = await import("#cloud-stub/main.ts");
      await addCloudUser({ dataDir: resolve(data), name, groups: group });
    });
  takesData(user.command("password <name>"))
    .description("give an account a new password, read from standard input or asked for at the terminal")
    .action(async (name: string, { data }: DataOption) => {
      const { setUserPassword } = await import("#cloud-stub/main.ts");
      await setUserPassword({ dataDir: resolve(data), name });
    });
  for (const word of ["disable", "enable"] as const) {
    takesData(user.command(`${word} <name>`))
      .description(word === "disable" ? "end an account's logins and sessions, and let none begin" : "undo `disable`")
      .action(async (name: string, { data }: DataOption) => {
        const { setCloudUserEnabled } = await import("#cloud-stub/main.ts");
        await setCloudUserEnabled({ dataDir: resolve(data), name, isEnabled: word === "enable" });
      });
  }
  takesData(user.command("list"))
    .description("show each person's account with its state and groups")
    .action(async ({ data }: DataOption) => {
      const { listCloudUsers } = await import("#cloud-stub/main.ts");
      for (const line of await listCloudUsers({ dataDir: resolve(data) })) console.log(line);
    });
}

function addAuditCommands(cloud: Command, finished: Finished): void {
  const audit = cloud.command("audit").description("the cloud's audit trail");
  takesData(audit.command("verify"))
    .description(
      "check that no audit record was changed or removed, and print the last one's hash; exit code 1 if one was",
    )
    .option("--expect <hash>", "a hash that this command printed earlier: it must still be in the trail", parseHash)
    .action(async ({ data, expect }: DataOption & { readonly expect?: string }) => {
      const { verifyCloudAudit } = await import("#cloud-stub/main.ts");
      const expected = expect === undefined ? {} : { expectedHash: expect };
      const { isUnbroken, words } = verifyCloudAudit({ dataDir: resolve(data), ...expected });
      console.log(words);
      finished(isUnbroken ? 0 : 1);
    });
}

function addBackupCommands(cloud: Command): void {
  takesData(cloud.command("backup"))
    .description("copy the database, also of a running cloud; the master key is not in the copy")
    .requiredOption("--to <file>", "a new file, readable by its owner only")
    .action(async ({ data, to }: DataOption & { readonly to: string }) => {
      const { backupCloud } = await import("#cloud-stub/main.ts");
      console.log(backupCloud({ dataDir: resolve(data), to: resolve(to) }));
    });
  takesData(cloud.command("restore"))
    .description("put a back-up in the place of a stopped cloud's database; every login ends")
    .requiredOption("--from <file>", "the back-up")
    .option(...keyOption)
    .option("--force", "overwrite the database that is there")
    .action(async ({ data, from, force, masterKeyFile }: KeyOption & { from: string; force?: true }) => {
      const { restoreCloud } = await import("#cloud-stub/main.ts");
      const options = { dataDir: resolve(data), from: resolve(from), isForced: force === true };
      console.log(await restoreCloud({ ...options, ...(masterKeyFile === undefined ? {} : { masterKeyFile }) }));
    });
}

function addRekey(cloud: Command): void {
  takesData(cloud.command("rekey"))
    .description("put the stored secrets of a stopped cloud under a new master key, all of them or none")
    .option(...keyOption)
    .requiredOption("--new-master-key-file <file>", "the new key; made if it is missing")
    .action(async ({ data, masterKeyFile, newMasterKeyFile }: KeyOption & { readonly newMasterKeyFile: string }) => {
      const { rekeyCloud } = await import("#cloud-stub/main.ts");
      const options = { dataDir: resolve(data), newMasterKeyFile: resolve(newMasterKeyFile) };
      console.log(rekeyCloud({ ...options, ...(masterKeyFile === undefined ? {} : { masterKeyFile }) }));
    });
}
