// Which of the two remote-access websockets a request is for (protocol.md 5.4, 5.5).

export type UpgradePath =
  /** `connectionKey` is a secret and may be any text. */
  | { readonly kind: "device"; readonly connectionKey: string }
  | { readonly kind: "client"; readonly deviceId: string; readonly endpointId: string };

/** Reads the path of a request; undefined if it is not for remote access. */
export function readUpgradePath(url: string): UpgradePath | undefined {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  const device = /^\/service\/remoteaccess\/device\/([^/]*)$/.exec(path);
  if (device !== null) return { kind: "device", connectionKey: decode(device[1]) };
  const client = /^\/service\/remoteaccess\/client\/([^/]+)\/configurations\/([^/]+)$/.exec(path);
  if (client === null) return undefined;
  return { kind: "client", deviceId: decode(client[1]), endpointId: decode(client[2]) };
}

function decode(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? "");
  } catch {
    // A broken escape is no id or key of ours, and is refused as unknown.
    return "";
  }
}
