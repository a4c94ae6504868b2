// The management machine with its hands, for the wiring diagram.
import type { Hardware } from "#hardware/ports.ts";
import type { CloudHttpDeps } from "../cloud-http.ts";
import type { CloudAuthorization, CloudIdentity } from "../cloud-identity.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import type { LogEntry } from "../log.ts";
import { CloudFiles } from "./cloud-files.ts";
import type { ConfigFileAccess } from "./config-file-access.ts";
import type { LogRing } from "./log-ring.ts";
import { managementActors } from "./management.actor.ts";
import { managementMachine } from "./management.machine.ts";
import { createRedactor } from "./redact.ts";

export interface ManagementParts {
  readonly hardware: Hardware;
  readonly config: GatewayConfig;
  readonly https: CloudHttpDeps;
  readonly authorization: CloudAuthorization;
  readonly ring: LogRing;
  readonly configFile: ConfigFileAccess | undefined;
  readonly identity: () => CloudIdentity | undefined;
  readonly writeLog: (entry: LogEntry) => void;
}

export function provideManagement(parts: ManagementParts) {
  const { hardware, config, https, authorization, ring, configFile, identity, writeLog } = parts;
  const files = new CloudFiles({
    https,
    authorization,
    clock: hardware.clock,
    cloudUrl: config.cloud.url,
    deviceId: config.device.id ?? hardware.identity.serialNumber,
  });
  const redact = createRedactor(() => knownSecrets(config, identity()));
  return managementMachine.provide({
    actions: { log: (_, entry) => writeLog(entry) },
    actors: managementActors({ hardware, commands: config.commands, files, ring, redact, configFile }),
  });
}

/** Everything secret that this gateway holds. */
export function knownSecrets({ registration, cloud }: GatewayConfig, identity: CloudIdentity | undefined): string[] {
  const secrets: (string | undefined)[] = [cloud.proxy?.password];
  switch (registration.method) {
    case "bootstrap":
      secrets.push(registration.password, registration.securityToken);
      break;
    case "certificate":
      secrets.push(registration.certificate.privateKey);
      break;
    case "enrolment":
      secrets.push(registration.oneTimePassword);
      break;
    default:
      registration satisfies never;
  }
  if (identity?.kind === "password") secrets.push(identity.password);
  if (identity?.kind === "certificate") secrets.push(identity.certificate.privateKey);
  return secrets.flatMap((secret) => (secret === undefined || secret === "" ? [] : [secret]));
}
