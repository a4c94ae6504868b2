// Brings what a person pasted or uploaded into one shape: line ends, byte-order marks, indentation, armour, base64.
import { damaged, KeyError } from "./key-error.ts";

/** The longest key file that is looked at, in bytes. An RSA key of 16384 bits takes a fifth of it. */
export const keyBytesMax = 64 * 1024;

/** The beginning of SSH-1's private key file, the only format that is not text. */
export const ssh1Opening = "SSH PRIVATE KEY FILE FORMAT 1.1\n\0";
const ssh1OpeningText = "SSH PRIVATE KEY FILE FORMAT 1.1";
/** Whole groups of three bytes only, so that what follows does not change it. */
const ssh1OpeningBase64 = Buffer.from(ssh1OpeningText.slice(0, 30), "latin1").toString("base64");

export type KeyFile =
  | { readonly kind: "ssh1"; readonly bytes: Buffer }
  | { readonly kind: "text"; readonly lines: readonly string[] };

/** Throws KeyError `key.too-large`, or `key.format-unknown` for nothing at all. */
export function openKeyFile(input: string | Uint8Array): KeyFile {
  const size = typeof input === "string" ? Buffer.byteLength(input, "utf8") : input.length;
  if (size > keyBytesMax) {
    throw new KeyError("key.too-large", `A key has at most ${keyBytesMax / 1024} KiB; this has ${kibibytes(size)}.`);
  }
  const binary = ssh1BytesOf(input);
  if (binary !== undefined) return { kind: "ssh1", bytes: binary };
  const text = typeof input === "string" ? input.replace(/^\ufeff/, "") : decode(input);
  if (text.trim() === "") throw new KeyError("key.format-unknown", "There is no key: the text is empty.");
  // Where a field of one line swallowed the line ends, the armour still says where the key begins and ends.
  const apart = text.replace(/-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----/g, "\n$&\n");
  return { kind: "text", lines: apart.split(/\r\n|\r|\n/).map((line) => line.trimStart()) };
}

function kibibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}

/** SSH-1's file as it is, or as a string of its bytes, or in base64 for whoever must carry it through text. */
function ssh1BytesOf(input: string | Uint8Array): Buffer | undefined {
  const text = (typeof input === "string" ? input : Buffer.from(input).toString("latin1")).trimStart();
  if (text.startsWith(ssh1OpeningBase64)) return decodeBase64(text);
  if (!text.startsWith(ssh1OpeningText)) return undefined;
  if (/[^\0-\xff]/.test(text)) {
    throw damaged("this is an SSH-1 file, which is not text; upload the file instead of pasting it");
  }
  return Buffer.from(text, "latin1");
}

function decode(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const encoding = !isUtf16 ? "utf-8" : bytes[0] === 0xff ? "utf-16le" : "utf-16be";
  return new TextDecoder(encoding).decode(bytes);
}

export interface ArmouredBlock {
  /** What stands after BEGIN, such as "RSA PRIVATE KEY". */
  readonly label: string;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The base64 between the headers and END. */
  readonly body: string;
}

const beginning = /^(?:-----BEGIN ([A-Z0-9 ]{1,40})-----|---- BEGIN ([A-Z0-9 ]{1,40}) ----)\s*$/;

/** Every block between BEGIN and END; throws KeyError `key.damaged` if one has no end. */
export function armouredBlocks(lines: readonly string[]): readonly ArmouredBlock[] {
  const blocks: ArmouredBlock[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const match = beginning.exec(lines[at] ?? "");
    if (match === null) continue;
    const label = match[1] ?? match[2] ?? "";
    const isEnd = (line: string) => /^-----? ?END /.test(line) && line.includes(label);
    const length = lines.slice(at + 1).findIndex(isEnd);
    if (length < 0) throw damaged("its END line is missing, so a part was left out when it was copied");
    blocks.push(readBlock(label, lines.slice(at + 1, at + 1 + length)));
    at += length + 1;
  }
  return blocks;
}

/** Headers as in RFC 4716 section 3.3 and RFC 1421: `Name: value`, continued after a backslash. */
function readBlock(label: string, lines: readonly string[]): ArmouredBlock {
  const headers = new Map<string, string>();
  let at = Math.max(
    0,
    lines.findIndex((line) => line.trim() !== ""),
  );
  while (at < lines.length) {
    const colon = (lines[at] ?? "").indexOf(":");
    if (colon < 0) break;
    const name = (lines[at] ?? "").slice(0, colon).toLowerCase();
    let value = (lines[at] ?? "").slice(colon + 1).trimEnd();
    at += 1;
    while (value.endsWith("\\") && at < lines.length) {
      value = value.slice(0, -1) + (lines[at] ?? "").trimEnd();
      at += 1;
    }
    headers.set(name, value.trim());
  }
  return { label, headers, body: lines.slice(at).join("") };
}

/** Strict: what is not base64 is damage, never skipped. Blanks do not count. */
export function decodeBase64(text: string): Buffer {
  const joined = text.replace(/\s+/g, "");
  const digits = joined.replace(/={1,2}$/, "");
  if (digits === "" || /[^A-Za-z0-9+/]/.test(digits) || digits.length % 4 === 1) {
    throw damaged("it is not whole base64 text");
  }
  return Buffer.from(digits, "base64");
}
