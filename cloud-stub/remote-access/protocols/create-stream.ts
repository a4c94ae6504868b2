// Makes the protocol's stream for one session of an endpoint: reads what it is signed in with and how the tenant wants it.
import type { Endpoint, Endpoints } from "../endpoints.ts";
import type { SessionLimits } from "../limits.ts";
import { optionCategory, type TenantOptionReader } from "../tenant-limits.ts";
import type { PanelKey, PanelKeyOptions } from "./panel-key.ts";
import { PassthroughStream } from "./passthrough.ts";
import type { ProtocolStream } from "./protocol-stream.ts";
import { readKnownKeys } from "./ssh/ssh-host-key.ts";
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
  const { username, hostKey, attrs } = endpoint;
  return new SshStream({
    username: username ?? "",
    ...(await deps.endpoints.secrets(endpoint.deviceId, endpoint.id)),
    hostKeys: await keyOptions(endpoint, readKnownKeys(hostKey), deps),
    allowsLegacy: attrs?.["legacyAlgorithms"] === true,
    handshakeMs: deps.limits.handshakeMs,
  });
}

async function keyOptions(
  endpoint: Endpoint,
  known: readonly PanelKey[],
  deps: StreamDependencies,
): Promise<PanelKeyOptions> {
  const autosave = await deps.options?.get(optionCategory, "hostkey-autosave");
  return {
    known,
    saves: autosave === "true",
    learn: ({ line, fingerprint }) => deps.hostKeyLearnt(fingerprint, deps.endpoints.learnHostKey(endpoint, line)),
  };
}
