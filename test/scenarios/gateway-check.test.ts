// `gateway check` takes the same ways as the gateway: through the proxy, and through a websocket where MQTT's port is blocked.
import { describe, expect, test } from "vitest";
import { checkCloud } from "#firmware/check/check-cloud.ts";
import { type ConfigChanges, completeConfig } from "#firmware/gateway.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { gatewayConfig } from "#simulator/site/gateway-config.ts";
import { proxySettings } from "#simulator/site/site-proxy.ts";
import type { Site, SitePanels } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

const login = { user: "line3", password: "Proxy-Passwort-7" };

/** Runs on the gateway's own machine, on which the gateway is stopped. */
async function check<P extends SitePanels>(site: Site<P>, changes: ConfigChanges) {
  await site.gatewayStops();
  const hardware = site.board.boot(site.network.host("gateway"));
  const config = completeConfig(gatewayConfig(site.deviceId, authorityPem("Postern site")), changes);
  const lines: string[] = [];
  const checking = checkCloud({ hardware, config, say: (line) => lines.push(line) });
  const isGood = await site.until(
    checking.then((answer) => ({ answer })),
    { what: "the check to end", limitMs: 120_000 },
  );
  await site.passes(3_000);
  return { isGood: isGood.answer, lines };
}

describe("behind a proxy", () => {
  test("goes through it, and says nothing of its password", async () => {
    const cloud = { proxy: { ...proxySettings(), ...login } };
    await using site = await startSite({ proxy: { login }, gateway: { cloud } });
    const before = site.proxy.requests.length;
    const { isGood, lines } = await check(site, { cloud });
    expect({ isGood, lines }).toEqual({
      isGood: true,
      lines: [
        expect.stringMatching(/^ok {4}HTTPS/),
        expect.stringMatching(/^ok {4}MQTT, .* lets this gateway in with/),
      ],
    });
    expect(site.proxy.requests.slice(before)).toEqual([
      "CONNECT cloud.example:8443 200",
      "CONNECT cloud.example:8883 200",
    ]);
    expect(lines.join("\n")).not.toContain(login.password);
  });

  test("that wants another login says so", async () => {
    const cloud = { proxy: { ...proxySettings(), ...login } };
    await using site = await startSite({ proxy: { login }, gateway: { cloud } });
    site.proxy.login = { ...login, password: "changed" };
    const { isGood, lines } = await check(site, { cloud });
    expect(isGood).toBe(false);
    expect(lines[0]).toMatch(
      /^FAIL {2}HTTPS, .*: the proxy of \[cloud\] proxy wants a login: see \[cloud\] proxy_user/,
    );
    expect(lines.join("\n")).not.toContain(login.password);
  });
});

describe("where MQTT's own port is blocked", () => {
  const blocked = async () => {
    const site = await startSite();
    site.network.firewall.add({ from: "gateway", to: "cloud", port: 8883, action: "reject" });
    return site;
  };

  test("says so, and that a websocket works", async () => {
    await using site = await blocked();
    const { isGood, lines } = await check(site, {});
    expect(isGood).toBe(false);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^FAIL {2}MQTT, \[cloud\] mqtt: cloud\.example:8883: nothing listens on that port/),
      '      MQTT through a websocket at [cloud] url works: where that is what is wanted, say mqtt_over = "websocket"',
    ]);
  });

  test("is content with a websocket that was asked for", async () => {
    await using site = await blocked();
    const { isGood, lines } = await check(site, { cloud: { mqttOver: "websocket" } });
    expect(isGood).toBe(true);
    expect(lines[1]).toMatch(
      /^ok {4}MQTT through a websocket, \[cloud\] url: cloud\.example:8443 lets this gateway in/,
    );
  });
});
