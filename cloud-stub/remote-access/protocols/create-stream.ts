// Makes the protocol's stream for one session of an endpoint: reads what it is signed in with and how the tenant wants it.
import type { Clock } from "#hardware/ports.ts";
import { readCertificatePin } from "../certificate-pin.ts";
import type { Endpoint, Endpoints } from "../endpoints.ts";
import type { SessionLimits } from "../limits.ts";
import { hostKeyAutosave, optionCategory, type TenantOptionReader } from "../tenant-limits.ts";
import type { PanelKey, PanelKeyOptions } from "./panel-key.ts";
import { readOddities } from "./panel-oddities.ts";
import type { PanelTlsOpener } from "./panel-tls-port.ts";
import { PassthroughStream } from "./passthrough.ts";
import type { ProtocolStream } from "./protocol-stream.ts";
import { readKnownKeys } from "./ssh/ssh-host-key.ts";
import { SshStream } from "./ssh.ts";
import { TelnetStream } from "./telnet.ts";
import { createVncStream } from "./vnc.ts";
import { certificateKey, type VncTlsOptions } from "./vnc-tls.ts";

export interface StreamDependencies {
  readonly clock: Clock;
  /** Without it panels that want TLS are refused. */
  readonly panelTls: PanelTlsOpener | undefined;
  readonly endpoints: Endpoints;
  readonly options: TenantOptionReader | undefined;
  readonly limits: SessionLimits;
  /** A key of a panel was kept, or could not be kept. */
  readonly hostKeyLearnt: (key: PanelKey, outcome: Promise<boolean>) => void;
}

/** Throws VaultError if a stored secret cannot be opened. */
export async function createStream(endpoint: Endpoint, deps: StreamDependencies): Promise<ProtocolStream> {
  const { handshakeMs } = deps.limits;
  switch (endpoint.protocol) {
    case "VNC": {
      const { password } = await deps.endpoints.secrets(endpoint.deviceId, endpoint.id);
      const tls = deps.panelTls === undefined ? undefined : await tlsOptions(endpoint, deps.panelTls, deps);
      const oddities = readOddities(endpoint.attrs);
      return createVncStream({ password, username: endpoint.username, handshakeMs, tls, oddities });
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
    clock: deps.clock,
  });
}

/** A certificate is known by its fingerprint: of the endpoint's host key or, set by hand, of its attributes. */
async function tlsOptions(endpoint: Endpoint, open: PanelTlsOpener, deps: StreamDependencies): Promise<VncTlsOptions> {
  const pins = [endpoint.hostKey, endpoint.attrs?.["tlsFingerprint"]].flatMap((pin) => {
    const fingerprint = typeof pin === "string" ? readCertificatePin(pin) : undefined;
    return fingerprint === undefined ? [] : [fingerprint];
  });
  return { open, certificates: await keyOptions(endpoint, pins.map(certificateKey), deps) };
}

async function keyOptions(
  endpoint: Endpoint,
  known: readonly PanelKey[],
  deps: StreamDependencies,
): Promise<PanelKeyOptions> {
  const autosave = await deps.options?.get(optionCategory, hostKeyAutosave);
  return {
    known,
    saves: autosave === "true",
    learn: (key) => deps.hostKeyLearnt(key, deps.endpoints.learnHostKey(endpoint, key.line)),
  };
}
