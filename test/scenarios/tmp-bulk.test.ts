// Temporary measurement of bulk speed.
import { it } from "vitest";
import { sourcePanel } from "#simulator/panels/byte-panels.ts";
import { startSite } from "./start-site.ts";
it("bulk", async () => {
  await using site = await startSite({ panels: { dump: sourcePanel({ bytes: 50_000_000 }) } });
  const t = process.hrtime.bigint();
  const s = await site.operator.opensPassthrough("dump");
  await s.ends(10_000_000);
  console.log(s.bytesReceived, Number(process.hrtime.bigint() - t) / 1e9, "s real", site.clock.monotonicMs(), "ms sim");
}, 120_000);
