// What can go wrong when the console asks the cloud for something.

export type ApiErrorCode =
  /** No answer at all: the cloud is stopped or the network is cut. */
  | "api.unreachable"
  /** 401: not signed in, or not any more. */
  | "api.unauthorized"
  /** 403: signed in without the role that this needs. */
  | "api.forbidden"
  /** 404 */
  | "api.not-found"
  /** 400, 409, 422: the cloud says what is wrong with what was sent. */
  | "api.invalid"
  /** 429: too many attempts. */
  | "api.rate-limited"
  /** Anything else the cloud answers. */
  | "api.failed"
  /** An answer that is not what the console understands. */
  | "api.malformed";

/** `message` is for people: the cloud's own words where it gave some. Callers branch on `code`. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** HTTP status, 0 when there was no answer. */
  readonly status: number;

  constructor(code: ApiErrorCode, message: string, status: number) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

/** The words to show for anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof ApiError ? error.message : "Something went wrong in the console itself. Reload the page.";
}

export function isApiError(error: unknown, code: ApiErrorCode): boolean {
  return error instanceof ApiError && error.code === code;
}
