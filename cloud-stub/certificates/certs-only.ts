// Wraps a certificate as an EST server answers (RFC 7030, 4.1.3): PKCS#7 SignedData without signers, in base64.
import { derElement, derObjectId, derSequence } from "#protocol/x509/der-writer.ts";
import { parseCertificate, readPemOrBase64 } from "./certificate-facts.ts";
import { derInteger, tags } from "./der.ts";

const signedData = "1.2.840.113549.1.7.2";
const data = "1.2.840.113549.1.7.1";
const lineLength = 76;

/** `pem`: one certificate. Lines end with LF. */
export function writeCertsOnly(pem: string): string {
  const certificate = parseCertificate(readPemOrBase64(pem)).raw;
  const content = indefinite(
    tags.sequence,
    derInteger(Buffer.from([1])),
    derElement(tags.set), // digest algorithms
    derSequence(derObjectId(data)),
    indefinite(0xa0, certificate),
    derElement(tags.set), // signers
  );
  const whole = indefinite(tags.sequence, derObjectId(signedData), indefinite(0xa0, content));
  return `${(whole.toString("base64").match(new RegExp(`.{1,${lineLength}}`, "g")) ?? []).join("\n")}\n`;
}

/** Of a length that only its end tells: Cumulocity writes so, in BER, and whoever reads DER alone fails there. */
function indefinite(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([tag, 0x80]), ...parts, Buffer.from([0, 0])]);
}
