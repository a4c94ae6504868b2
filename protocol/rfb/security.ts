// The security types of RFB (RFC 6143 section 7.2 and the public registry) and the results of the security handshake.

/** The types that Postern speaks. */
export const securityTypes = { none: 1, vncAuthentication: 2, tight: 16, veNCrypt: 19 } as const;

/** The subtypes of VeNCrypt 0.2 that Postern speaks; None and VNC Authentication may stand among them too. */
export const veNCryptSubtypes = {
  plain: 256,
  tlsNone: 257,
  tlsVnc: 258,
  tlsPlain: 259,
  x509None: 260,
  x509Vnc: 261,
  x509Plain: 262,
} as const;

/** How the sign-in is proven once the types are agreed on. */
export type Proof = "none" | "vnc" | "plain";

/** U32 after the security handshake (RFC 6143 section 7.1.3); 2 comes from servers that count attempts. */
export const securityResults = { ok: 0, failed: 1, failedTooManyAttempts: 2 } as const;

/** Longest reason that is read or written, in bytes. */
export const reasonBytesMax = 4096;

const names: Readonly<Record<number, string>> = {
  1: "None",
  2: "VNC Authentication",
  5: "RA2",
  6: "RA2ne",
  16: "Tight",
  17: "UltraVNC",
  18: "TLS",
  19: "VeNCrypt",
  20: "SASL",
  21: "MD5 hash authentication",
  22: "xvp",
  23: "Secure Tunnel",
  24: "Integrated SSH",
  30: "Apple Diffie-Hellman",
  33: "Apple RSA-SRP",
  35: "Apple Kerberos",
  36: "Apple SRP",
  112: "Microsoft Logon I",
  113: "Microsoft Logon II",
  114: "UltraVNC encryption plug-in",
  115: "UltraVNC encryption plug-in (new)",
  129: "RA2 (256 bit)",
  130: "RA2ne (256 bit)",
  256: "Plain",
  257: "TLSNone",
  258: "TLSVnc",
  259: "TLSPlain",
  260: "X509None",
  261: "X509Vnc",
  262: "X509Plain",
  263: "TLSSASL",
  264: "X509SASL",
  // UltraVNC's of four bytes, to clients of 3.3.
  4294967290: "Microsoft Logon II",
};

/** What people call a security type or a VeNCrypt subtype; unknown ones are "type N". */
export function securityTypeName(type: number): string {
  return names[type] ?? `type ${type}`;
}

/** A list of types for a sentence: "VeNCrypt, TLS and type 77". */
export function securityTypeList(types: Iterable<number>): string {
  const list = [...new Set(types)].map(securityTypeName);
  const last = list.pop() ?? "nothing";
  return list.length === 0 ? last : `${list.join(", ")} and ${last}`;
}
