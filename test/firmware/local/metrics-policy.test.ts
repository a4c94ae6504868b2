// The port of the metrics is Postern's own: no tunnel leads there, whatever the entries of tunnels.allow say.
import { expect, test } from "vitest";
import { parseAllowEntry } from "#firmware/tunnel/allow-entry.ts";
import { SmallSite } from "../small-site.ts";

test.each([
  { metrics: { port: 9464 }, detail: /Postern itself listens on that port/ },
  // Without metrics the same target is dialled: there nobody listens.
  { metrics: undefined, detail: /^(?!.*Postern itself)/ },
])("with $metrics", async ({ metrics, detail }) => {
  const entry = parseAllowEntry("127.0.0.1:9464");
  if ("problem" in entry) throw new Error(entry.problem);
  await using site = await SmallSite.start({
    tunnels: { allow: [entry] },
    gateway: metrics === undefined ? {} : { metrics },
  });
  site.requests("1", { host: "127.0.0.1", port: 9464 });
  await site.until("the tunnel to end", () => site.events("tunnel.closed").length > 0);
  const [closed] = site.events("tunnel.closed");
  expect(closed?.reason).toBe(metrics === undefined ? "panel.refused" : "policy.refused");
  expect(String(closed?.detail)).toMatch(detail);
});
