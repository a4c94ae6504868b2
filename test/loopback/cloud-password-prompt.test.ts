// `postern cloud user password` at a terminal: asks twice, shows nothing, and changes nothing when it is given up.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCloud } from "#cloud-stub/main.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, repositoryRoot, temporaryFolder } from "../support/processes.ts";

const folder = temporaryFolder();
const data = join(folder.path, "data");

beforeAll(async () => {
  const cloud = await runCloud({
    dataDir: data,
    httpPort: 0,
    httpsPort: 0,
    mqttsPort: 0,
    demoMasterKeyFile: join(folder.path, "master.key"),
    accounts: { adminPassword: "admin password", bootstrapPassword: "bootstrap password" },
    write: () => {},
  });
  await cloud.stop();
});
afterAll(() => folder[Symbol.dispose]());

const words = [process.execPath, join(repositoryRoot, "bin/postern.mjs"), "cloud", "user", "password", "admin"];

function hash(): unknown {
  const database = new SqliteDatabase(join(data, "postern.db"), { readonly: true });
  const found = database.prepare("select password_hash from users where name = 'admin'").pluck().get();
  database.close();
  return found;
}

/** Types each text once the question before it is there. */
async function types(steps: readonly (readonly [question: string, text: string])[]) {
  const command = [...words, "--data", data].map((word) => `'${word}'`).join(" ");
  const script = spawn("script", ["-qec", command, "/dev/null"], { stdio: "pipe" });
  let shown = "";
  script.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const exit = once(script, "exit");
  for (const [question, text] of steps) {
    await eventually(question, () => (shown.includes(question) ? true : undefined));
    script.stdin.write(text);
  }
  const [code] = await exit;
  return { code, shown };
}

const first = "New password of t1000/admin: ";
const second = "Once more: ";

describe.skipIf(isAnyMissing(peers.script))("a new password at the terminal", () => {
  test("is asked for twice, not shown, and taken when both are the same", async () => {
    const before = hash();
    const { code, shown } = await types([
      [first, "a new password\r"],
      [second, "a new password\r"],
    ]);
    expect(code).toBe(0);
    expect(shown).not.toContain("a new");
    expect(hash()).not.toBe(before);
  });

  test("is refused when the two differ", async () => {
    const before = hash();
    const { code, shown } = await types([
      [first, "a new password\r"],
      [second, "a new passwrod\r"],
    ]);
    expect(code).toBe(1);
    expect(shown).toContain("postern: The two passwords differ; nothing was changed.");
    expect(hash()).toBe(before);
  });

  test.each([
    ["Ctrl-C", "half\u0003"],
    ["the end of input", "\u0004"],
  ])("is left as it was when it is given up with %s", async (_what, keys) => {
    const before = hash();
    const { code, shown } = await types([[first, keys]]);
    expect(code).toBe(1);
    expect(shown).toContain("postern: No password was given; nothing was changed.");
    expect(hash()).toBe(before);
  });
});
