// Which sockets a process owns, as the Linux kernel tells: /proc/PID/fd and the tables of /proc/PID/net (proc(5)).
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const tables = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] as const;

export interface OwnedSocket {
  readonly table: (typeof tables)[number];
  /** As include/net/tcp_states.h numbers them: established, or listening, or something else. */
  readonly state: "established" | "listening" | "other";
  readonly localPort: number;
  /** 0 where it is connected to nobody. */
  readonly remotePort: number;
}

const states = new Map<string, OwnedSocket["state"]>([
  ["01", "established"],
  ["0A", "listening"],
]);

/** Of the process and of those it has started. */
export function socketsOf(pid: number): readonly OwnedSocket[] {
  const own = inodesOf(pid);
  return [
    ...tables.flatMap((table) =>
      rowsOf(pid, table)
        .filter(({ inode }) => own.has(inode))
        .map(({ inode: _, ...socket }) => socket),
    ),
    ...childrenOf(pid).flatMap(socketsOfChild),
  ];
}

/** One that has ended since the list was read owns none any more. */
function socketsOfChild(pid: number): readonly OwnedSocket[] {
  try {
    return socketsOf(pid);
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}

/** Whether somebody else may begin to talk to it: it listens, or takes datagrams from whoever sends them. */
export function isOpenToOthers({ table, state, remotePort }: OwnedSocket): boolean {
  return table.startsWith("tcp") ? state === "listening" : remotePort === 0;
}

function inodesOf(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(targetOf(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    // Closed since the folder was read.
    return "";
  }
}

function rowsOf(pid: number, table: OwnedSocket["table"]): readonly (OwnedSocket & { readonly inode: string })[] {
  return readFileSync(`/proc/${pid}/net/${table}`, "utf8")
    .split("\n")
    .slice(1)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, local = "", remote = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
      return {
        table,
        state: states.get(state) ?? ("other" as const),
        localPort: portOf(local),
        remotePort: portOf(remote),
        inode,
      };
    });
}

function portOf(address: string): number {
  return Number.parseInt(address.split(":")[1] ?? "", 16);
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      const children = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim();
      return children === "" ? [] : children.split(/\s+/).map(Number);
    } catch {
      // The thread has ended since the folder was read.
      return [];
    }
  });
}
