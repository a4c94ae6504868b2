// Reads the JSON object of a request field by field; what is wrong is refused by name.
import type { FastifyRequest } from "fastify";
import { ApiError, unprocessable } from "./api-error.ts";

export type Body = Readonly<Record<string, unknown>>;

/** The body as an object, or 400. An absent body is an empty object if that is allowed. */
export function readBody(request: FastifyRequest, options: { readonly mayBeAbsent?: true } = {}): Body {
  const { body } = request;
  if ((body === undefined || body === null) && options.mayBeAbsent === true) return {};
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ApiError(400, "general/badRequest", "The body must be a JSON object.");
  }
  return body as Body;
}

/** A text of 1 to `lengthMax` characters. */
export function textField(body: Body, area: string, name: string, lengthMax: number): string {
  const value = optionalTextField(body, area, name, lengthMax);
  if (value === undefined || value === "") throw unprocessable(area, `${name}: must be a text that is not empty`);
  return value;
}

export function optionalTextField(body: Body, area: string, name: string, lengthMax: number): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value.length > lengthMax) {
    throw unprocessable(area, `${name}: must be a text of at most ${lengthMax} characters`);
  }
  return value;
}

/** Names of fragments and properties that a caller may give. */
export function isFragmentName(name: string): boolean {
  return /^[A-Za-z0-9_.:-]{1,128}$/.test(name) && name !== "__proto__";
}
