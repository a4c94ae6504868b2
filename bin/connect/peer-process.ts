// Whether the program at the other end of a connection on this machine still holds it; an end of stream alone does not tell.
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";

/**
 * True if the connection's other end, on this machine, belongs to no program any more. False if it does, or if that cannot
 * be told: on systems other than Linux, or for another address family.
 */
export async function isPeerGone(socket: Socket): Promise<boolean> {
  const { remotePort, localPort } = socket;
  if (remotePort === undefined || localPort === undefined || socket.remoteFamily !== "IPv4") return false;
  const table = await readFile("/proc/net/tcp", "utf8").catch(() => "");
  return table !== "" && isOrphan(table, remotePort, localPort);
}

/** Reads Linux's `/proc/net/tcp` (proc(5)): a socket that no program holds has inode 0, or is not listed any more. */
export function isOrphan(table: string, port: number, farPort: number): boolean {
  const row = table.split("\n").find((line) => {
    const [, near = "", far = ""] = line.trim().split(/\s+/);
    return portOf(near) === port && portOf(far) === farPort;
  });
  return row === undefined || row.trim().split(/\s+/)[9] === "0";
}

function portOf(address: string): number {
  return Number.parseInt(address.split(":")[1] ?? "", 16);
}
