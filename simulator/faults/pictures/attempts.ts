// What the gateway of the pictures tries over and over, and how each attempt ends in a word; "ok" when all is well.
import type { Connection, DialOutcome, Network, Storage } from "#hardware/ports.ts";
import { httpProxyPort } from "../../network/http-proxy.ts";
import { authorities, ports } from "./small-cloud.ts";
import { cloudAddress, cloudName, panelAddress } from "./two-ends.ts";

const wait = { timeoutMs: 250 };

type Attempt = () => Promise<string>;

export function attemptsOf(network: Network, storage: Storage): readonly (readonly [name: string, attempt: Attempt])[] {
  const proxied = `CONNECT ${panelAddress}:80 HTTP/1.1\r\n\r\n`;
  return [
    ["HTTPS to the cloud", () => secures(network)],
    ["HTTP to the cloud", () => asks(network, { address: cloudAddress, port: ports.http }, "GET / HTTP/1.1\r\n\r\n")],
    ["HTTP by a proxy", () => asks(network, { address: panelAddress, port: httpProxyPort }, proxied)],
    ["gateway's disk", () => writes(storage)],
  ];
}

async function secures(network: Network): Promise<string> {
  const resolved = await network.resolve(cloudName, wait);
  if (!resolved.ok) return resolved.reason;
  const target = {
    address: resolved.addresses[0] ?? "",
    port: ports.https,
    serverName: cloudName,
    extraAuthorities: authorities,
  };
  const outcome = await network.dialTls(target, wait);
  if (outcome.ok) finish(outcome.connection);
  return wordOf(outcome);
}

/** The status of an HTTP answer, or how the dial ended. */
async function asks(
  network: Network,
  target: { readonly address: string; readonly port: number },
  request: string,
): Promise<string> {
  const outcome = await network.dial(target, wait);
  if (!outcome.ok) return outcome.reason;
  const { stream } = outcome.connection;
  const answer = new Promise<string>((resolve) => {
    stream.on("error", () => resolve("reset"));
    stream.once("data", (bytes: Uint8Array) => {
      const status = /^HTTP\/1\.1 ([3-5]\d\d)/.exec(Buffer.from(bytes).toString("latin1"))?.[1];
      resolve(status ?? "ok");
      finish(outcome.connection);
    });
  });
  stream.write(request);
  return answer;
}

async function writes(storage: Storage): Promise<string> {
  try {
    await storage.write("state.json", Buffer.from("{}"));
    return "ok";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "failed";
  }
}

function wordOf(outcome: DialOutcome): string {
  return outcome.ok ? "ok" : outcome.reason.replace(/^tls\./, "");
}

function finish({ stream }: Connection): void {
  stream.on("error", () => undefined); // what was wanted is there
  stream.resume();
  stream.end();
}
