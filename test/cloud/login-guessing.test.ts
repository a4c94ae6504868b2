// Guessing of passwords is slowed down however it is done: at the same time, from many addresses of one network, under long names.
import { expect, test } from "vitest";
import { ArrivalCount } from "#cloud-stub/arrival-count.ts";
import { networkOf } from "#cloud-stub/peer.ts";
import {
  failuresPerAddressMax,
  failuresPerUserMax,
  LoginRateLimit,
  windowMs,
} from "#cloud-stub/users/login-rate-limit.ts";
import { HasherBusyError, type PasswordHasher } from "#cloud-stub/users/password-hasher.ts";
import { ManualClock } from "./cloud-bench.ts";
import { adminLogin, basic, httpPeer, startHttpBench } from "./http-bench.ts";

/** Checks only when it is told to; the first hashes are those of the accounts that a new cloud makes. */
function heldHasher() {
  const held: (() => void)[] = [];
  let isHolding = false;
  let isBusy = false;
  const wait = () => new Promise<void>((resolve) => (isHolding ? held.push(resolve) : resolve()));
  const hasher: PasswordHasher = {
    async hash(password) {
      await wait();
      return `plain$${password}`;
    },
    async verify(password, stored) {
      if (isBusy) throw new HasherBusyError();
      await wait();
      return stored === `plain$${password}`;
    },
  };
  return {
    hasher,
    held,
    hold: () => {
      isHolding = true;
    },
    release: () => {
      isHolding = false;
      for (const resolve of held.splice(0)) resolve();
    },
    beBusy: (busy: boolean) => {
      isBusy = busy;
    },
  };
}

test("passwords that are tried at the same time count before they are checked", async () => {
  const { hasher, held, hold, release } = heldHasher();
  await using bench = await startHttpBench({ passwordHasher: hasher });
  hold();
  const tries = Array.from({ length: 30 }, (_, index) =>
    bench.ask({ path: "/user/currentUser", headers: basic("t1000/admin", `guess ${index}`) }),
  );
  await expect.poll(() => held.length).toBe(failuresPerUserMax);
  release();
  const statuses = (await Promise.all(tries)).map(({ status }) => status).sort();
  expect(statuses).toEqual([...Array(10).fill(401), ...Array(20).fill(429)]);
});

test("many requests with one right password at the same time all come in, and count as no failure", async () => {
  const { hasher, held, hold, release } = heldHasher();
  await using bench = await startHttpBench({ passwordHasher: hasher });
  hold();
  const asks = Array.from({ length: 40 }, () => bench.ask({ path: "/user/currentUser", headers: adminLogin }));
  await expect.poll(() => held.length).toBe(1);
  release();
  expect(new Set((await Promise.all(asks)).map(({ status }) => status))).toEqual(new Set([200]));
});

test("a password that could not be looked at is no failure", async () => {
  const { hasher, beBusy } = heldHasher();
  await using bench = await startHttpBench({ passwordHasher: hasher });
  beBusy(true);
  for (let count = 0; count < 20; count++) {
    expect((await bench.ask({ path: "/user/currentUser", headers: adminLogin })).status).toBe(503);
  }
  beBusy(false);
  expect((await bench.ask({ path: "/user/currentUser", headers: adminLogin })).status).toBe(200);
});

test("the addresses of one IPv6 network count as one", async () => {
  await using bench = await startHttpBench();
  const from = (address: string, password: string) =>
    bench.ask({
      path: "/user/currentUser",
      headers: basic("t1000/admin", password),
      peer: { ...httpPeer, address },
    });
  for (let count = 0; count < failuresPerUserMax; count++) {
    expect((await from(`2001:db8:0:7::${count.toString(16)}`, `guess ${count}`)).status).toBe(401);
  }
  expect((await from("2001:db8:0:7:ffff::1", "another")).status).toBe(429);
  expect((await from("2001:db8:0:8::1", "another")).status).toBe(401);
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["2001:0db8::1", "2001:db8:0:0::/64"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64"],
  ["unknown", "unknown"],
])("the network of %s is %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("connections without a login count by their IPv6 network too", () => {
  const count = new ArrivalCount({ max: 10, perAddressMax: 2 });
  const first = count.enter("2001:db8::1");
  expect(first).not.toHaveProperty("why");
  expect(count.enter("2001:db8::2")).not.toHaveProperty("why");
  expect(count.enter("2001:db8::3")).toMatchObject({ why: "too-many-connections-of-address" });
  if ("leave" in first) first.leave();
  expect(count.enter("2001:db8::3")).not.toHaveProperty("why");
});

test("a login that succeeds gives back only what is its own", () => {
  const limit = new LoginRateLimit(new ManualClock());
  for (let count = 0; count < failuresPerAddressMax - 1; count++) limit.begins("192.0.2.1", `user ${count}`);
  limit.begins("192.0.2.1", "eve")?.succeeded();
  expect(limit.begins("192.0.2.1", "eve")).toBeDefined();
  expect(limit.begins("192.0.2.1", "eve")).toBeUndefined();
});

test("after the window a name is open again, and a long name takes no more room than a short one", () => {
  const clock = new ManualClock();
  const limit = new LoginRateLimit(clock);
  const name = "x".repeat(16_000);
  for (let count = 0; count < failuresPerUserMax; count++) expect(limit.begins("192.0.2.1", name)).toBeDefined();
  expect(limit.begins("192.0.2.1", name)).toBeUndefined();
  expect(limit.keptCharacters).toBeLessThan(1_000);
  clock.advance(windowMs);
  expect(limit.begins("192.0.2.1", name)).toBeDefined();
});
