// Finds a secret in bytes, however it may have been written: raw, base64 at each alignment, hex, URL-encoded, UTF-16.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface CanaryHit {
  readonly where: string;
  readonly form: string;
}

/** Each form under which `secret` could hide in text or bytes. */
export function canaryForms(secret: string): readonly { form: string; bytes: Buffer }[] {
  const raw = Buffer.from(secret, "utf8");
  const forms = [
    { form: "raw", bytes: raw },
    { form: "hex", bytes: Buffer.from(raw.toString("hex")) },
    { form: "HEX", bytes: Buffer.from(raw.toString("hex").toUpperCase()) },
    { form: "url-encoded", bytes: Buffer.from(encodeURIComponent(secret)) },
    {
      form: "url-encoded throughout",
      bytes: Buffer.from([...raw].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")),
    },
    { form: "utf-16", bytes: Buffer.from(secret, "utf16le") },
  ];
  for (const offset of [0, 1, 2]) {
    for (const encoding of ["base64", "base64url"] as const) {
      forms.push({ form: `${encoding} at alignment ${offset}`, bytes: Buffer.from(base64Core(raw, offset, encoding)) });
    }
  }
  return forms;
}

/** Where and in which form the secret occurs in `contents`. */
export function findCanary(where: string, contents: Uint8Array | string, secret: string): CanaryHit[] {
  const haystack = Buffer.from(contents as Uint8Array);
  return canaryForms(secret)
    .filter(({ bytes }) => haystack.includes(bytes))
    .map(({ form }) => ({ where, form }));
}

/** The same for every file below a folder. */
export function findCanaryInFolder(
  folder: string,
  secret: string,
  skip: (path: string) => boolean = () => false,
): CanaryHit[] {
  const hits: CanaryHit[] = [];
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, entry);
    if (skip(path) || !statSync(path).isFile()) continue;
    hits.push(...findCanary(path, readFileSync(path), secret));
  }
  return hits;
}

/** The part of the base64 text that does not depend on what stands before or after the secret. */
function base64Core(raw: Buffer, offset: number, encoding: "base64" | "base64url"): string {
  const text = Buffer.concat([Buffer.alloc(offset), raw])
    .toString(encoding)
    .replace(/=+$/, "");
  const start = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + raw.length) * 8) / 6);
  return text.slice(start, end);
}
