// What every form of the storage port does.
import { describe, expect, it } from "vitest";
import type { Storage } from "#hardware/ports.ts";

export interface StorageUnderTest {
  readonly storage: Storage;
  /** The same files seen through a newly opened port, as after a restart. */
  reopen(): Promise<Storage>;
  close?(): Promise<void> | void;
}

const text = (contents: string): Uint8Array => new TextEncoder().encode(contents);

export function describeStorageContract(form: string, make: () => StorageUnderTest | Promise<StorageUnderTest>): void {
  describe(`storage port, ${form}`, () => {
    async function withStorage(test: (underTest: StorageUnderTest) => Promise<void>): Promise<void> {
      const underTest = await make();
      try {
        await test(underTest);
      } finally {
        await underTest.close?.();
      }
    }

    it("is empty at first and reads a missing file as undefined", () =>
      withStorage(async ({ storage }) => {
        expect(await storage.list()).toEqual([]);
        expect(await storage.read("credentials.json")).toBeUndefined();
      }));

    it("reads back what was written, also after it was opened anew", () =>
      withStorage(async ({ storage, reopen }) => {
        await storage.write("credentials.json", text("{}"));
        await storage.write("empty", new Uint8Array(0));
        expect(await storage.read("credentials.json")).toEqual(text("{}"));
        const again = await reopen();
        expect(await again.read("credentials.json")).toEqual(text("{}"));
        expect(await again.read("empty")).toEqual(new Uint8Array(0));
        expect(await again.list()).toEqual(["credentials.json", "empty"]);
      }));

    it("replaces the whole file, also by a shorter one", () =>
      withStorage(async ({ storage }) => {
        await storage.write("state", text("a long first text"));
        await storage.write("state", text("short"));
        expect(await storage.read("state")).toEqual(text("short"));
      }));

    it("keeps the last of several writes that were begun at once", () =>
      withStorage(async ({ storage }) => {
        const writes = Array.from({ length: 20 }, (_, index) => storage.write("state", text(`write ${index}`)));
        await Promise.all(writes);
        expect(await storage.read("state")).toEqual(text("write 19"));
        expect(await storage.list()).toEqual(["state"]);
      }));

    it("keeps its own copy: changing the buffer after write or read changes nothing stored", () =>
      withStorage(async ({ storage }) => {
        const contents = text("original");
        const written = storage.write("state", contents);
        contents.fill(0);
        await written;
        (await storage.read("state"))?.fill(0);
        expect(await storage.read("state")).toEqual(text("original"));
      }));

    it("removes a file for good and does not mind a missing one", () =>
      withStorage(async ({ storage, reopen }) => {
        await storage.write("state", text("x"));
        await storage.remove("state");
        await storage.remove("state");
        expect(await storage.read("state")).toBeUndefined();
        expect(await (await reopen()).list()).toEqual([]);
      }));

    it("lists names in ascending order", () =>
      withStorage(async ({ storage }) => {
        for (const name of ["b", "a-2", "10", "a.json", "9"]) await storage.write(name, text(name));
        expect(await storage.list()).toEqual(["10", "9", "a-2", "a.json", "b"]);
      }));

    it.each([
      ["empty", ""],
      ["hidden", ".hidden"],
      ["a way out", "../state"],
      ["a folder", "a/b"],
      ["a backslash", "a\\b"],
      ["a capital", "State"],
      ["a space", "a b"],
      ["a zero byte", "a\0b"],
      ["65 characters", "a".repeat(65)],
    ])("refuses a name with %s in read, write and remove", (_what, name) =>
      withStorage(async ({ storage }) => {
        await expect(storage.read(name)).rejects.toThrow(/name/);
        await expect(storage.write(name, text("x"))).rejects.toThrow(/name/);
        await expect(storage.remove(name)).rejects.toThrow(/name/);
        expect(await storage.list()).toEqual([]);
      }),
    );

    it("takes a name of 64 characters", () =>
      withStorage(async ({ storage }) => {
        const name = "a".repeat(64);
        await storage.write(name, text("x"));
        expect(await storage.list()).toEqual([name]);
      }));
  });
}
