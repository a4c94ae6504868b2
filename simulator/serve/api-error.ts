// What is wrong with a request, in words for a person: the place, the word and what was meant.
import { FaultError } from "../faults/fault-error.ts";
import { unknownWord } from "../faults/nearest-word.ts";
import { PortError } from "../loopback/relay-port.ts";
import type { ApiErrorCode, ErrorBody } from "./api-types.ts";

export class ApiError extends Error {
  readonly status: number;
  readonly code: ApiErrorCode;
  readonly place: string;

  /** `text` without the place, which is put before it. */
  constructor(status: number, code: ApiErrorCode, text: string, place = "") {
    super(place === "" ? text : `${place}: ${text}`);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.place = place;
  }
}

export function badValue(text: string, place = ""): ApiError {
  return new ApiError(400, "request.bad-value", text, place);
}

/** `there is no link "pres4"; did you mean "press4"?` */
export function notFound(what: string, name: string, known: readonly string[]): ApiError {
  return new ApiError(404, "not-found", unknownWord(what, name, known));
}

export function nameTaken(what: string, name: string): ApiError {
  return new ApiError(409, "name.taken", `there is a ${what} ${name} already`, "name");
}

/** The status and body of any error; what is none of ours tells nothing of itself. */
export function readError(error: unknown): { readonly status: number; readonly body: ErrorBody } {
  if (error instanceof ApiError) return answer(error.status, error.code, error.place, error.message);
  if (error instanceof FaultError) return answer(400, error.code, error.place, error.message);
  if (error instanceof PortError) {
    const isTaken = error.code === "port-taken";
    return answer(isTaken ? 409 : 400, isTaken ? "port.taken" : "request.bad-value", "port", error.message);
  }
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return answer(413, "request.too-large", "", "the body is too large");
  if (statusCode !== undefined && statusCode < 500) {
    return answer(statusCode, "request.bad-value", "", message ?? "a bad request");
  }
  return answer(500, "internal", "", "something went wrong inside the simulator; its own output says what");
}

function answer(status: number, code: ApiErrorCode, place: string, message: string) {
  return { status, body: { error: { code, place, message } } };
}

interface SchemaProblem {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string | undefined;
  readonly parentSchema?: unknown;
  readonly data?: unknown;
}

/** What a schema says of a body or a query, in our words. */
export function schemaError(problems: readonly unknown[], where: string): ApiError {
  const problem = problems[0] as SchemaProblem;
  const inside = problem.instancePath.slice(1).replaceAll("/", ".");
  const { keyword, params } = problem;
  const schema = (problem.parentSchema ?? {}) as { properties?: object; description?: string };
  const kindOfField = where === "querystring" ? "query parameter" : "field";
  if (keyword === "additionalProperties") {
    const word = String(params["additionalProperty"]);
    const text = unknownWord(kindOfField, word, Object.keys(schema.properties ?? {}));
    return new ApiError(400, "request.unknown-field", text, join(inside, word));
  }
  if (keyword === "required") {
    const name = String(params["missingProperty"]);
    const properties = (schema.properties ?? {}) as Record<string, { description?: string }>;
    return badValue(`is missing; it takes ${properties[name]?.description ?? "a value"}`, join(inside, name));
  }
  const said = JSON.stringify(problem.data) ?? "nothing";
  const takes = schema.description ?? problem.message ?? "something else";
  if (inside === "") return badValue(`the request needs a JSON object as its body (${takes}), not ${said}`);
  return badValue(`takes ${takes}, not ${said.length > 100 ? `${said.slice(0, 100)} ...` : said}`, inside);
}

function join(place: string, name: string): string {
  return place === "" ? name : `${place}.${name}`;
}
