// A real OpenSSH server, started by hand for one test, with keys made for it.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { pathOf, peers } from "./peers.ts";
import { Program } from "./processes.ts";
import { freePort } from "./xvnc.ts";

export interface Sshd {
  readonly port: number;
  /** As the program itself tells. */
  readonly version: string;
  readonly user: string;
  /** File of the private key that is let in. */
  readonly keyFile: string;
  /** The host's public key: type and base64. */
  readonly hostKey: string;
  stop(): Promise<void>;
}

/** Listens on loopback and lets in the user that runs the tests, by an ED25519 key in `folder`. */
export async function startSshd(folder: string): Promise<Sshd> {
  const keyFile = join(folder, "user_key");
  const hostKeyFile = join(folder, "host_key");
  for (const file of [keyFile, hostKeyFile]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "postern test", "-f", file]);
  }
  // sshd's own empty folder, which its service would make.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const port = await freePort();
  const config = join(folder, "sshd_config");
  writeFileSync(
    config,
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKeyFile}`,
      `AuthorizedKeysFile ${keyFile}.pub`,
      "PasswordAuthentication no",
      "PermitRootLogin prohibit-password",
      "UsePAM no",
      // The temporary folder's parents are not this user's alone.
      "StrictModes no",
      "PidFile none",
      "",
    ].join("\n"),
  );
  // sshd insists on being called by its absolute path.
  const server = new Program("sshd", pathOf(peers.sshd) ?? "", ["-D", "-e", "-f", config]);
  await server.until(
    () => (server.output.includes("Server listening on") ? true : undefined),
    "listening sshd",
    15_000,
  );
  const [type, key] = execFileSync("ssh-keygen", ["-y", "-f", hostKeyFile], { encoding: "utf8" }).split(" ");
  return {
    port,
    version: versionOf(pathOf(peers.sshd) ?? ""),
    user: userInfo().username,
    keyFile,
    hostKey: `${type} ${key?.trim()}`,
    stop: async () => {
      await server.stop("SIGTERM");
    },
  };
}

/** It writes it to standard error; older ones do so in a complaint about the option. */
function versionOf(program: string): string {
  const text = execFileSync("sh", ["-c", `'${program}' -V 2>&1 || true`], { encoding: "utf8" });
  return /OpenSSH_[^,\s]+/.exec(text)?.[0] ?? "unknown";
}
