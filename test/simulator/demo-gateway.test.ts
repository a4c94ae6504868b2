// The demo's gateway: what its program is given and what its file says are the same, by the gateway's own reader.
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type FileOutcome, loadConfig } from "#firmware/config/load-config.ts";
import { completeConfig } from "#firmware/gateway.ts";
import { demoGatewayConfig, demoGatewayToml } from "#simulator/demo/demo-gateway.ts";
import { TestAuthority } from "../hardware/test-authority.ts";

describe("the demo's gateway", () => {
  it("runs with what its gateway.toml says", async () => {
    const settings = {
      httpsPort: 18_443,
      mqttsPort: 18_883,
      bootstrapUser: "management/devicebootstrap",
      stateDir: "/data/gateway/state",
      panelPorts: [5951, 40_123],
    };
    const names = { ca: "/data/cloud/ca.pem", password: "/data/gateway/bootstrap-password" };
    const authority = new X509Certificate(new TestAuthority().caPem).toString();
    const texts: Readonly<Record<string, string>> = {
      "/data/gateway/gateway.toml": demoGatewayToml(settings, names),
      [names.ca]: authority,
      [names.password]: "secret\n",
    };
    const read = async (path: string): Promise<FileOutcome> => {
      const text = texts[path];
      return text === undefined ? { ok: false, why: "no such file" } : { ok: true, text, isOpenToOthers: false };
    };
    const files = { read, resolve: (_: string, name: string) => name, baseName: () => "gateway.toml" };
    const loaded = await loadConfig({ files, path: "/data/gateway/gateway.toml", nowMs: Date.now() });
    const given = demoGatewayConfig({ ...settings, authority, bootstrapPassword: "secret" });
    expect(loaded).toEqual({ config: completeConfig(given), warnings: [] });
  });

  it("is allowed nothing but the product's default and its own panels, each by its port", () => {
    const { tunnels } = demoGatewayConfig({
      httpsPort: 1,
      mqttsPort: 2,
      authority: "",
      bootstrapUser: "",
      bootstrapPassword: "",
      stateDir: "",
      panelPorts: [5951],
    });
    expect(tunnels.allow).toEqual([
      { kind: "private" },
      { kind: "self" },
      {
        kind: "network",
        network: { base: { family: 4, value: 0x7f000001n }, prefixLength: 32 },
        ports: { low: 5951, high: 5951 },
      },
    ]);
  });
});
