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
