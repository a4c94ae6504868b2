// A machine on the internet that answers as a test wants: in the cloud's place, or in a proxy's.
import type { Connection } from "#hardware/ports.ts";
import type { DoctorSite } from "./doctor-site.ts";

export const elsewhere = "elsewhere.example";
const address = "198.51.100.90";
const dayMs = 86_400_000;

export interface ServerScript {
  readonly port: number;
  /** Without TLS where false. */
  readonly isTls?: boolean;
  /** What it says to the first bytes of a connection; undefined: it takes them and is silent. */
  readonly answers: (first: string) => Uint8Array | string | undefined;
}

/** Makes `elsewhere` answer so on the given ports. */
export async function addServer(site: DoctorSite, ...scripts: readonly ServerScript[]): Promise<void> {
  const interfaces = [
    { name: "eth0", hasDefaultRoute: true, addresses: [{ address, family: 4 as const, prefixLength: 24 }] },
  ];
  const host = site.network.addHost("elsewhere", { interfaces });
  site.network.addName(elsewhere, [address]);
  const nowMs = site.clock.nowMs();
  const life = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + dayMs };
  const certificate = () => ({ names: [elsewhere], authority: "Postern site", ...life });
  for (const { port, isTls = true, answers } of scripts) {
    const accept = (connection: Connection): void => serve(connection, answers);
    const on = { address: "0.0.0.0", port };
    const outcome = isTls ? await host.listenTls({ ...on, certificate }, accept) : await host.listen(on, accept);
    if (!outcome.ok) throw new Error(outcome.detail);
  }
}

function serve({ stream }: Connection, answers: ServerScript["answers"]): void {
  stream.on("error", () => {});
  stream.once("end", () => stream.destroy());
  stream.once("data", (first: Uint8Array) => {
    const answer = answers(Buffer.from(first).toString("latin1"));
    if (answer !== undefined) stream.end(answer);
  });
}

/** An HTTP answer; `headers` are whole lines. */
export function http(status: string, body = "", headers: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, "Connection: close"];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** MQTT 3.1.1 section 3.2. */
export function connack(returnCode: number): Uint8Array {
  return Buffer.from([0x20, 2, 0, returnCode]);
}

export const loginOptions = http("200 OK", JSON.stringify({ loginOptions: [] }), ["Content-Type: application/json"]);
