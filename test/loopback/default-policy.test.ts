// The default policy is the product's: a gateway whose file has no [tunnels] section refuses every panel on its loopback.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operator } from "#simulator/operator.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { type Program, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const id = "gw-default";

describe("a gateway without a [tunnels] section", () => {
  const folder = temporaryFolder();
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;
  let panels: readonly RunningPanel[];

  beforeAll(async () => {
    panels = await Promise.all(["one", "two", "three"].map((name) => startPanel(echoPanel(), name)));
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    gateway = startGatewayProgram(folder.path, cloud, { id });
    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    for (const panel of panels ?? []) await panel.close();
    folder[Symbol.dispose]();
  });

  test.each(["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"])(
    "is refused every loopback panel as %s, and no panel sees a connection",
    async (hostname) => {
      for (const [index, panel] of panels.entries()) {
        const endpoint = { name: `${hostname} ${index}`, hostname, port: panel.port, protocol: "PASSTHROUGH" } as const;
        const session = await operator.opens(await operator.addsEndpoint(endpoint));
        expect(await session.ends()).toMatchObject({ code: 4020, reason: "policy.refused" });
        expect(panel.connections).toBe(0);
      }
      const [operation] = await operator.operations();
      expect(operation).toMatchObject({ status: "FAILED", failureReason: expect.stringMatching(/^policy\.refused: /) });
    },
  );

  test("is refused the cloud's own ports, which are on the gateway's own machine", async () => {
    for (const port of Object.values(cloud.ports)) {
      const session = await operator.opens(
        await operator.addsEndpoint({ name: `port ${port}`, hostname: "127.0.0.1", port, protocol: "PASSTHROUGH" }),
      );
      expect(await session.ends()).toMatchObject({ code: 4020, reason: "policy.refused" });
    }
  });
});
