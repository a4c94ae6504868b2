// Finds the XSRF token among the page's cookies.

/** The XSRF token for the port that the page came from; several clouds on one host have a cookie each. */
export function readXsrfToken(
  cookies: string,
  place: { readonly port: string; readonly protocol: string },
): string | undefined {
  const port = place.port !== "" ? place.port : place.protocol === "https:" ? "443" : "80";
  for (const cookie of cookies.split("; ")) {
    const [name, value] = [cookie.slice(0, cookie.indexOf("=")), cookie.slice(cookie.indexOf("=") + 1)];
    if (name === `XSRF-TOKEN-${port}`) return decodeURIComponent(value);
  }
  return undefined;
}
