// The demo's gateway: what its program is given and what its file says are the same, by the gateway's own reader.
import { describe, expect, it } from "vitest";
import { parseGatewayConfig } from "#firmware/config.ts";
import { demoGatewayConfig, demoGatewayToml } from "#simulator/demo/demo-gateway.ts";

describe("the demo's gateway", () => {
  it("runs with what its gateway.toml says", () => {
    const settings = {
      httpsPort: 18_443,
      mqttsPort: 18_883,
      bootstrapUser: "management/devicebootstrap",
      stateDir: "/data/gateway/state",
      panelPorts: [5951, 40_123],
    };
    const files = { ca: "/data/cloud/ca.pem", password: "/data/gateway/bootstrap-password" };
    const parsed = parseGatewayConfig(demoGatewayToml(settings, files), "gateway.toml");
    const given = demoGatewayConfig({ ...settings, authority: "PEM", bootstrapPassword: "secret" });
    const { authorities, ...cloud } = given.cloud;
    const { password, ...registration } = given.registration;
    expect(parsed).toEqual({
      ...given,
      cloud,
      registration,
      caFile: files.ca,
      passwordFile: files.password,
    });
    expect([authorities, password]).toEqual([["PEM"], "secret"]);
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
