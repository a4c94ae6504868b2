// A Chromium of a person whose system has been given certificate authorities to trust, or none.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { chromiumOptions } from "./console-page.ts";

/** `home`: an empty folder that becomes the person's; `authorities`: PEM files. Nothing is said to the browser itself. */
export async function openBrowserThatTrusts(home: string, authorities: readonly string[]): Promise<Browser> {
  const folder = join(home, ".pki", "nssdb");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const certutil = (...args: string[]) => execFileSync("certutil", ["-d", `sql:${folder}`, ...args], { stdio: "pipe" });
  certutil("-N", "--empty-password");
  for (const [index, file] of authorities.entries()) {
    certutil("-A", "-n", `authority ${index}`, "-t", "C,,", "-i", file);
  }
  return await chromium.launch({ ...chromiumOptions, env: { ...process.env, HOME: home } });
}
