// The silence of the cloud: pinged after 8 s, given up after 18 s, to the millisecond, and not watched by waking each second.
import { expect, test } from "vitest";
import { pingAfterMs, silenceMaxMs } from "#firmware/connectivity/mqtt-silence.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { Site } from "#simulator/site.ts";

/** When the gateway heard something and when it sent something, since the site's start. */
function talk(site: Site) {
  const heard: number[] = [];
  const sent: number[] = [];
  for (const entry of site.record.entries) {
    if (entry.kind !== "delivery" || entry.link !== "cloud-gateway") continue;
    (entry.from === "cloud" ? heard : sent).push(entry.atMs);
  }
  return { heard, sent };
}

test("a quiet cloud is pinged 8 s after its last sign of life, each time", async () => {
  // So that nothing is measured, and nothing else is sent, in these minutes.
  await using site = await Site.start({ gateway: { health: { intervalMs: 3_600_000 } } });
  await site.passes(120_000);
  const { heard, sent } = talk(site);
  const late = sent.filter((atMs) => atMs > 30_000);
  expect(late.length).toBeGreaterThan(8);
  for (const atMs of late) {
    const last = heard.findLast((heardAtMs) => heardAtMs <= atMs) ?? 0;
    // On the simulated wire it takes a few ms to the cloud.
    expect(atMs - last).toBeGreaterThanOrEqual(pingAfterMs);
    expect(atMs - last).toBeLessThan(pingAfterMs + 50);
  }
});

test("a cloud that is gone is given up 18 s after its last sign of life, whatever it was pinged in between", async () => {
  await using site = await Site.start();
  for (const quietMs of [0, 3_000, 7_999, 8_001]) {
    await site.passes(quietMs);
    const lift = site.between("cloud", "gateway").apply(blackHole());
    const last = talk(site).heard.at(-1) ?? 0;
    await site.until(() => site.gateway.status().connectivity !== "online", { what: "the cloud to be given up" });
    expect(site.clock.monotonicMs() - last, `${quietMs}`).toBe(silenceMaxMs);
    lift();
    await site.gatewayIsOnline(200_000);
  }
});

test("nothing wakes the gateway more than six times a ping while nothing happens", async () => {
  await using site = await Site.start();
  const { clock } = site.board;
  let woken = 0;
  const set = clock.setTimeout.bind(clock);
  clock.setTimeout = (run, delayMs) =>
    set(() => {
      woken += 1;
      run();
    }, delayMs);
  await site.passes(600_000);
  expect(woken).toBeGreaterThan(600_000 / pingAfterMs);
  expect(woken).toBeLessThan(6 * (600_000 / pingAfterMs));
});
