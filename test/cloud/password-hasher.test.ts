// The password hasher of the product, with the real scrypt: few hashes, since each takes 128 MiB.
import { expect, test } from "vitest";
import { HasherBusyError, scryptHasher } from "#cloud-stub/users/password-hasher.ts";
import { secureRandom } from "./cloud-bench.ts";

test("a password fits its own hash only, and hashes name their cost of 128 MiB", async () => {
  const hasher = scryptHasher(secureRandom);
  const stored = await hasher.hash("Grüße");
  expect(stored).toMatch(/^scrypt\$131072\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  expect(stored).not.toContain("Grüße");
  const decomposed = "Grüße".normalize("NFD");
  expect(await Promise.all([hasher.verify(decomposed, stored), hasher.verify("Grusse", stored)])).toEqual([
    true,
    false,
  ]);
});

test("what is no hash of ours fits no password", async () => {
  const hasher = scryptHasher(secureRandom);
  for (const stored of ["", "plain", "scrypt$1", "bcrypt$1$2$3$a$b"])
    expect(await hasher.verify("x", stored)).toBe(false);
});

test("the thirty-fifth password at a time is refused: two run, thirty-two wait", async () => {
  const hasher = scryptHasher(secureRandom);
  // Cheap hashes of the stored form, so that the queue is tested and not the machine.
  const cheap = `scrypt$2$1$1$${Buffer.alloc(16).toString("base64url")}$${Buffer.alloc(32).toString("base64url")}`;
  const checks = Array.from({ length: 35 }, () => hasher.verify("x", cheap));
  const outcomes = await Promise.allSettled(checks);
  expect(outcomes.map(({ status }) => status)).toEqual([...Array<string>(34).fill("fulfilled"), "rejected"]);
  await expect(checks[34]).rejects.toBeInstanceOf(HasherBusyError);
  expect(await hasher.verify("x", cheap)).toBe(false);
});

test("a password that is too long takes its time like another one, and fits nothing", async () => {
  const hasher = scryptHasher(secureRandom);
  const stored = await hasher.hash("x".repeat(1024));
  const order: string[] = [];
  await Promise.all([
    hasher.verify("x".repeat(1025), stored).then((fits) => order.push(`too long: ${fits}`)),
    // A turn of the thread pool: what does not hash would be over before it.
    new Promise<void>((resolve) => setImmediate(resolve)).then(() => order.push("next turn")),
  ]);
  expect(order).toEqual(["next turn", "too long: false"]);
});
