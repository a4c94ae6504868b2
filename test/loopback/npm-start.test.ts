// `npm start` as a person runs it: set-up has nothing to do, the site comes up, and Ctrl-C at the terminal ends npm and all below it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Program, temporaryFolder } from "../support/processes.ts";

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends npm start with code 0 and leaves no process behind",
  async (signal) => {
    using folder = temporaryFolder();
    const site = join(folder.path, "site");
    const options = ["--port", "0", "--https-port", "0", "--mqtts-port", "0", "--data", site];
    await using npm = new Program("npm start", "npm", ["start", "--", ...options]);
    await npm.event("site.ready", 90_000);
    const up = Number(readFileSync(join(site, "postern.pid"), "utf8"));
    expect(up).not.toBe(npm.child.pid);
    // A terminal gives the signal to both; npm then passes it on a second time.
    process.kill(up, signal);
    expect(await npm.stop(signal)).toEqual({ code: 0, signal: null });
    expect(() => process.kill(up, 0)).toThrow("ESRCH");
  },
);
