// Whether node_modules holds what package-lock.json says. Runs on Node 20 before anything is installed.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockEntry
 * @typedef {{ packages: Record<string, LockEntry> }} Lock
 * @typedef {{ os: string, cpu: string, libc: string | undefined }} System
 */

/**
 * The first package that is missing or of another version than locked, in words; undefined if all are there.
 * @param {Lock} locked @param {Lock | undefined} installed @param {System} system
 * @returns {string | undefined}
 */
export function firstDifference(locked, installed, system) {
  if (installed === undefined) return "nothing is installed";
  for (const [path, wanted] of Object.entries(locked.packages)) {
    if (path === "") continue;
    const present = installed.packages[path];
    const name = path.replace(/^.*node_modules\//, "");
    if (present === undefined) {
      if (isNeeded(wanted, system)) return `${name} is missing`;
    } else if (present.version !== wanted.version || present.integrity !== wanted.integrity) {
      return `${name} is ${present.version}, locked is ${wanted.version}`;
    }
  }
  return undefined;
}

/** npm leaves out optional packages of other systems, and with them what only those depend on: that names no system. */
function isNeeded({ optional, os, cpu, libc }, system) {
  if (!optional) return true;
  if (os === undefined && cpu === undefined) return false;
  return accepts(os, system.os) && accepts(cpu, system.cpu) && accepts(libc, system.libc);
}

function accepts(list, value) {
  return list === undefined || value === undefined || list.includes(value);
}

/**
 * Compares the lock file with the record that npm keeps in node_modules.
 * @param {string} root @returns {Promise<string | undefined>}
 */
export async function comparePackages(root) {
  const locked = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  // A missing record means that npm has not finished an installation here.
  const record = await readFile(join(root, "node_modules", ".package-lock.json"), "utf8").catch(() => undefined);
  return firstDifference(locked, record === undefined ? undefined : JSON.parse(record), thisSystem());
}

function thisSystem() {
  const isGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
  const libc = process.platform === "linux" ? (isGlibc ? "glibc" : "musl") : undefined;
  return { os: process.platform, cpu: process.arch, libc };
}
