// Finds out by doing it whether the gateway's state can be stored: credentials that cannot be kept would be lost at the next start.
import type { Storage } from "#hardware/ports.ts";
import type { Registration } from "./config/gateway-config.ts";
import { newestTimeFile } from "./connectivity/time-floor.ts";
import { codeOf, messageOf } from "./errors.ts";
import { credentialsFile } from "./registration/credentials.ts";
import { certificateFile } from "./registration/enrolment-state.ts";

/** The file that is written, read back and removed. */
export const probeFile = "write-probe";
/** A whole block, so that a disk without a free one is noticed. */
const probeBytes = 4096;

const causes: Readonly<Record<string, string>> = {
  EROFS: "it is on a read-only mount",
  EACCES: "it belongs to another user, or its mode forbids writing",
  EPERM: "the system forbids writing there",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota of this user is used up",
  EIO: "the disk fails",
};

/** What is wrong, in words, with the system's own in brackets; undefined if all is well. */
export async function probeStorage(storage: Storage): Promise<string | undefined> {
  const contents = Buffer.alloc(probeBytes, "postern ");
  try {
    await storage.write(probeFile, contents);
    const found = await storage.read(probeFile);
    await storage.remove(probeFile);
    if (found !== undefined && contents.equals(found)) return undefined;
    return "what was written there was not read back";
  } catch (error) {
    return `${causes[codeOf(error) ?? ""] ?? "the write failed"} (${messageOf(error)})`;
  }
}

/** What an earlier run leaves there that was let in by the cloud. */
const identityFiles: Readonly<Record<Registration["method"], string>> = {
  bootstrap: credentialsFile,
  enrolment: certificateFile,
  // The certificate itself is elsewhere: this one was online with it.
  certificate: newestTimeFile,
};

/** Whether who this gateway is to the cloud is stored there already, so that it can do without writing. Never rejects. */
export async function holdsIdentity(storage: Storage, method: Registration["method"]): Promise<boolean> {
  const names = await storage.list().catch((): readonly string[] => []);
  return names.includes(identityFiles[method]);
}
