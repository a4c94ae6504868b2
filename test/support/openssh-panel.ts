// OpenSSH's server on a free port of loopback, with a user of its own; needs root, as sshd does for other users' logins.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Program } from "./processes.ts";
import { freePort } from "./xvnc.ts";

export const isRoot = process.getuid?.() === 0;

export interface TestUser {
  readonly name: string;
  readonly password: string;
  readonly home: string;
  remove(): void;
}

/** A user of the system with a shell, for as long as the test runs. */
export function makeUser(folder: string): TestUser {
  const name = `pst${process.pid}`;
  const password = `pw-${process.pid}-é`;
  const home = join(folder, "home");
  const hash = execFileSync("openssl", ["passwd", "-6", "-stdin"], { input: `${password}\n`, encoding: "utf8" }).trim();
  mkdirSync(home, { recursive: true });
  execFileSync("chmod", ["755", folder]);
  execFileSync("useradd", ["--no-create-home", "--home-dir", home, "--shell", "/bin/sh", "--password", hash, name]);
  execFileSync("chown", [name, home]);
  return { name, password, home, remove: () => void spawnSync("userdel", [name]) };
}

export interface Sshd {
  readonly port: number;
  readonly version: string;
  readonly program: Program;
  stop(): Promise<void>;
}

/** `hostKeys`: private key files. `lines`: of sshd_config. */
export async function startSshd(options: {
  readonly folder: string;
  readonly hostKeys: readonly string[];
  readonly lines?: readonly string[];
}): Promise<Sshd> {
  const port = await freePort();
  // Where sshd, started by root, drops its rights.
  if (!existsSync("/run/sshd")) mkdirSync("/run/sshd");
  const config = join(options.folder, `sshd-${port}.conf`);
  writeFileSync(
    config,
    [
      ...[
        `Port ${port}`,
        "ListenAddress 127.0.0.1",
        "PidFile none",
        "StrictModes no",
        "PrintMotd no",
        "PrintLastLog no",
      ],
      ...["MaxStartups 100", "LogLevel VERBOSE", "UseDNS no", ...(options.lines ?? ["UsePAM no"])],
      ...options.hostKeys.map((file) => `HostKey ${file}`),
      "",
    ].join("\n"),
  );
  const program = new Program("sshd", "/usr/sbin/sshd", ["-D", "-e", "-f", config]);
  await program.until(() => (program.output.includes("Server listening") ? true : undefined), "listening", 10_000);
  const { stderr } = spawnSync("/usr/sbin/sshd", ["-V"], { encoding: "utf8" });
  return {
    port,
    version: /OpenSSH_[^\s,]+/.exec(stderr)?.[0] ?? "unknown",
    program,
    stop: async () => void (await program.stop("SIGTERM")),
  };
}

/** Makes a key pair with ssh-keygen; gives the private key's file. */
export function keygen(folder: string, name: string, ...args: string[]): string {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-f", file, "-C", name, ...args]);
  return file;
}
