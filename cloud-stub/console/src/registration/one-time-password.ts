// Makes up one-time passwords that a person can read out and type.

/** Without letters and digits that look like each other. */
const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
const length = 20;

/** 20 characters with 99 bits. */
export function makeOneTimePassword(): string {
  const limit = 256 - (256 % alphabet.length);
  const characters: string[] = [];
  while (characters.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      // Bytes above the last whole round would make some characters likelier.
      if (byte < limit && characters.length < length) characters.push(alphabet[byte % alphabet.length] ?? "");
    }
  }
  return characters.join("");
}
