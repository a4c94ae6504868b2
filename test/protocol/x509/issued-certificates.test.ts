// What an EST server may answer, in each form that it may have, cut, damaged, and not at all what was asked for.
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { derElement, derObjectId, derSequence, derSmallInteger, derTags } from "#protocol/x509/der-writer.ts";
import { certificatePem, readIssuedCertificates } from "#protocol/x509/issued-certificates.ts";
import { base64Lines, certsOnly, DeviceAuthority, pkcs7Pem } from "../../firmware/device-authority.ts";

const authority = new DeviceAuthority();
const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const leaf = authority.issue({ commonName: "gw-1", publicKey, notBeforeMs: 0, notAfterMs: Date.UTC(2040, 0) });
const text = (value: string): Uint8Array => Buffer.from(value, "latin1");

describe("an answer is read", () => {
  test.each([
    ["base64 of PKCS #7 in lines", text(base64Lines(certsOnly([leaf])))],
    ["base64 of PKCS #7 in one line", text(Buffer.from(certsOnly([leaf])).toString("base64"))],
    ["base64 with CR and LF around it", text(`\r\n${base64Lines(certsOnly([leaf])).replaceAll("\n", "\r\n")}\r\n`)],
    ["with indefinite lengths, as Java's libraries write it", text(base64Lines(certsOnly([leaf], "indefinite")))],
    ["PEM of PKCS #7", text(pkcs7Pem(certsOnly([leaf])))],
    ["PEM of the certificate", text(certificatePem(leaf))],
    ["bare DER of PKCS #7", certsOnly([leaf])],
    ["bare DER of the certificate", leaf],
  ])("%s", (_, answer) => {
    const [read, ...others] = readIssuedCertificates(answer);
    expect(others).toEqual([]);
    expect(Buffer.from(read ?? []).equals(leaf)).toBe(true);
    expect(new X509Certificate(read ?? "").subject).toBe("CN=gw-1");
  });

  test.each([
    ["PKCS #7", text(base64Lines(certsOnly([leaf, authority.certificate])))],
    ["PEM", text(certificatePem(leaf) + certificatePem(authority.certificate))],
  ])("with its chain, in its order: %s", (_, answer) => {
    const read = readIssuedCertificates(answer).map((each) => new X509Certificate(each).subject);
    expect(read).toEqual(["CN=gw-1", "CN=t1000"]);
  });
});

describe("an answer is refused", () => {
  const whole = base64Lines(certsOnly([leaf]));
  const deep = Array.from({ length: 40 }).reduce<Uint8Array>(
    (inner) => Buffer.concat([Uint8Array.of(0x30, 0x80), inner, Uint8Array.of(0, 0)]),
    leaf,
  );
  test.each([
    ["an empty one", text(""), "it is empty"],
    ["white space", text(" \r\n "), "it is empty"],
    ["a page", text("<html>Welcome</html>"), "it is not base64"],
    ["base64 that is cut", text(whole.slice(0, 83)), "it is not base64"],
    [
      "PKCS #7 that is cut",
      text(Buffer.from(certsOnly([leaf]).subarray(0, 90)).toString("base64")),
      "it ends too early",
    ],
    ["PEM without an end", text(pkcs7Pem(certsOnly([leaf])).slice(0, -20)), "its PEM has no end"],
    ["PKCS #7 without certificates", text(base64Lines(certsOnly([]))), "there is no certificate in it"],
    [
      "too many certificates",
      text(base64Lines(certsOnly(Array<Uint8Array>(17).fill(leaf)))),
      "more than 16 certificates",
    ],
    [
      "another message",
      text(base64Lines(derSequence(derObjectId("1.2.840.113549.1.7.1")))),
      "the message is not of the type SignedData",
    ],
    [
      "an attribute certificate",
      text(base64Lines(certsOnly([derElement(0xa1, leaf)]))),
      "an element of the set is not a certificate",
    ],
    ["elements deep in one another", text(base64Lines(deep)), "elements stand more than 16 deep in one another"],
    [
      "a list without an end",
      text(base64Lines(certsOnly(Array<Uint8Array>(300).fill(derSmallInteger(1))))),
      "more than 256 elements in a list",
    ],
    ["a length beyond 4 bytes", Uint8Array.of(0x30, 0x85, 1, 1, 1, 1, 1), "a length of more than 4 bytes"],
    ["a length that cannot be", Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), "it ends too early"],
    ["a tag of several bytes", derSequence(Uint8Array.of(0x1f, 0x81, 0x01, 0)), "a tag of several bytes"],
    [
      "a simple element without a length",
      derSequence(Uint8Array.of(derTags.integer, 0x80, 0, 0)),
      "a simple element without a length",
    ],
  ] as [string, Uint8Array, string][])("%s", (_, answer, message) => {
    expect(() => readIssuedCertificates(answer)).toThrow(message);
    expect(() => readIssuedCertificates(answer)).toThrow(expect.objectContaining({ code: "x509.malformed" }));
  });

  test("one with something behind its end", () => {
    const answer = Buffer.concat([certsOnly([leaf]), Buffer.of(5, 0)]);
    expect(() => readIssuedCertificates(answer)).toThrow("something stands behind its end");
  });

  test("whatever of it is cut off or turned: nothing but ProtocolError is thrown", () => {
    const bytes = certsOnly([leaf]);
    for (let at = 0; at < bytes.length; at += 1) {
      const turned = Buffer.from(bytes);
      turned[at] = (turned[at] ?? 0) ^ 0xff;
      for (const answer of [bytes.subarray(0, at), turned]) {
        try {
          readIssuedCertificates(answer);
        } catch (error) {
          expect(error).toMatchObject({ code: "x509.malformed" });
        }
      }
    }
  });
});
