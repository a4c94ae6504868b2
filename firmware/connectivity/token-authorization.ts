// Shows the gateway to the cloud's HTTPS port: by its password, or by a token that the cloud hands out over MQTT.
import { basicHeader, type CloudAuthorization, type CloudIdentity } from "../cloud-identity.ts";
import type { TokenSource } from "./token-source.ts";

const scheme = "Bearer ";

/** `identity` is asked for each time: it comes with the registration and may be renewed. */
export function createAuthorization(
  identity: () => CloudIdentity | undefined,
  tokens: TokenSource,
): CloudAuthorization {
  return {
    header: async (options) => {
      const known = identity();
      if (known === undefined) return { ok: false, why: "this gateway is not registered yet" };
      if (known.kind === "password") {
        return { ok: true, value: basicHeader(`${known.tenant}/${known.user}`, known.password) };
      }
      const outcome = await tokens.token(options);
      return outcome.ok ? { ok: true, value: `${scheme}${outcome.token}` } : outcome;
    },
    refused: (value) => value.startsWith(scheme) && tokens.refused(value.slice(scheme.length)),
  };
}
