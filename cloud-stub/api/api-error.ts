// Errors of the REST interface in Cumulocity's shape (protocol.md 7.1): every refusal goes through here.
import type { FastifyReply } from "fastify";

export const errorMediaType = "application/vnd.com.nsn.cumulocity.error+json;charset=UTF-8;ver=0.9";

/** Thrown by a route to refuse. `error` is `area/Type`; the message is for people and names the field that is wrong. */
export class ApiError extends Error {
  readonly status: number;
  readonly error: string;

  constructor(status: number, error: string, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.error = error;
  }
}

export function notFound(area: string, what: string): ApiError {
  return new ApiError(404, `${area}/Not Found`, what);
}

/** 422: the request is well formed and means something that cannot be. */
export function unprocessable(area: string, what: string): ApiError {
  return new ApiError(422, `${area}/unprocessableEntity`, what);
}

export function forbidden(what: string): ApiError {
  return new ApiError(403, "security/Forbidden", what);
}

export function errorBody(error: string, message: string): string {
  return JSON.stringify({ error, message, info: "https://cumulocity.com/api/core/" });
}

/** Answers with the shape of Cumulocity. */
export async function sendError(
  reply: FastifyReply,
  status: number,
  error: string,
  message: string,
): Promise<FastifyReply> {
  return reply.code(status).header("content-type", errorMediaType).serializer(String).send(errorBody(error, message));
}

/** What an error that was thrown somewhere below a route means to the caller; `isOurs` for a bug, whose words stay in the log. */
export function readError(thrown: unknown): {
  readonly status: number;
  readonly error: string;
  readonly message: string;
  readonly isOurs: boolean;
} {
  if (thrown instanceof ApiError) {
    return { status: thrown.status, error: thrown.error, message: thrown.message, isOurs: false };
  }
  const known = knownErrors[codeOf(thrown)];
  if (known !== undefined) return { ...known, isOurs: false };
  return {
    status: 500,
    error: "general/internalError",
    message: "Something went wrong inside Postern; its log has more.",
    isOurs: true,
  };
}

const knownErrors: Readonly<Record<string, { status: number; error: string; message: string }>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    error: "general/unsupportedMediaType",
    message: "The content type of the body is not supported here; send JSON.",
  },
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, error: "general/tooLarge", message: "The body is larger than allowed." },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    error: "general/badRequest",
    message: "The body does not have the length that Content-Length says.",
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, error: "general/badRequest", message: "The body is not valid JSON." },
  FST_ERR_CTP_EMPTY_JSON_BODY: { status: 400, error: "general/badRequest", message: "The body is empty." },
  FST_ERR_BAD_URL: { status: 400, error: "general/badRequest", message: "The path is not a valid URL path." },
  FST_ERR_VALIDATION: { status: 400, error: "general/badRequest", message: "The request is not what this path takes." },
};

function codeOf(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return "";
  return typeof thrown.code === "string" ? thrown.code : "";
}
