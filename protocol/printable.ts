// Makes text from the other side fit to be shown to people and written into logs.

/** Replaces control, format and separator characters by one space, trims, and cuts to `lengthMax` code points. */
export function printable(text: string, lengthMax: number): string {
  const clean = text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\uFFFD]+/gu, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  const characters = [...clean];
  return characters.length <= lengthMax ? clean : characters.slice(0, lengthMax).join("");
}

/** Cuts to at most `bytesMax` bytes of UTF-8 without splitting a character. */
export function cutToBytes(text: string, bytesMax: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= bytesMax) return text;
  let end = bytesMax;
  // 10xxxxxx continues a character: step back to where one begins.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}
