// The shapes of the API as JSON schemas: requests are checked by them, answers are written by them, the document shows them.
import { catalogueSchemas } from "./catalogue-schemas.ts";
import { faultSchemas } from "./fault-schemas.ts";
import { linkSchemas } from "./link-schemas.ts";
import { panelSchemas } from "./panel-schemas.ts";
import type { Schema } from "./schema.ts";
import { worldSchemas } from "./world-schemas.ts";

export const components = {
  ...worldSchemas,
  ...panelSchemas,
  ...linkSchemas,
  ...faultSchemas,
  ...catalogueSchemas,
} as const satisfies Readonly<Record<string, Schema>>;

/** Points to one of `components`. */
export function ref(name: keyof typeof components): Schema {
  return { $ref: `${name}#` };
}
