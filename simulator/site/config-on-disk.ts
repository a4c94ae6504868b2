// The configuration file of a site's gateway on its board's disk: what each start of the program makes of it.

import { httpsPort, mqttsPort } from "./cloud-server.ts";
import { siteDefaults } from "./site-defaults.ts";
import { cloudName } from "./site-map.ts";

/** Stands beside the state: the board's disk has no folders. */
export const configFileName = "gateway.toml";

/** What a site's gateway is configured with, as a file; `more` are further lines of it. */
export function siteConfigText(deviceId: string, more = ""): string {
  return `# ${deviceId}, written when it was installed
[cloud]
url = "https://${cloudName}:${httpsPort}"
mqtt = "mqtts://${cloudName}:${mqttsPort}"

[device]
id = "${deviceId}"
name = "Line 3 gateway"

[registration]
password = "${siteDefaults.passwords.bootstrap}"
${more}`;
}
