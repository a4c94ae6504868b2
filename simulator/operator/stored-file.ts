// A file for an operation, stored with the cloud as its console does it.
import type { Site, SitePanels } from "../site.ts";

/** Returns the file's address at the cloud. Rejects if the cloud does not take it. */
export async function storesFile(site: Site<SitePanels>, text: string): Promise<string> {
  const mark = "----postern-form";
  const form = [
    `--${mark}`,
    'Content-Disposition: form-data; name="object"',
    "",
    '{"name":"gateway.toml","type":"application/toml"}',
    `--${mark}`,
    'Content-Disposition: form-data; name="file"; filename="gateway.toml"',
    "Content-Type: application/toml",
    "",
    text,
    `--${mark}--`,
    "",
  ].join("\r\n");
  const sending = site.operator.http.send("POST", "/inventory/binaries", {
    type: `multipart/form-data; boundary=${mark}`,
    text: form,
  });
  const answer = await site.until(sending, { what: "the cloud to take a file" });
  if (answer.status !== 201) throw new Error(`The cloud took no file: ${answer.status} ${answer.text}`);
  return String((answer.json() as { readonly self: string }).self);
}
