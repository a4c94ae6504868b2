// Where a link leads, as text: "host:port".
import type { CarriedTarget } from "../loopback/link-carrier.ts";
import { badValue } from "./api-error.ts";

/** "127.0.0.1:22", "panel.local:5900", "[::1]:22". */
export function parseTarget(text: string): CarriedTarget {
  const match = /^(?:\[(?<literal>[0-9a-fA-F:.]+)\]|(?<host>[^\s:/[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  const host = match?.groups?.["literal"] ?? match?.groups?.["host"];
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw badValue(
    `takes "host:port" with a port from 1 to 65535, such as "127.0.0.1:22", not ${JSON.stringify(text)}`,
    "target",
  );
}

export function formatTarget({ host, port }: CarriedTarget): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
