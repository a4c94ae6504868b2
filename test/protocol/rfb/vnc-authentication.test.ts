// VNC Authentication against vectors that another program made.
import { describe, expect, it } from "vitest";
import { respondToChallenge } from "#protocol/rfb/vnc-authentication.ts";
import { hex, toHex } from "./transcript.ts";

const counting = hex("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f");

describe("VNC Authentication", () => {
  // Made with the openssl command (3.0.19), which has single DES in its legacy provider:
  //   printf <challenge> | xxd -r -p | openssl enc -des-ecb -provider legacy -provider default -nopad -K <key>
  // The key is the password in Latin-1, cut or zero-filled to 8 bytes, the bits of each byte reversed (by hand).
  it.each([
    ["password", "key 0e86ceceeef64e26", counting, "b866924125c8eebb9debc1db61c538e2"],
    ["geheim", "key e6a616a696b60000", counting, "23243aded518d46f053d8e61a2d8a121"],
    ["", "key 0000000000000000", counting, "491e890de9ace932838a49792f2213f3"],
    [
      "Prüfung§9",
      "key 0a4e3f66ae76e6e5",
      hex("ff ee dd cc bb aa 99 88 77 66 55 44 33 22 11 00"),
      "b19759e9282bf237037fb196a32da795",
    ],
  ])("answers as DES does for %j (%s)", (password, _, challenge, response) => {
    expect(toHex(respondToChallenge(password, challenge))).toBe(response);
  });

  it("takes only the first eight characters of a password", () => {
    expect(respondToChallenge("password", counting)).toEqual(respondToChallenge("password and more", counting));
    expect(respondToChallenge("passwor", counting)).not.toEqual(respondToChallenge("password", counting));
  });

  it("takes a challenge of sixteen bytes and no other", () => {
    expect(() => respondToChallenge("x", counting.subarray(1))).toThrow(RangeError);
  });
});
