// Addresses in operations: only those of the gateway's own cloud are followed. Pure.

export type CloudPath =
  | { readonly ok: true /** With its query, as it goes into a request. */; readonly path: string }
  | { readonly ok: false; readonly why: string };

/** The path of an address at the cloud (`cloudUrl` is its origin). Of other addresses only their host is repeated. */
export function pathAtCloud(address: string, cloudUrl: string): CloudPath {
  const cloud = URL.parse(cloudUrl);
  // Without `new URL(address, base)`: "//host/x" and "\\host" would be another machine's.
  const target = URL.parse(address);
  if (cloud === null || target === null) return { ok: false, why: "its address cannot be read" };
  if (target.username !== "" || target.password !== "") {
    return { ok: false, why: "its address has a user or password in it" };
  }
  if (target.protocol !== "https:") return { ok: false, why: `its address begins with ${target.protocol}, not https:` };
  if (target.origin !== cloud.origin) {
    return {
      ok: false,
      why: `it is at ${target.host}: files are fetched from the gateway's own cloud only, ${cloud.host}`,
    };
  }
  return { ok: true, path: `${target.pathname}${target.search}` };
}
