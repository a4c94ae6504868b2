// A broken switch turns over bits and puts the checksums right.
import { corrupt } from "../faults/corrupt.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { expectSame, expectTrue } from "../scenario/expectations.ts";
import { auditedReasons } from "../scenario/sightings.ts";
import { defineScenario } from "../scenario.ts";

export const scenario = defineScenario({
  name: "corrupted-link",
  title: "Bits are turned over on their way",
  summary:
    "In clear towards the panel the wrong byte arrives. Under TLS towards the cloud the connection breaks, no wrong byte gets through, and the gateway comes back.",
  faults: ["corrupt"],
  profiles: [],
  modes: ["memory"],
  panels: { plc: echoPanel() },
  story: async (site) => {
    const { operator } = site;
    const session = await operator.opensPassthrough("plc");
    site.says("between gateway and panel a bit is turned over: nobody can notice");
    await site
      .from("plc")
      .to("gateway")
      .during(corrupt(), async () => {
        session.says(Buffer.from("hello"));
        await session.receives(5);
      });
    expectTrue("one bit of what came back is wrong", wrongBits(session.received, Buffer.from("hello")) === 1);
    site.says("between gateway and cloud a bit is turned over: TLS notices");
    await site.between("gateway", "cloud").during(corrupt(), async () => {
      session.says(Buffer.from("world"));
      const { reason } = await session.ends();
      expectTrue(
        `the operator is told that the gateway's side broke, was ${reason}`,
        /^gateway\.(lost|reset)$/.test(reason),
      );
      expectSame("bytes that came after that", session.bytesReceived, 5);
    });
    await site.gatewayIsOnline(300_000);
    const again = await operator.opensPassthrough("plc");
    again.says(Buffer.from("hello"));
    await again.receives(5);
    expectSame("what comes back", again.received.toString(), "hello");
    await again.disconnects();
    expectSame("sessions in the audit trail", (await auditedReasons(operator)).length, 2);
  },
});

function wrongBits(one: Uint8Array, other: Uint8Array): number {
  let wrong = 0;
  for (const [at, byte] of one.entries()) {
    for (let bits = byte ^ (other[at] ?? 0); bits > 0; bits >>= 1) wrong += bits & 1;
  }
  return wrong;
}
