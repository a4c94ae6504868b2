// The figures for Prometheus: their text, who gets them, and what is in them whatever happens: no secret.
import { request } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type MetricsServer, serveMetrics } from "#firmware/local/metrics-server.ts";
import { writeMetrics } from "#firmware/status/write-metrics.ts";
import { aStatus } from "./a-status.ts";

const figures = {
  residentBytes: 70_000_000,
  heapUsedBytes: 20_000_000,
  cpuSeconds: 1.5,
  eventLoopDelayP50S: 0.001,
  eventLoopDelayP99S: 0.01,
  eventLoopDelayMaxS: 0.5,
};

let servers: MetricsServer[] = [];
afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

async function serve(port = 0): Promise<number> {
  const outcome = await serveMetrics(port, () => aStatus());
  if (!outcome.ok) throw new Error(outcome.why);
  servers.push(outcome.server);
  return outcome.server.port;
}

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

function ask(port: number, options: { path?: string; method?: string; host?: string; address?: string } = {}) {
  const { path = "/metrics", method = "GET", host = `127.0.0.1:${port}`, address = "127.0.0.1" } = options;
  return new Promise<Answer>((resolve, reject) => {
    const asked = request({ host: address, port, path, method, headers: { host }, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, type: response.headers["content-type"], text }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("the text", () => {
  const text = writeMetrics(
    aStatus({
      identity: { kind: "certificate", source: "files", certificateNotAfterMs: 2_000_000_000_000 },
      health: { celsius: 48.25, load1: 0.5, memoryUsedPercent: 40, diskUsedPercent: 12.5, isHot: false, alarms: [] },
      queue: { messages: 7, dropped: 2 },
      counters: {
        online: 3,
        offline: { "mqtt.closed": 2, timeout: 1 },
        tunnelsOpened: 5,
        tunnelsClosed: { "client.closed": 4, "panel.refused": 1 },
        bytesUp: 100,
        bytesDown: 200,
      },
    }),
    figures,
  );

  test.each([
    'postern_info{version="0.1.0",device="gw-1",model="Board"} 1',
    "postern_registered 1",
    'postern_connectivity{state="online"} 1',
    'postern_connectivity{state="offline"} 0',
    "postern_online_total 3",
    'postern_offline_total{reason="mqtt.closed"} 2',
    "postern_certificate_expiry_seconds 2000000000",
    'postern_tunnels{state="open"} 1',
    'postern_tunnels{state="opening"} 0',
    "postern_tunnels_opened_total 5",
    'postern_tunnels_closed_total{reason="panel.refused"} 1',
    'postern_tunnel_bytes_total{direction="up"} 1000',
    'postern_tunnel_bytes_total{direction="down"} 5000200',
    "postern_tunnel_held_bytes 12",
    "postern_queue_messages 7",
    "postern_queue_dropped_total 2",
    "postern_temperature_celsius 48.25",
    "postern_load1 0.5",
    "postern_alarms 0",
    "process_resident_memory_bytes 70000000",
    "process_cpu_seconds_total 1.5",
    'postern_event_loop_delay_seconds{quantile="0.99"} 0.01',
  ])("has %s", (line) => {
    expect(text.split("\n")).toContain(line);
  });

  test("is in the format: each family once, HELP and TYPE before its samples, a line end at the end", () => {
    expect(text.endsWith("\n")).toBe(true);
    const families: string[] = [];
    let current = "";
    for (const line of text.trimEnd().split("\n")) {
      const comment = /^# (HELP|TYPE) ([a-z_0-9]+) (.+)$/.exec(line);
      if (comment?.[1] === "HELP") {
        current = comment[2] ?? "";
        families.push(current);
        continue;
      }
      if (comment?.[1] === "TYPE") {
        expect(comment[2]).toBe(current);
        expect(["gauge", "counter"]).toContain(comment[3]);
        continue;
      }
      const sample = /^([a-z_0-9]+)(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? (-?[0-9][0-9.e+-]*|NaN|[+-]Inf)$/.exec(
        line,
      );
      expect(sample?.[1], line).toBe(current);
    }
    expect(new Set(families).size).toBe(families.length);
    expect(families.filter((name) => name.endsWith("_total")).length).toBeGreaterThan(5);
  });

  test("names no operation and no panel, and leaves out what is not known", () => {
    const bare = writeMetrics(aStatus(), figures);
    expect(bare).not.toContain("4711");
    expect(bare).not.toContain("192.168.10.11");
    expect(bare).not.toContain("postern_temperature_celsius");
    expect(bare).not.toContain("postern_certificate_expiry_seconds");
    expect(bare).not.toContain("undefined");
  });

  test("escapes what stands in a label", () => {
    const { device } = aStatus();
    const odd = aStatus({ device: { ...device, model: 'a "b" \\ \n c' } });
    expect(writeMetrics(odd, { ...figures, cpuSeconds: Number.NaN })).toContain('model="a \\"b\\" \\\\ \\n c"} 1');
  });
});

describe("the server", () => {
  test("answers on the loopback, with figures of this process", async () => {
    const port = await serve();
    const { status, type, text } = await ask(port);
    expect({ status, type }).toEqual({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
    const resident = Number(/^process_resident_memory_bytes ([0-9]+)$/m.exec(text)?.[1]);
    expect(resident).toBeGreaterThan(10_000_000);
    expect(text).toMatch(/^postern_event_loop_delay_seconds\{quantile="1"\} [0-9.e-]+$/m);
    expect((await ask(port, { host: "localhost" })).status).toBe(200);
    expect((await ask(port, { path: "/metrics?x=1" })).status).toBe(200);
  });

  test.each([
    { options: { path: "/" }, status: 404 },
    { options: { path: "/metrics/" }, status: 404 },
    { options: { method: "POST" }, status: 405 },
    { options: { method: "HEAD" }, status: 405 },
    { options: { host: "evil.example" }, status: 421 },
    { options: { host: "127.0.0.1.evil.example:9464" }, status: 421 },
    { options: { host: "[::1]:1" }, status: 421 },
  ])("refuses $options", async ({ options, status }) => {
    const answer = await ask(await serve(), options);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain("postern_");
  });

  test("refuses headers of more than 4 KiB", async () => {
    const port = await serve();
    expect((await ask(port, { path: `/metrics?${"x".repeat(8_192)}` })).status).toBe(431);
    expect((await ask(port)).status).toBe(200);
  });

  test("that finds its port taken says so", async () => {
    const other = createTcpServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(await serveMetrics(port, () => aStatus())).toEqual({
      ok: false,
      why: expect.stringMatching(/^127\.0\.0\.1:\d+: .*EADDRINUSE/),
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test("that is closed is gone", async () => {
    const port = await serve();
    await ask(port);
    await servers.pop()?.close();
    await expect(ask(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
