// VNC Authentication (RFC 6143 section 7.2.2): the password as a DES key encrypts the server's challenge.
import { createCipheriv } from "node:crypto";

/** Length of challenge and response in bytes. */
export const challengeBytes = 16;

/** Characters of a password that count; what is behind them changes nothing. */
export const passwordLengthMax = 8;

/** The answer to a challenge of 16 bytes. The password counts as Latin-1, cut or filled with zeros to 8 bytes. */
export function respondToChallenge(password: string, challenge: Uint8Array): Uint8Array {
  if (challenge.length !== challengeBytes) throw new RangeError(`a challenge has ${challengeBytes} bytes`);
  const key = new Uint8Array(passwordLengthMax);
  key.set(Buffer.from(password.slice(0, passwordLengthMax), "latin1").map(reverseBits));
  // Single DES is gone from OpenSSL 3; triple DES with one key three times is the same function.
  const cipher = createCipheriv("des-ede3-ecb", Buffer.concat([key, key, key]), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

/** VNC numbers the bits of each key byte from the other end than DES does. */
function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) {
    if ((byte & (1 << bit)) !== 0) reversed |= 0x80 >> bit;
  }
  return reversed;
}
