// Gives the person a file to keep.

/** The browser asks or knows where; `name` is only a proposal. */
export function saveFile(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own hold on the content once the click is dispatched.
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Fit for a file name on any system; never empty. */
export function fileName(wanted: string, ending: string): string {
  const clean = wanted.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "");
  return `${clean === "" ? "postern" : clean.slice(0, 80)}${ending}`;
}
