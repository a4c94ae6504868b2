// The version message, RFC 6143 section 7.1.1, and what peers that are not VNC say instead.
import { describe, expect, it } from "vitest";
import { securityTypeList, securityTypeName } from "#protocol/rfb/security.ts";
import { describeGreeting, lowerVersion, parseVersion, writeVersion } from "#protocol/rfb/version.ts";
import { bytes, hex } from "./transcript.ts";

describe("version", () => {
  it.each([
    ["RFB 003.003\n", "3.3"],
    ["RFB 003.007\n", "3.7"],
    ["RFB 003.008\n", "3.8"],
    // RFC 6143 section 7.1.1: other 3.x numbers mean 3.3; 003.005 is the RFC's own example.
    ["RFB 003.005\n", "3.3"],
    ["RFB 003.004\n", "3.3"],
    ["RFB 003.006\n", "3.3"],
    ["RFB 003.016\n", "3.3"],
    // Apple Remote Desktop, Intel AMT, RealVNC 4.6 and 5.3: the handshake of 3.8.
    ["RFB 003.889\n", "3.8"],
    ["RFB 004.000\n", "3.8"],
    ["RFB 004.001\n", "3.8"],
    ["RFB 005.000\n", "3.8"],
  ])("%j is %s", (text, version) => {
    expect(parseVersion(bytes(text))).toBe(version);
  });

  it("is written as twelve bytes", () => {
    // RFC 6143 section 7.1.1.
    expect(writeVersion("3.3")).toEqual(hex("52 46 42 20 30 30 33 2e 30 30 33 0a"));
    expect(writeVersion("3.7")).toEqual(hex("52 46 42 20 30 30 33 2e 30 30 37 0a"));
    expect(writeVersion("3.8")).toEqual(hex("52 46 42 20 30 30 33 2e 30 30 38 0a"));
  });

  it("agrees on the lower one", () => {
    expect(lowerVersion("3.8", "3.3")).toBe("3.3");
    expect(lowerVersion("3.7", "3.8")).toBe("3.7");
    expect(lowerVersion("3.8", "3.8")).toBe("3.8");
  });

  it("below 3 is not supported", () => {
    // What an UltraVNC repeater says.
    expect(() => parseVersion(bytes("RFB 000.000\n"))).toThrow(expect.objectContaining({ code: "rfb.unsupported" }));
  });

  it.each<[Uint8Array, string]>([
    [bytes("HTTP/1.1 400"), "an HTTP answer"],
    [bytes("GET / HTTP/1"), "an HTTP request"],
    [bytes("SSH-2.0-Open"), "an SSH greeting"],
    [hex("15 03 01 00 02 02 0a"), "a TLS message"],
    [hex("ff fd 18 ff fd 20 ff fd 23 ff fd 27"), "a Telnet negotiation"],
    [bytes("220 ftp read"), 'the text "220 ftp read"'],
    [bytes("RFB 003.008 "), 'the text "RFB 003.008"'],
    [hex("00 01 02 03 04 05 06 07 08 09 0a 0b"), "the bytes 000102030405060708090a0b"],
    [bytes(), "nothing"],
  ])("names a greeting of another protocol: %o", (greeting, name) => {
    expect(describeGreeting(greeting)).toBe(name);
    expect(() => parseVersion(greeting)).toThrow(
      expect.objectContaining({ code: "rfb.malformed", message: `the greeting is ${name}, not an RFB version` }),
    );
  });

  it("names security types for people", () => {
    expect(securityTypeName(19)).toBe("VeNCrypt");
    expect(securityTypeName(77)).toBe("type 77");
    expect(securityTypeList([2])).toBe("VNC Authentication");
    expect(securityTypeList([19, 18, 77])).toBe("VeNCrypt, TLS and type 77");
    expect(securityTypeList([])).toBe("nothing");
  });
});
