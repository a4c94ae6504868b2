// Reads what an EST server answers: certificates in a PKCS #7 message that signs nothing (RFC 7030 section 4.2.3, RFC 5652).
import { ProtocolError } from "../protocol-error.ts";
import { type BerElement, contentOf, malformed, readElements, readWithin } from "./ber-reader.ts";
import { derObjectId, derTags } from "./der-writer.ts";

/** Certificates of one answer. */
const certificatesMax = 16;

const signedDataId = content(derObjectId("1.2.840.113549.1.7.2"));

/**
 * The certificates of an answer, DER, in its order, at least one. The platform answers base64 of PKCS #7, its
 * documentation shows PEM (protocol.md 2.8): both are taken, PEM of the certificates themselves as well, and bare DER.
 * Throws ProtocolError `x509.malformed`.
 */
export function readIssuedCertificates(answer: Uint8Array): readonly Uint8Array[] {
  const certificates = blocksOf(answer).flatMap(certificatesOf);
  if (certificates.length === 0) throw malformed("there is no certificate in it");
  if (certificates.length > certificatesMax) throw malformed(`more than ${certificatesMax} certificates`);
  return certificates;
}

/** PEM of a certificate that is there as DER. */
export function certificatePem(der: Uint8Array): string {
  const base64 = Buffer.from(der)
    .toString("base64")
    .replace(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

function blocksOf(answer: Uint8Array): readonly Uint8Array[] {
  // No base64 of DER begins with this byte, which is "0" as a letter.
  if (answer[0] === derTags.sequence) return [answer];
  const text = Buffer.from(answer).toString("latin1").trim();
  if (text === "") throw malformed("it is empty");
  if (!text.startsWith("-----BEGIN ")) return [base64Bytes(text)];
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----/g)];
  if (blocks.length === 0) throw malformed("its PEM has no end");
  return blocks.map(([, , body = ""]) => base64Bytes(body));
}

function base64Bytes(text: string): Uint8Array {
  const compact = text.replace(/\s+/g, "");
  // Buffer.from would skip what is not base64, and so read something else than was sent.
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0) throw malformed("it is not base64");
  return Buffer.from(compact, "base64");
}

/** A certificate begins with its contents, a message of PKCS #7 with its type. */
function certificatesOf(block: Uint8Array): readonly Uint8Array[] {
  const [outer, ...rest] = readElements(block);
  if (rest.length > 0) throw malformed("something stands behind its end");
  const [first, second] = readWithin(outer, derTags.sequence, "the message");
  if (first?.tag === derTags.sequence) return [block];
  if (!Buffer.from(contentOf(first, derTags.objectId, "the message's type")).equals(signedDataId)) {
    throw malformed("the message is not of the type SignedData");
  }
  const [signedData] = readWithin(second, derTags.context0, "the message's content");
  return setOfCertificates(readWithin(signedData, derTags.sequence, "SignedData"));
}

/** SignedData: version, digest algorithms, content, then `[0]` with the certificates, which may be left out. */
function setOfCertificates(fields: readonly BerElement[]): readonly Uint8Array[] {
  contentOf(fields[0], derTags.integer, "SignedData's version");
  contentOf(fields[1], derTags.set, "SignedData's digest algorithms");
  contentOf(fields[2], derTags.sequence, "SignedData's content");
  const certificates = fields[3];
  if (certificates === undefined || certificates.tag !== derTags.context0) return [];
  return readElements(certificates.content).map(({ tag, encoded }) => {
    // Other choices of the set, such as attribute certificates, have tags of their own and no use here.
    if (tag !== derTags.sequence) throw malformed("an element of the set is not a certificate");
    return encoded;
  });
}

function content(element: Uint8Array): Uint8Array {
  const [read] = readElements(element);
  if (read === undefined) throw new ProtocolError("x509.malformed", "nothing was written");
  return read.content;
}
