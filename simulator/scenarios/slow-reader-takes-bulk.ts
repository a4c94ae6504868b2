// A panel that reads slowly is sent a file: nobody runs out of memory and every byte arrives.
import { createHash } from "node:crypto";
import { slowReader } from "../faults/slow-reader.ts";
import { patternBytes, sinkPanel } from "../panels/byte-panels.ts";
import { expectBetween, expectSame } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";

const fileBytes = 600_000;

export const scenario = defineScenario({
  name: "slow-reader-takes-bulk",
  title: "A slow panel is sent a file of 600 kB",
  summary:
    "The panel reads 20 kB/s: the gateway holds less than 1 MiB meanwhile, and the panel gets the file byte for byte.",
  faults: ["slow-reader"],
  profiles: [],
  modes: ["memory"],
  panels: { plc: sinkPanel() },
  story: async (site) => {
    const { plc } = site.panels;
    const session = await site.operator.opensPassthrough("plc");
    const file = patternBytes(0, fileBytes);
    let heldMax = 0;
    await site
      .from("gateway")
      .to("plc")
      .during(slowReader(20_000), async () => {
        site.says("a file of 600 kB is sent");
        for (let at = 0; at < fileBytes; at += 30_000) session.says(file.subarray(at, at + 30_000));
        await site.until(
          () => {
            heldMax = Math.max(heldMax, ...site.gateway.status().tunnels.map(({ heldBytes }) => heldBytes));
            return plc.bytesReceived >= fileBytes;
          },
          { what: "the panel to have the file", limitMs: 120_000 },
        );
      });
    expectBetween("bytes that the tunnel held at most", heldMax, 1, 1024 * 1024);
    expectSame("SHA-256 of what the panel got", plc.digest, createHash("sha256").update(file).digest("hex"));
    await session.disconnects();
  },
});
