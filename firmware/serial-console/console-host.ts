// The host names of an endpoint that mean a serial console of the gateway itself. Pure.

/** Such names are never resolved: `.internal` is kept out of the public DNS. */
const suffix = ".serial.internal";

/** On this port the bytes are framed as Telnet; on any other they are the line's own. */
export const telnetPort = 23;

/** `refused`: meant to look like one, or without a name that a console could have. */
export type ConsoleHost =
  | { readonly kind: "console"; readonly name: string }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "other" };

/**
 * Host names know no case, and a dot at their end says nothing. Whatever a resolver might take for the suffix (full-width
 * letters, other dots) is refused, so that no such name ever reaches one.
 */
export function readConsoleHost(hostname: string): ConsoleHost {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  const match = /^([a-z0-9-]{1,32})\.serial\.internal$/.exec(name);
  if (match?.[1] !== undefined) return { kind: "console", name: match[1] };
  const folded = hostname
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\u3002\uff0e\uff61]/g, ".")
    .replaceAll(/[\s\p{Cc}\p{Cf}\p{Mn}]/gu, "")
    .replace(/\.+$/, "");
  if (!`.${folded}`.endsWith(suffix)) return { kind: "other" };
  return {
    kind: "refused",
    why: "it is no name of a serial console: 1 to 32 of a-z, 0-9 and - before .serial.internal",
  };
}

/** As an endpoint has it. */
export function consoleHost(name: string): string {
  return `${name}${suffix}`;
}
