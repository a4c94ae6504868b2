// Headers of every answer, so that a page of ours runs only our own code and no foreign page can use us.

/** `host`: the Host header if it is one of ours, else empty; names the websockets of the page's own origin. */
export function securityHeaders(host: string): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'self'",
    "script-src 'self'",
    // The component library sets styles from its own code.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    // Not every browser counts a websocket of the own origin as 'self'.
    `connect-src 'self' data:${host === "" ? "" : ` ws://${host} wss://${host}`}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
  };
}
