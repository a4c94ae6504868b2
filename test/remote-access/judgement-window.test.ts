// Between the judgement of a client's upgrade and its session there is no moment in which a revocation could be missed.
import { afterEach, expect, it } from "vitest";
import { settle } from "./manual-clock.ts";
import { World } from "./world.ts";

let world: World;

afterEach(async () => {
  await world.stop();
});

/** Runs something after so many turns of the microtask queue: where code that waits for a promise goes on. */
function afterMicrotasks(count: number, run: () => void): void {
  if (count === 0) run();
  else void Promise.resolve().then(() => afterMicrotasks(count - 1, run));
}

it("a right that is taken away a few microtasks after the last thing that is judged opens no session", async () => {
  for (let count = 0; count < 40; count++) {
    world = await World.start();
    const endpoint = await world.addsEndpoint();
    const { tenantOptions, authentication, remoteAccess } = world;
    const read = tenantOptions.get.bind(tenantOptions);
    let isRevoked = false;
    let reads = 0;
    const revokeAfter = (wanted: number) => {
      tenantOptions.get = (key) => {
        reads += 1;
        if (reads === wanted) {
          afterMicrotasks(count, () => {
            isRevoked = true;
            authentication.check = async () => ({ ok: false, why: "wrong" });
            remoteAccess.endSessions({ userName: "eve" }, "permission.revoked");
          });
        }
        return read(key);
      };
    };
    // How many options one judgement reads.
    tenantOptions.get = (key) => {
      reads += 1;
      return read(key);
    };
    const first = world.client(endpoint);
    await first.opened;
    const readsOfOne = reads;
    first.websocket.close(1000);
    await first.closed;
    await settle();
    reads = 0;
    revokeAfter(readsOfOne);
    world.client(endpoint);
    await settle(80);
    expect(isRevoked).toBe(true);
    await world.clock.advance(1_000);
    expect(world.remoteAccess.sessions(), `revoked ${count} microtasks after the last option was read`).toBe(0);
    if (count < 39) await world.stop();
  }
});
