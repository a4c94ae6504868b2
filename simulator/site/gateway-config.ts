// What a site's gateway is configured with, but for its tunnels: which cloud, who it is, and how it asks to be let in.
import { httpsPort, mqttsPort } from "./cloud-server.ts";
import { siteDefaults } from "./site-defaults.ts";
import { cloudName } from "./site-map.ts";

/** `authorityPem`: of the authority by which it knows the cloud. */
export function gatewayConfig(deviceId: string, authorityPem: string) {
  return {
    cloud: {
      host: cloudName,
      httpsPort,
      mqttHost: cloudName,
      mqttPort: mqttsPort,
      authorities: [authorityPem],
      url: `https://${cloudName}:${httpsPort}`,
    },
    device: { id: deviceId, name: "Line 3 gateway", type: "postern-gateway" },
    registration: {
      method: "bootstrap",
      user: "management/devicebootstrap",
      password: siteDefaults.passwords.bootstrap,
    },
    stateDir: "state",
  } as const;
}
