// A status as a running gateway gives it, for tests of what shows it.
import type { GatewayStatus } from "#firmware/status/gateway-status.ts";

const startedAtMs = Date.UTC(2026, 10, 25, 3, 0, 0);

export function aStatus(changes: Partial<GatewayStatus> = {}): GatewayStatus {
  return {
    registration: "registered",
    connectivity: "online",
    tunnels: [
      {
        operation: "4711",
        state: "standing.forwarding",
        bytesUp: 900,
        bytesDown: 5_000_000,
        heldBytes: 12,
        host: "192.168.10.11",
        port: 5900,
        isOpen: true,
        requestedAtMs: startedAtMs + 60_000,
      },
    ],
    version: "0.1.0",
    stateDir: "/var/lib/postern",
    device: { id: "gw-1", name: "Line 3", type: "postern-gateway", model: "Board", serialNumber: "c0ffee" },
    atMs: startedAtMs + 3_700_000,
    startedAtMs,
    registrationSince: { sinceMs: startedAtMs + 1_000 },
    connectivitySince: { sinceMs: startedAtMs + 2_000 },
    cloud: { url: "https://cloud.example", mqtt: "cloud.example:8883", mqttOver: "auto" },
    identity: { kind: "password", user: "t1000/device_gw-1" },
    serialConsoles: [],
    queue: { messages: 0, dropped: 0 },
    counters: { online: 1, offline: {}, tunnelsOpened: 1, tunnelsClosed: {}, bytesUp: 0, bytesDown: 0 },
    ...changes,
  };
}
