// Somebody's program reaches the cloud through a company's proxy, which does not let it through.
import { proxyRefusal } from "../faults/proxy-refusal.ts";
import { startHttpProxy } from "../network/http-proxy.ts";
import { expectContains } from "../scenario/expectations.ts";
import { defineScenario } from "../scenario.ts";
import type { Site, SitePanels } from "../site.ts";

const proxyAddress = "203.0.113.40";

export const scenario = defineScenario({
  name: "proxy-wants-a-login",
  title: "The company's proxy wants a login, then cannot reach the cloud",
  summary:
    "CONNECT is answered with 407, then with 502, then the tunnel stands. Postern's gateway dials directly and is not touched by it.",
  faults: ["proxy-refusal"],
  profiles: [],
  modes: ["memory"],
  story: async (site) => {
    const addresses = [{ address: proxyAddress, family: 4 as const, prefixLength: 24 }];
    site.network.addHost("proxy", { interfaces: [{ name: "eth0", hasDefaultRoute: true, addresses }] });
    const proxy = await startHttpProxy({ network: site.network.host("proxy").network });
    for (const status of [407, 502] as const) {
      await site.during(proxyRefusal({ status }), async () => {
        expectContains("what the proxy says", await connectThrough(site), `HTTP/1.1 ${status} `);
      });
    }
    expectContains("what the proxy says without the fault", await connectThrough(site), "HTTP/1.1 200 ");
    await proxy.close();
    await site.gatewayIsOnline();
  },
});

/** The first line of the proxy's answer to a CONNECT to the cloud. */
async function connectThrough<P extends SitePanels>(site: Site<P>): Promise<string> {
  const { network } = site.network.host("operator");
  const dialled = await site.until(network.dial({ address: proxyAddress, port: 3128 }, { timeoutMs: 5000 }), {
    what: "a connection to the proxy",
  });
  if (!dialled.ok) throw new Error(`The proxy cannot be reached: ${dialled.detail}`);
  const { stream } = dialled.connection;
  stream.on("error", () => undefined); // a proxy that breaks off has said what it wanted to
  let answer = "";
  stream.on("data", (chunk: Uint8Array) => {
    answer += Buffer.from(chunk).toString("latin1");
  });
  stream.write("CONNECT cloud.example:8443 HTTP/1.1\r\nHost: cloud.example:8443\r\n\r\n");
  await site.until(() => answer.includes("\r\n\r\n"), { what: "the proxy's answer", limitMs: 30_000 });
  dialled.connection.reset();
  await site.passes(1000);
  return answer.slice(0, answer.indexOf("\r\n"));
}
