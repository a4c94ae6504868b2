// Mosquitto with a TLS listener for a device and a plain one on loopback for who plays the cloud.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { eventually } from "./processes.ts";

export interface MosquittoOptions {
  readonly folder: string;
  readonly tls: { readonly cert: string; readonly key: string };
  /** Each account with the lines of its access list. */
  readonly accounts: readonly {
    readonly user: string;
    readonly password: string;
    readonly topics: readonly string[];
  }[];
}

export interface RunningMosquitto {
  readonly tlsPort: number;
  readonly plainPort: number;
  /** What it has written. */
  readonly output: () => string;
  stop(): Promise<void>;
}

export async function startMosquitto({ folder, tls, accounts }: MosquittoOptions): Promise<RunningMosquitto> {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const [tlsPort = 0, plainPort = 0] = await freePorts(2);
  const passwords = file("mosquitto.passwords", "");
  for (const { user, password } of accounts) execFileSync("mosquitto_passwd", ["-b", passwords, user, password]);
  const access = accounts.flatMap(({ user, topics }) => [`user ${user}`, ...topics.map((each) => `topic ${each}`), ""]);
  const config = file(
    "mosquitto.conf",
    [
      "per_listener_settings false",
      "allow_anonymous false",
      // It would give up root for an account that cannot read the test's folder.
      "user root",
      `password_file ${passwords}`,
      `acl_file ${file("mosquitto.acl", access.join("\n"))}`,
      `listener ${plainPort} 127.0.0.1`,
      `listener ${tlsPort} 127.0.0.1`,
      `certfile ${file("mosquitto.crt", tls.cert)}`,
      `keyfile ${file("mosquitto.key", tls.key)}`,
      "log_dest stderr",
      "log_type all",
      "",
    ].join("\n"),
  );
  const child = spawn("mosquitto", ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(child, "close");
  await eventually("Mosquitto to listen", async () => {
    if (child.exitCode !== null) throw new Error(`Mosquitto ended with ${child.exitCode}:\n${output}`);
    return (await answers(plainPort)) && (await answers(tlsPort)) ? true : undefined;
  });
  return {
    tlsPort,
    plainPort,
    output: () => output,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
