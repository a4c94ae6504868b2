// The hop at the panels: whether this gateway may open a tunnel to them, and whether what listens there greets as expected.
import type { Connection, Hardware } from "#hardware/ports.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import { checkTarget } from "../tunnel/target-check.ts";
import type { FindingCode, HopResult } from "./findings.ts";

export interface LanTarget {
  readonly host: string;
  readonly port: number;
}

const dialLimitMs = 5_000;
const greetingLimitMs = 2_000;
const greetingBytesMax = 64;

/** How servers greet on their usual ports: RFC 6143 section 7.1.1, RFC 4253 section 4.2. */
const greetings: Readonly<Record<number, { readonly pattern: RegExp; readonly name: string }>> = {
  5900: { pattern: /^RFB \d{3}\.\d{3}\n/, name: "VNC" },
  22: { pattern: /^SSH-/, name: "SSH" },
};

export async function examineTarget(
  hardware: Hardware,
  { cloud, tunnels }: Pick<GatewayConfig, "cloud" | "tunnels">,
  { host, port }: LanTarget,
): Promise<HopResult> {
  const hop = { hop: "lan", subject: `${host.includes(":") ? `[${host}]` : host}:${port}` } as const;
  const fail = (code: FindingCode, detail: string): HopResult => ({ ...hop, outcome: "fail", code, detail });
  const limit = new AbortController();
  const judged = await checkTarget(
    { hardware, cloud, settings: tunnels },
    { hostname: host, port, connectionKey: "" },
    limit.signal,
  );
  if (judged.kind === "refused") {
    return fail(judged.reason === "panel.name-unknown" ? "lan.name-unknown" : "lan.policy", judged.detail);
  }
  if (!("address" in judged.target)) return { ...hop, outcome: "ok", detail: "a serial console of this gateway" };
  const dialled = await hardware.network.dial({ address: judged.target.address, port }, { timeoutMs: dialLimitMs });
  if (!dialled.ok) {
    return fail(
      dialled.reason === "refused" || dialled.reason === "reset" ? "lan.refused" : "lan.unreachable",
      dialled.detail,
    );
  }
  const expected = greetings[port];
  const greeting = expected === undefined ? "" : await readGreeting(hardware, dialled.connection);
  dialled.connection.reset();
  if (expected === undefined || expected.pattern.test(greeting)) return { ...hop, outcome: "ok" };
  const found = greeting === "" ? "nothing" : JSON.stringify(greeting.slice(0, 20));
  return fail("lan.other-protocol", `${found} in place of ${expected.name}'s greeting`);
}

function readGreeting({ clock }: Hardware, { stream }: Connection): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const finish = (): void => {
      clock.clearTimeout(limit);
      resolve(text);
    };
    const limit = clock.setTimeout(finish, greetingLimitMs);
    stream.on("error", finish).once("end", finish).once("close", finish);
    stream.on("data", (chunk: Uint8Array) => {
      text += Buffer.from(chunk).toString("latin1").slice(0, greetingBytesMax);
      if (text.includes("\n") || text.length >= greetingBytesMax) finish();
    });
  });
}
