// docs/gateway.md is true: its reference is the schema's, each figure is explained, and what it shows is taken by the gateway.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseGatewayConfig } from "#firmware/config/parse-config.ts";
import { writeMetrics } from "#firmware/status/write-metrics.ts";
import { withReference } from "#scripts/gateway-reference.ts";
import { projectRoot } from "../tidy/project-files.ts";
import { aStatus } from "./local/a-status.ts";

const page = readFileSync(join(projectRoot, "docs", "gateway.md"), "utf8");

test("the reference of gateway.toml is that of the schema (node scripts/write-gateway-reference.ts)", () => {
  expect(page).toBe(withReference(page));
});

test("a page without the marks is refused", () => {
  expect(() => withReference("# x")).toThrow(/must have/);
});

test("each figure is explained", () => {
  const counters = aStatus().counters;
  const text = writeMetrics(
    aStatus({
      identity: { kind: "certificate", certificateNotAfterMs: 1 },
      health: { celsius: 1, load1: 1, memoryUsedPercent: 1, diskUsedPercent: 1, isHot: false, alarms: [] },
      counters: { ...counters, offline: { timeout: 1 }, tunnelsClosed: { "client.closed": 1 } },
    }),
    {
      residentBytes: 1,
      heapUsedBytes: 1,
      cpuSeconds: 1,
      eventLoopDelayP50S: 1,
      eventLoopDelayP99S: 1,
      eventLoopDelayMaxS: 1,
    },
  );
  const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? "");
  expect(families.length).toBeGreaterThan(20);
  const section = page.slice(page.indexOf("## Metrics"), page.indexOf("## Service"));
  const told = [...section.matchAll(/`((?:postern|process)_[a-z0-9_]+)/g)].map(([, name]) => name ?? "");
  expect(told.toSorted()).toEqual(families.toSorted());
});

test("the shortest file of the page, and the example that is installed, are good", () => {
  const shortest = /The shortest file:\n```toml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  expect(parseGatewayConfig(shortest, "gateway.toml").cloud.url).toBe("https://t1000.example");
  const example = readFileSync(join(projectRoot, "hardware", "image", "gateway.toml.example"), "utf8");
  expect(parseGatewayConfig(example, "gateway.toml").stateDir).toBe("/var/lib/postern");
});
