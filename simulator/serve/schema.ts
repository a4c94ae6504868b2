// What the API's JSON schemas are made of: kinds of values, each with the words by which an error says what it takes.
export type Schema = Readonly<Record<string, unknown>>;

export function listOf(items: Schema, description: string): Schema {
  return { type: "array", items, description };
}

export const object = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
) => ({
  type: "object",
  description,
  additionalProperties: false,
  properties,
  required,
});

/** Every property is there. */
export const whole = (description: string, properties: Readonly<Record<string, Schema>>) =>
  object(description, properties, Object.keys(properties));

export const namePattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
export const name = {
  type: "string",
  pattern: namePattern,
  description: "a name of 1 to 64 letters, digits, dots, hyphens and underscores",
};
export const word = { type: "string" };
export const text = (description: string) => ({ type: "string", description });
export const count = (description: string) => ({ type: "integer", minimum: 0, description });
export const port = {
  type: "integer",
  minimum: 0,
  maximum: 65_535,
  description: "a port from 0 to 65535; 0 takes a free one",
};
export const share = (description: string) => ({ type: "number", minimum: 0, maximum: 1, description });
export const ms = (description: string) => ({ type: "integer", minimum: 0, maximum: 2 ** 31 - 1, description });
export const anything = (description: string) => ({ type: "object", additionalProperties: true, description });
export const values = {
  type: "object",
  description: "an object of texts, numbers and booleans",
  additionalProperties: { type: ["string", "number", "boolean"] },
};
export const bothWays = (description: string) =>
  whole(description, { up: count("towards the target"), down: count("from the target") });
export const twoNames = {
  type: "array",
  items: name,
  minItems: 2,
  maxItems: 2,
  description: `two names: who connects, and the target, such as ["gateway", "cloud"]`,
};
