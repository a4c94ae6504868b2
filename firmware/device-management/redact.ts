// Takes secrets out of texts that leave the gateway for people: those that it knows, and what looks like one.

/** What stands in the place of a secret. */
export const redacted = "***";
/** Shorter ones are no secrets but would tear words apart. */
const secretLengthMin = 4;

/** Things that are secrets by their shape, whoever wrote them; `$1` is what stays. */
const shapes: readonly RegExp[] = [
  /()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // The same in one line of JSON.
  /()-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\n|[A-Za-z0-9+/=])*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g,
  // Basic and Bearer of HTTP (RFC 7617, RFC 6750).
  /\b((?:Basic|Bearer) )[A-Za-z0-9+/._~-]{8,}={0,2}/gi,
  // Any token of three base64url parts that begins as JSON does (RFC 7519).
  /()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g,
  /(\/service\/remoteaccess\/device\/)[^/?#\s"']+/gi,
  // User and password in an address (RFC 3986 section 3.2.1).
  /(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s"'@]+@/gi,
  /([?&](?:token|access_token|password|key|secret|tfa_code|XSRF-TOKEN)=)[^&#\s"']+/gi,
  // Of SmartREST: credentials (70), tokens (71), connection keys (530).
  /((?:^|[\s"'\\n])70,[^,\s]+,[^,\s]+,)[^\s"']+/gm,
  /((?:^|[\s"'])71,)[^\s"']+/gm,
  /((?:^|[\s"'])530,[^,\s]+,[^,\s]+,[^,\s]+,)[^\s"']+/gm,
];

/** `password: x`, `"connectionKey": "x"`, `one_time_password = 'x'`: what it is quoted with stays. */
const named =
  /((?:pass(?:word|phrase|wd)|secret|(?:connection|private|security|one.?time)[ _-]?(?:key|token|password)|token|authorization|cookie)["']?\s*[:=]\s*)(?:(")(?:[^"\\]|\\.)*"|(')[^']*'|[^\s,;"'}]+)/gi;

export type Redactor = (text: string) => string;

/** `secrets` is asked for each time: some come with the registration and are renewed. */
export function createRedactor(secrets: () => readonly string[]): Redactor {
  return (text) => {
    let clean = text;
    for (const form of formsOf(secrets())) clean = clean.replaceAll(form, redacted);
    for (const shape of shapes) clean = clean.replace(shape, `$1${redacted}`);
    return clean.replace(named, `$1$2$3${redacted}$2$3`);
  };
}

/** As they are, and as they may stand in JSON, addresses and headers; longest first, so that no part of one is left. */
function formsOf(secrets: readonly string[]): readonly string[] {
  const forms = new Set<string>();
  // Of keys and certificates each line is one.
  for (const secret of secrets.flatMap((each) => [each, ...each.split(/\r?\n/)])) {
    if (secret.length < secretLengthMin || secret.startsWith("-----")) continue;
    const bytes = Buffer.from(secret, "utf8");
    forms.add(secret);
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(encodeURIComponent(secret));
    forms.add(bytes.toString("hex"));
    forms.add(bytes.toString("hex").toUpperCase());
    for (const encoding of ["base64", "base64url"] as const) {
      forms.add(bytes.toString(encoding));
      for (const offset of [0, 1, 2]) forms.add(base64Core(bytes, offset, encoding));
    }
  }
  return [...forms].filter((form) => form.length >= secretLengthMin).toSorted((a, b) => b.length - a.length);
}

/** What is the same of it in base64 whatever stands before and after it, where it begins so many bytes into a group of three. */
function base64Core(bytes: Uint8Array, offset: number, encoding: "base64" | "base64url"): string {
  const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + bytes.length) * 8) / 6);
  return shifted.slice(first, last);
}
