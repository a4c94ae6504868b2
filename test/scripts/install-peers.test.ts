// What npm test says and leaves alone when it may not install the real peers.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../tidy/project-files.ts";

/** With an empty PATH every program is missing, and nothing could be installed if it were tried. */
function runWith(env: NodeJS.ProcessEnv): Promise<{ readonly code: number; readonly out: string }> {
  const script = join(projectRoot, "scripts", "install-peers.mjs");
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { env: { PATH: "/nonexistent", ...env } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out: out + err });
    });
  });
}

it("leaves the system alone for POSTERN_INSTALL_PEERS=0, and names in one line the packages whose tests are skipped", async () => {
  const { code, out } = await runWith({ POSTERN_INSTALL_PEERS: "0" });
  expect(code).toBe(0);
  expect(out.trim().split("\n")).toHaveLength(1);
  expect(out).toMatch(/^peers: POSTERN_INSTALL_PEERS=0 leaves the system alone; tests are skipped for want of: /);
  for (const name of ["tigervnc-standalone-server", "tigervnc-tools", "xterm", "x11-apps", "chromium"]) {
    expect(out).toContain(name);
  }
});
