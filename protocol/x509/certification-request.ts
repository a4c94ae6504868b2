// Writes a certification request (PKCS #10, RFC 2986) with a common name and nothing else.
import {
  derBits,
  derElement,
  derNull,
  derObjectId,
  derSequence,
  derSmallInteger,
  derTags,
  derUtf8,
} from "./der-writer.ts";

export type RequestSignature = "ecdsa-with-sha256" | "rsa-with-sha256";

export interface CertificationRequest {
  /** For a device of the platform its external id (protocol.md 2.8). */
  readonly commonName: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly signature: RequestSignature;
  /** Signs with the private key to it: ECDSA with SHA-256 as DER, or RSA PKCS #1 v1.5 with SHA-256. */
  readonly sign: (bytes: Uint8Array) => Uint8Array;
}

const commonNameId = "2.5.4.3";

/** RFC 5758 section 3.2: ECDSA has no parameters; RFC 4055 section 5: RSA has NULL. */
const algorithms: Readonly<Record<RequestSignature, () => Uint8Array>> = {
  "ecdsa-with-sha256": () => derSequence(derObjectId("1.2.840.10045.4.3.2")),
  "rsa-with-sha256": () => derSequence(derObjectId("1.2.840.113549.1.1.11"), derNull()),
};

/** DER. */
export function writeCertificationRequest(request: CertificationRequest): Uint8Array {
  const name = derSequence(derObjectId(commonNameId), derUtf8(request.commonName));
  const info = derSequence(
    derSmallInteger(0),
    derSequence(derElement(derTags.set, name)),
    request.publicKey,
    // No attributes, and yet the field must be there.
    derElement(derTags.context0),
  );
  return derSequence(info, algorithms[request.signature](), derBits(request.sign(info)));
}

/** As an EST client sends it: base64 in lines of 64 characters, without the PEM frame (RFC 7030 section 4.2.1). */
export function certificationRequestBody(request: Uint8Array): string {
  return `${Buffer.from(request)
    .toString("base64")
    .replace(/(.{64})(?=.)/g, "$1\n")}\n`;
}
