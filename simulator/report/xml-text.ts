// Text as it may stand in XML and HTML.

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const replacement = "\ufffd";

/** Escaped for text and attributes; what XML 1.0 cannot hold at all becomes the replacement character. */
export function xmlText(text: string): string {
  const letters = Array.from(text.toWellFormed(), (letter) =>
    isOfXml(letter) ? (entities[letter] ?? letter) : replacement,
  );
  return letters.join("");
}

function isOfXml(letter: string): boolean {
  const code = letter.codePointAt(0) ?? 0;
  if (code < 0x20) return letter === "\t" || letter === "\n" || letter === "\r";
  return code !== 0xfffe && code !== 0xffff;
}
