// The company's HTTP proxy beside the gateway: its machine, what it lets through, and whether there is a way around it.
import { type HttpProxy, httpProxyPort, type ProxyLogin, startHttpProxy } from "../network/http-proxy.ts";
import type { SimulatedNetwork } from "../network/network.ts";

export const proxyName = "proxy.plant.example";
const proxyHost = "proxy";
const proxyAddress = "10.20.0.9";
const lifeMs = 365 * 86_400_000;

export interface SiteProxyOptions {
  /** Whether the way to the proxy itself is TLS, by a certificate that the site's authority has signed. */
  readonly isTls?: boolean;
  /** Without it everybody is let through. */
  readonly login?: ProxyLogin;
  /** Ports that it lets through; all by default. */
  readonly ports?: readonly number[];
}

export interface SiteProxy extends HttpProxy {
  readonly name: string;
  /** Who is let through from now on. */
  login: ProxyLogin | undefined;
}

/** From then on nothing of the gateway's reaches the cloud directly. */
export async function addSiteProxy(network: SimulatedNetwork, options: SiteProxyOptions): Promise<SiteProxy> {
  const addresses = [{ address: proxyAddress, family: 4 as const, prefixLength: 24 }];
  const host = network.addHost(proxyHost, { interfaces: [{ name: "eth0", hasDefaultRoute: true, addresses }] });
  network.addName(proxyName, [proxyAddress]);
  network.firewall.add({ from: "gateway", to: "cloud", action: "drop" });
  const nowMs = network.clock.nowMs();
  const life = { notBeforeMs: nowMs - lifeMs, notAfterMs: nowMs + lifeMs };
  const certificate = () => ({ names: [proxyName], authority: "Postern site", ...life });
  let login = options.login;
  const proxy = await startHttpProxy({
    network: host,
    ...(options.isTls === true ? { listen: (on, accept) => host.listenTls({ ...on, certificate }, accept) } : {}),
    ...(options.ports === undefined ? {} : { ports: options.ports }),
    login: () => login,
  });
  return {
    ...proxy,
    name: proxyName,
    get login() {
      return login;
    },
    set login(next) {
      login = next;
    },
  };
}

/** What the gateway is configured with so that it goes through it. */
export function proxySettings(isTls = false) {
  return { host: proxyName, port: httpProxyPort, isTls };
}
