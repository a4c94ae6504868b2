// The write probe of the gateway's state, on a disk that fails as disks do.
import { expect, test } from "vitest";
import { holdsIdentity, probeFile, probeStorage } from "#firmware/storage-probe.ts";
import type { Storage } from "#hardware/ports.ts";

function diskWith(change: Partial<Storage> = {}): {
  readonly storage: Storage;
  readonly files: Map<string, Uint8Array>;
} {
  const files = new Map<string, Uint8Array>();
  const storage: Storage = {
    read: async (name) => files.get(name),
    write: async (name, contents) => void files.set(name, contents),
    remove: async (name) => void files.delete(name),
    list: async () => [...files.keys()],
    ...change,
  };
  return { storage, files };
}

const fails = (code: string) => () => Promise.reject(Object.assign(new Error(`${code}: no, write`), { code }));

test("finds a good disk good and leaves nothing on it", async () => {
  const { storage, files } = diskWith();
  expect(await probeStorage(storage)).toBeUndefined();
  expect([...files.keys()]).toEqual([]);
});

test.each([
  ["EROFS", "it is on a read-only mount (EROFS: no, write)"],
  ["EACCES", "it belongs to another user, or its mode forbids writing (EACCES: no, write)"],
  ["ENOSPC", "the disk is full (ENOSPC: no, write)"],
  ["EDQUOT", "the quota of this user is used up (EDQUOT: no, write)"],
  ["EISDIR", "the write failed (EISDIR: no, write)"],
])("says what %s on writing means", async (code, words) => {
  expect(await probeStorage(diskWith({ write: fails(code) }).storage)).toBe(words);
});

test.each(["read", "remove"] as const)("notices a disk that fails to %s", async (what) => {
  expect(await probeStorage(diskWith({ [what]: fails("EIO") }).storage)).toBe("the disk fails (EIO: no, write)");
});

test.each([
  ["loses what is written", undefined],
  ["gives back something else", Buffer.from("x")],
])("notices a disk that %s", async (_what, found) => {
  const { storage } = diskWith({ read: async () => found });
  expect(await probeStorage(storage)).toBe("what was written there was not read back");
});

test("writes a whole block, so that a full disk is noticed", async () => {
  const sizes: string[] = [];
  const { storage } = diskWith({ write: async (name, { length }) => void sizes.push(`${name} ${length}`) });
  await probeStorage(storage);
  expect(sizes).toEqual([`${probeFile} 4096`]);
});

test.each([
  ["bootstrap", "credentials.json"],
  ["enrolment", "enrolment.json"],
  ["certificate", "newest-time"],
] as const)("knows a gateway that was online by %s before, by its file %s", async (method, name) => {
  const { storage, files } = diskWith({ write: fails("ENOSPC") });
  for (const other of ["machine-id", "alarms.json", "queue-mark"]) files.set(other, Buffer.from("x"));
  expect(await holdsIdentity(storage, method)).toBe(false);
  files.set(name, Buffer.from("x"));
  expect(await holdsIdentity(storage, method)).toBe(true);
});

test("knows nobody on a disk that cannot be read", async () => {
  expect(await holdsIdentity(diskWith({ list: fails("EIO") }).storage, "bootstrap")).toBe(false);
});
