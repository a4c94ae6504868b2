// A site whose gateway reaches the cloud through the company's proxy only: without a login, with one, over TLS, refused and cured.
import { describe, expect, test } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { proxySettings } from "#simulator/site/site-proxy.ts";
import { startSite } from "./start-site.ts";
import { lines, plc, reasons, tunnelWorks } from "./tunnel-works.ts";

const login = { user: "line3", password: "Proxy-Passwort-7" };

describe("a gateway behind a proxy", () => {
  test("registers, is online and opens tunnels through it, and dials nothing else", async () => {
    await using site = await startSite({ panels: plc, proxy: {}, gateway: { cloud: { proxy: proxySettings() } } });
    await tunnelWorks(site);
    const asked = new Set(site.proxy.requests);
    expect(asked).toEqual(new Set(["CONNECT cloud.example:8883 200", "CONNECT cloud.example:8443 200"]));
    expect(site.openConnections().filter((name) => name.startsWith("gateway") && name.includes("cloud:"))).toEqual([]);
  });

  test("logs in to it, and says nothing of the password", async () => {
    const proxy = { ...proxySettings(), ...login };
    await using site = await startSite({ panels: plc, proxy: { login }, gateway: { cloud: { proxy } } });
    await tunnelWorks(site);
    expect(site.proxy.requests.every((each) => each.endsWith("200"))).toBe(true);
    expect(JSON.stringify([site.gatewayLog, site.gateway.status()])).not.toContain(login.password);
  });

  test("reaches it over TLS", async () => {
    const cloud = { proxy: proxySettings(true) };
    await using site = await startSite({ panels: plc, proxy: { isTls: true }, gateway: { cloud } });
    await tunnelWorks(site);
  });

  test("says that the proxy refuses its login, and is online again once that is cured", async () => {
    const proxy = { ...proxySettings(), ...login };
    await using site = await startSite({ panels: plc, proxy: { login }, gateway: { cloud: { proxy } } });
    site.proxy.login = { ...login, password: "changed" };
    site.powerCut();
    site.powerOn();
    await site.until(() => reasons(site).includes("proxy.login-refused"), { what: "the refusal" });
    expect(lines(site, "connectivity.offline")[0]).toMatchObject({
      detail: "HTTP 407: the proxy wants a login",
      advice: expect.stringContaining("[cloud] proxy_user"),
    });
    await site.passes(120_000);
    site.proxy.login = login;
    await site.gatewayIsOnline(60_000);
    await tunnelWorks(site);
    expect(JSON.stringify(site.gatewayLog)).not.toContain(login.password);
  });

  test("takes the websocket on the HTTPS port where the proxy lets no other through", async () => {
    const cloud = { proxy: proxySettings() };
    await using site = await startSite({ panels: plc, proxy: { ports: [8443] }, gateway: { cloud } });
    expect(lines(site, "connectivity.online").at(-1)).toMatchObject({ over: "websocket" });
    expect(site.proxy.requests).toContain("CONNECT cloud.example:8883 403");
    await tunnelWorks(site);
  });

  test("notices within 20 s that the way to the proxy is dead, and comes back within a minute of the cure", async () => {
    await using site = await startSite({ panels: plc, proxy: {}, gateway: { cloud: { proxy: proxySettings() } } });
    await site.between("gateway", "proxy").during(blackHole(), async () => {
      await site.until(() => reasons(site).includes("mqtt.keep-alive"), { what: "the silence", limitMs: 20_000 });
      await site.passes(90_000);
    });
    await site.gatewayIsOnline(60_000);
    await tunnelWorks(site);
  });

  test("tells the same story twice from one seed, byte for byte, websocket and all", async () => {
    const story = async (): Promise<string> => {
      const cloud = { proxy: proxySettings() };
      await using site = await startSite({ seed: 5, panels: plc, proxy: { ports: [8443] }, gateway: { cloud } });
      await tunnelWorks(site);
      await site.between("gateway", "proxy").during(blackHole(), () => site.passes(60_000));
      await site.gatewayIsOnline(60_000);
      await tunnelWorks(site);
      return site.record.text();
    };
    const first = await story();
    expect((await story()) === first).toBe(true);
  });
});
