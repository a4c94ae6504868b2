// What is wrong with a certificate, a request for one or a chain, in words for a person.

/** `unreadable`: it is none; `unacceptable`: it is one, but not one that may be used here. */
export type CertificateErrorCode = "certificate.unreadable" | "certificate.unacceptable";

/** The message is a clause without a secret, such as "its signature does not fit its key". */
export class CertificateError extends Error {
  readonly code: CertificateErrorCode;

  constructor(code: CertificateErrorCode, message: string) {
    super(message);
    this.name = "CertificateError";
    this.code = code;
  }
}

export function unreadable(why: string): CertificateError {
  return new CertificateError("certificate.unreadable", why);
}

export function unacceptable(why: string): CertificateError {
  return new CertificateError("certificate.unacceptable", why);
}
