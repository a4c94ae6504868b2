// The text of a configuration that names no other files, judged and made whole: for the simulated board, whose one disk has no folders.
import type { GatewayConfig } from "../config/gateway-config.ts";
import { parseGatewayConfig } from "../config/parse-config.ts";
import { ConfigError } from "../errors.ts";

/** `authorities`: in the place of [cloud] ca. Throws ConfigError; also for a file that needs others. */
export function configOfText(text: string, fileName: string, authorities: readonly string[]): GatewayConfig {
  const { cloud, registration, files, hasSecrets: _hasSecrets, ...rest } = parseGatewayConfig(text, fileName);
  const [named] = Object.values(files).filter((file) => file !== undefined);
  if (named !== undefined)
    throw new ConfigError("config.unreadable", [`${named.place}: there is no file ${named.name}`]);
  if (registration.method !== "bootstrap") {
    throw new ConfigError("config.invalid", [`${fileName}: [registration] method: takes files`]);
  }
  const { user, password = "", securityToken } = registration;
  return {
    ...rest,
    cloud: { ...cloud, authorities },
    registration: {
      method: "bootstrap",
      user,
      password,
      ...(securityToken === undefined ? {} : { securityToken }),
    },
  };
}

/** What is wrong with it; nothing where it could be used. */
export async function findingsOf(read: () => unknown): Promise<readonly string[]> {
  try {
    await read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.findings;
    throw error;
  }
}
