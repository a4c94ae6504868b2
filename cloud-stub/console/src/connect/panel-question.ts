// What a panel, or the cloud on its behalf, wants to know from the person before a session opens.
import type { CloudMessage } from "#protocol/session-channel.ts";

export type PanelQuestion =
  /** Asked by noVNC, because the panel wants a sign-in that the endpoint does not have. */
  | { readonly kind: "credentials"; readonly fields: readonly string[] }
  | { readonly kind: "identity"; readonly publicKey: Uint8Array<ArrayBuffer> }
  /** Asked by the cloud. */
  | ({ readonly kind: "host-key" } & Omit<Extract<CloudMessage, { type: "host-key" }>, "type">)
  | ({ readonly kind: "prompt" } & Omit<Extract<CloudMessage, { type: "prompt" }>, "type">);

/** The question in a message of the cloud. */
export function questionIn(message: Extract<CloudMessage, { type: "host-key" | "prompt" }>): PanelQuestion {
  if (message.type === "host-key") {
    const { type: _, ...rest } = message;
    return { kind: "host-key", ...rest };
  }
  const { type: _, ...rest } = message;
  return { kind: "prompt", ...rest };
}
