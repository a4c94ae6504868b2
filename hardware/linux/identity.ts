// Which board this is, from its device tree, or what a machine without one has instead.
import { readFile } from "node:fs/promises";
import { arch } from "node:os";
import { join } from "node:path";
import type { BoardIdentity, Random, Storage } from "../ports.ts";

/** The stored file with the id that was drawn on a machine that has none of its own. */
const drawnIdFile = "machine-id";
const serialCharactersMax = 64;
/** What boards without a serial number show, and systemd's machine id before the first boot is over (machine-id(5)). */
const placeholder = /^(0*|uninitialized)$/;

export interface IdentitySources {
  readonly storage: Storage;
  readonly random: Random;
  /** Where `proc`, `sys` and `etc` are: "/", but in tests. */
  readonly root?: string;
}

/** Serial number: the board's, else the machine id, else one drawn once and kept in the storage. */
export async function readLinuxIdentity({ storage, random, root = "/" }: IdentitySources): Promise<BoardIdentity> {
  const line = (path: string): Promise<string> => readLine(join(root, path));
  const serialNumber =
    asSerial(await line("proc/device-tree/serial-number")) ||
    asSerial(await line("etc/machine-id")) ||
    (await drawnId(storage, random));
  const product = await line("sys/class/dmi/id/product_name");
  const cpuRevision = /^Revision\s*:\s*(\S+)$/m.exec(await readText(join(root, "proc/cpuinfo")))?.[1];
  return {
    serialNumber,
    model: (await line("proc/device-tree/model")) || product || `generic ${arch()}`,
    revision: cpuRevision || (await line("sys/class/dmi/id/product_version")) || "unknown",
  };
}

export interface DeviceTreeFacts {
  /** Of the tree's root, the most specific first; none on a machine without a tree. */
  readonly compatible: readonly string[];
  /** Empty without a tree. */
  readonly model: string;
}

/** What the device tree says the board is. `root` is where `proc` is: "/", but in tests. */
export async function readDeviceTree(root = "/"): Promise<DeviceTreeFacts> {
  const compatible = await readText(join(root, "proc/device-tree/compatible"));
  return {
    // A list of texts, each ended by a zero byte (devicetree specification 2.2.4).
    compatible: compatible.split("\0").filter((text) => /^[\x21-\x7e]+$/.test(text)),
    model: await readLine(join(root, "proc/device-tree/model")),
  };
}

async function drawnId(storage: Storage, random: Random): Promise<string> {
  const kept = await storage.read(drawnIdFile);
  const known = kept === undefined ? "" : asSerial(new TextDecoder().decode(kept));
  if (known !== "") return known;
  const drawn = Buffer.from(random.bytes(16)).toString("hex");
  await storage.write(drawnIdFile, new TextEncoder().encode(drawn));
  return drawn;
}

/** The serial number becomes an MQTT client id, in which Cumulocity's certificates and paths allow no colon. */
function asSerial(text: string): string {
  return placeholder.test(text) ? "" : text.replaceAll(/[^A-Za-z0-9._-]/g, "-").slice(0, serialCharactersMax);
}

/** First line, printable ASCII only: device tree texts end in a zero byte. Empty if there is no such file. */
async function readLine(path: string): Promise<string> {
  const [first = ""] = (await readText(path)).split("\n");
  return first
    .replaceAll(/[^\x20-\x7e]/g, "")
    .trim()
    .slice(0, serialCharactersMax);
}

async function readText(path: string): Promise<string> {
  // A machine lacks most of these files; none of them is needed.
  return await readFile(path, "utf8").catch(() => "");
}
