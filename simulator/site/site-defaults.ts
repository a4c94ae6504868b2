// What a site has unless it is told otherwise, in memory and on real sockets: passwords, how they are hashed, tunnels.
import { createHash } from "node:crypto";

export const siteDefaults = {
  /** Of the site's accounts, so that a test can look for them where they must not be. */
  passwords: { admin: "site-admin-Pa55", bootstrap: "site-bootstrap-Pa55" },
  /**
   * The product's hasher is slow on purpose, for passwords that live for one run, and works in the thread pool, which
   * simulated time does not wait for.
   */
  passwordHasher: {
    hash: async (password: string) => sha256(password),
    verify: async (password: string, stored: string) => sha256(password) === stored,
  },
  /** The product's own: a test that says nothing of tunnels has the default policy and limits. */
  tunnels: {
    max: 16,
    allow: [{ kind: "private" }, { kind: "self" }],
    dialTimeoutMs: 10_000,
    lostAfterMs: 20_000,
    stalledAfterMs: 30_000,
    drainMs: 5000,
  },
} as const;

function sha256(password: string): string {
  return createHash("sha256").update(password).digest("hex");
}
