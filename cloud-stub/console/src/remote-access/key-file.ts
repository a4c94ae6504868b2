// Reads a key from a file that a person chose, into text that a field can hold and the cloud can read.

/** As long as the cloud takes a key (64 KiB). */
export const keyFileBytesMax = 64 * 1024;

/** SSH-1's private key file is the one format that is not text; the cloud reads it in base64. */
const ssh1Opening = "SSH PRIVATE KEY FILE FORMAT 1.1";

export type KeyFileOutcome =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

export async function readKeyFile(file: Blob & { readonly name: string }): Promise<KeyFileOutcome> {
  if (file.size > keyFileBytesMax) {
    return {
      ok: false,
      problem: `“${file.name}” is no key: it has ${sizeText(file.size)}, and a key has at most 64 KiB.`,
    };
  }
  if (file.size === 0) return { ok: false, problem: `“${file.name}” is empty.` };
  try {
    return { ok: true, text: keyText(new Uint8Array(await file.arrayBuffer())) };
  } catch {
    // It may have been moved or taken away since it was chosen.
    return { ok: false, problem: `“${file.name}” could not be read.` };
  }
}

export function keyText(bytes: Uint8Array): string {
  const opening = String.fromCharCode(...bytes.subarray(0, ssh1Opening.length));
  if (opening === ssh1Opening) return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

function sizeText(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
