// A panel that reads slowly for minutes: the cloud hears that the gateway lives, although no ping gets through.
import { expect, test } from "vitest";
import { slowReader } from "#simulator/faults/slow-reader.ts";
import { sinkPanel } from "#simulator/panels/byte-panels.ts";
import { startSite } from "./start-site.ts";

const length = 1024 * 1024;

test("a session goes on while its panel takes bytes slowly, also when the last of them rest in the gateway's buffers", async () => {
  await using site = await startSite({ seed: 11, panels: { plc: sinkPanel() } });
  const session = await site.operator.opensPassthrough("plc");
  await site
    .from("gateway")
    .to("plc")
    .during(slowReader(3500), async () => {
      session.says(new Uint8Array(length));
      await site.passes(340_000);
      expect(session.ending).toBeUndefined();
      expect(site.panels.plc.bytesReceived).toBe(length);
    });
});
