// Writes the reference of gateway.toml into docs/gateway.md anew.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { withReference } from "./gateway-reference.ts";

const page = fileURLToPath(new URL("../docs/gateway.md", import.meta.url));
await writeFile(page, withReference(await readFile(page, "utf8")));
