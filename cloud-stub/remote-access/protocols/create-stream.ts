// Makes the protocol's stream for one session of an endpoint: reads what it is signed in with and how the tenant wants it.
import type { Endpoint, Endpoints } from "../endpoints.ts";
import type { SessionLimits } from "../limits.ts";
import { optionCategory, type TenantOptionReader } from "../tenant-limits.ts";
import { PassthroughStream } from "./passthrough.ts";
import type { ProtocolStream } from "./protocol-stream.ts";
import { SshStream } from "./ssh.ts";
import { TelnetStream } from "./telnet.ts";
import { createVncStream } from "./vnc.ts";

export interface StreamDependencies {
  readonly endpoints: Endpoints;
  readonly options: TenantOptionReader | undefined;
  readonly limits: SessionLimits;
  /** A key of a panel was kept or could not be kept. */
  readonly hostKeyLearnt: (fingerprint: string, outcome: Promise<boolean>) => void;
}

/** Throws VaultError if a stored secret cannot be opened. */
export async function createStream(endpoint: Endpoint, deps: StreamDependencies): Promise<ProtocolStream> {
  const { handshakeMs } = deps.limits;
  switch (endpoint.protocol) {
    case "VNC": {
      const { password } = await deps.endpoints.secrets(endpoint.deviceId, endpoint.id);
      return createVncStream({ password, handshakeMs });
    }
    case "SSH":
      return createSshStream(endpoint, deps);
    case "TELNET":
      return new TelnetStream();
    default:
      return new PassthroughStream();
  }
}

async function createSshStream(endpoint: Endpoint, deps: StreamDependencies): Promise<ProtocolStream> {
  const secrets = await deps.endpoints.secrets(endpoint.deviceId, endpoint.id);
  const autosave = await deps.options?.get(optionCategory, "hostkey-autosave");
  return new SshStream({
    username: endpoint.username ?? "",
    ...secrets,
    hostKey: endpoint.hostKey,
    savesHostKey: autosave === "true",
    allowsLegacy: endpoint.attrs?.["legacyAlgorithms"] === true,
    handshakeMs: deps.limits.handshakeMs,
    learnHostKey: ({ line, fingerprint }) =>
      deps.hostKeyLearnt(fingerprint, deps.endpoints.learnHostKey(endpoint, line)),
  });
}
