// Reads an MQTT client identifier: `[connectionType:]deviceIdentifier[:defaultTemplateId]` (protocol.md 1.2).
import { isDeviceId } from "../devices/registration.ts";

/** The device identifier, or undefined for an identifier that is not accepted. Only the connection type `d` is known. */
export function parseClientId(clientId: string): string | undefined {
  const parts = clientId.split(":");
  if (parts.length > 3) return undefined;
  // Of two parts the first is the type: `abc:tpl` without a type is not told apart from a type `abc`.
  if (parts.length > 1 && parts[0] !== "d") return undefined;
  const identifier = parts.length === 1 ? parts[0] : parts[1];
  return identifier !== undefined && isDeviceId(identifier) ? identifier : undefined;
}
