// The address that the policy has judged is the one that is dialled, whatever else the name resolves to.
import { expect, test, vi } from "vitest";
import { panelAddress, SmallSite } from "./small-site.ts";

/** On the network of the gateway's default route: the default policy refuses it. */
const outside = "198.51.100.66";

/** Link-local: never allowed. */
const never = "169.254.1.1";

/** A site in which the panel's name has these addresses, the last answer again and again; the panel and `outside` listen. */
async function siteWith(...answers: readonly (readonly string[])[]) {
  const site = await SmallSite.start();
  let reachedOutside = 0;
  const interfaces = [{ name: "eth0", addresses: [{ address: outside, family: 4 as const, prefixLength: 24 }] }];
  const host = site.network.addHost("outside", { interfaces });
  await host.listen({ address: "0.0.0.0", port: 5900 }, () => {
    reachedOutside += 1;
  });
  await site.panelListens();
  const gateway = site.network.host("gateway");
  const dial = vi.spyOn(gateway, "dial");
  const systemResolve = gateway.resolve.bind(gateway);
  let asked = 0;
  vi.spyOn(gateway, "resolve").mockImplementation(async (name, options) => {
    if (name !== "panel.example") return systemResolve(name, options);
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    return { ok: true, addresses };
  });
  return {
    site,
    // Without those to the cloud.
    dialled: () => dial.mock.calls.map(([target]) => target).filter(({ port }) => port === 5900),
    asked: () => asked,
    reachedOutside: () => reachedOutside,
  };
}

test.each([
  { what: "the refused one first", addresses: [outside, panelAddress] },
  { what: "the allowed one first", addresses: [panelAddress, outside] },
  { what: "one that is never allowed first", addresses: [never, panelAddress] },
])("of a name with a refused and an allowed address the allowed one is dialled: $what", async ({ addresses }) => {
  const { site, dialled, asked, reachedOutside } = await siteWith(addresses);
  await using _site = site;
  site.requests("1", { host: "panel.example" });
  await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
  expect(dialled()).toEqual([{ address: panelAddress, port: 5900 }]);
  expect(asked()).toBe(1);
  expect([reachedOutside(), site.panelConnections.length]).toEqual([0, 1]);
});

test("a name with refused addresses only is not dialled at all", async () => {
  const { site, dialled, reachedOutside } = await siteWith([outside, never]);
  await using _site = site;
  site.requests("1", { host: "panel.example" });
  await site.until("FAILED", () => site.cloud.reports.some((each) => each.startsWith("505,1")));
  expect(site.cloud.reports[1]).toMatch(/policy\.refused/);
  expect(dialled()).toEqual([]);
  expect(reachedOutside()).toBe(0);
});

test("a name that changes its answer after it was judged changes nothing", async () => {
  const { site, dialled, reachedOutside } = await siteWith([panelAddress], [outside]);
  await using _site = site;
  site.requests("1", { host: "panel.example" });
  await site.until("SUCCESSFUL", () => site.cloud.reports.includes("506,1"));
  expect(dialled()).toEqual([{ address: panelAddress, port: 5900 }]);
  expect(reachedOutside()).toBe(0);
});
