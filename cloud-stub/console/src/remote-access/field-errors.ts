// Puts the cloud's word on what is wrong with an endpoint at the field it is about.

export type EndpointField = "name" | "protocol" | "hostname" | "port" | "credentialsType" | "password";

/** Words by which a message names a field; the first field whose word stands earliest in the message gets it. */
const namesOfFields: readonly (readonly [EndpointField, RegExp])[] = [
  ["credentialsType", /\b(credentialsType|credentials type|sign-in)\b/i],
  ["hostname", /\b(hostname|host|IP address)\b/i],
  ["password", /\bpassword\b/i],
  ["protocol", /\bprotocol\b/i],
  ["port", /\bport\b/i],
  ["name", /\bname\b/i],
];

/** The field that `message` is about; undefined when it names none. */
export function fieldOf(message: string): EndpointField | undefined {
  let found: { readonly field: EndpointField; readonly at: number } | undefined;
  for (const [field, pattern] of namesOfFields) {
    const at = pattern.exec(message)?.index;
    if (at !== undefined && (found === undefined || at < found.at)) found = { field, at };
  }
  return found?.field;
}
