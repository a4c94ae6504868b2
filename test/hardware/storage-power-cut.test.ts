// The Linux storage under a power cut at each of its steps, on a disk that keeps only what was synced.
import { afterEach, describe, expect, it, vi } from "vitest";
import { openLinuxStorage } from "#hardware/linux/storage.ts";
import { type DiskState, DiskWithCache } from "./disk-with-cache.ts";

let disk = new DiskWithCache();

vi.mock("node:fs/promises", () => {
  const names = ["mkdir", "open", "readdir", "readFile", "rename", "unlink"] as const;
  const forward =
    (name: (typeof names)[number]) =>
    (...args: readonly unknown[]): unknown =>
      (disk[name] as (...args: readonly unknown[]) => unknown)(...args);
  return Object.fromEntries(names.map((name) => [name, forward(name)]));
});

afterEach(() => {
  disk = new DiskWithCache();
});

const text = (contents: string): Uint8Array => Buffer.from(contents);
const before = new Map([["state", "the old contents"]]);

/** What a newly started gateway reads of the file, for each state of the disk that a cut can leave. */
async function readAfter(states: readonly DiskState[]): Promise<(string | undefined)[]> {
  const running = disk;
  const found = new Set<string | undefined>();
  for (const state of states) {
    disk = new DiskWithCache(state);
    const storage = await openLinuxStorage("/state");
    const contents = await storage.read("state");
    found.add(contents === undefined ? undefined : Buffer.from(contents).toString());
    expect((await disk.readdir("/state")).filter((name) => String(name).startsWith("."))).toEqual([]);
  }
  disk = running;
  return [...found].toSorted();
}

/** Makes one change and cuts the power before each of its steps and after the last. */
async function cutEverywhere(change: (storage: Awaited<ReturnType<typeof openLinuxStorage>>) => Promise<void>) {
  disk = new DiskWithCache(before);
  const storage = await openLinuxStorage("/state");
  const steps: string[] = [];
  const states: DiskState[] = [];
  disk.step = (what) => {
    steps.push(what);
    states.push(...disk.afterCut());
  };
  await change(storage);
  const done = disk.afterCut();
  return { steps, during: await readAfter([...states, ...done]), afterwards: await readAfter(done) };
}

describe("a power cut", () => {
  it("while a file is replaced leaves the old or the new contents, and the new ones once the write is done", async () => {
    const { steps, during, afterwards } = await cutEverywhere((storage) => storage.write("state", text("the new")));
    expect(during).toEqual(["the new", "the old contents"]);
    expect(afterwards).toEqual(["the new"]);
    expect(steps).toEqual([
      "open .writing-state",
      "write .writing-state",
      "sync .writing-state",
      "rename .writing-state state",
      "sync the folder",
    ]);
  });

  it("while a file is removed leaves it whole or not at all, and not at all once that is done", async () => {
    const { during, afterwards } = await cutEverywhere((storage) => storage.remove("state"));
    expect(during).toEqual(["the old contents", undefined]);
    expect(afterwards).toEqual([undefined]);
  });

  it("while the first one of a name is written leaves none or all of it", async () => {
    const { during, afterwards } = await cutEverywhere(async (storage) => {
      await storage.remove("state");
      await storage.write("state", text("the new"));
    });
    expect(during).toEqual(["the new", "the old contents", undefined]);
    expect(afterwards).toEqual(["the new"]);
  });

  it("while a write follows on one that was cut short leaves the old or the new contents too", async () => {
    disk = new DiskWithCache(new Map([...before, [".writing-state", "half of some"]]));
    const storage = await openLinuxStorage("/state");
    const states: DiskState[] = [];
    disk.step = () => states.push(...disk.afterCut());
    await storage.write("state", text("the new"));
    expect(await readAfter(states)).toEqual(["the new", "the old contents"]);
  });
});

describe("a disk that is read-only since a power cut", () => {
  it("lets the gateway read what is there, be half a write there too", async () => {
    disk = new DiskWithCache(new Map([...before, [".writing-state", "half of some"]]));
    disk.step = () => {
      throw Object.assign(new Error("EROFS: read-only file system"), { code: "EROFS" });
    };
    const storage = await openLinuxStorage("/state");
    expect(Buffer.from((await storage.read("state")) ?? []).toString()).toBe("the old contents");
    expect(await storage.list()).toEqual(["state"]);
    await expect(storage.write("state", text("the new"))).rejects.toMatchObject({ code: "EROFS" });
  });
});

describe("the disk of these tests", () => {
  it("shows what a write without a sync loses, so that the tests above can fail", async () => {
    disk = new DiskWithCache(before);
    const file = await disk.open("/state/state", "w");
    if (!("writeFile" in file)) throw new Error("not a file");
    await file.writeFile(text("the new"));
    expect(
      disk
        .afterCut()
        .map((state) => state.get("state"))
        .toSorted(),
    ).toEqual(["", "the", "the new", "the old contents"]);
    await file.sync();
    expect(disk.afterCut().map((state) => state.get("state"))).toEqual(["the new"]);
  });
});
