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

/** The code for an HTTP status of 400 and more. */
export function codeOfStatus(status: number): ApiErrorCode {
  switch (status) {
    case 400:
    case 409:
    case 422:
      return "api.invalid";
    case 401:
      return "api.unauthorized";
    case 403:
      return "api.forbidden";
    case 404:
      return "api.not-found";
    case 429:
      return "api.rate-limited";
    default:
      return status === 502 || status === 503 || status === 504 ? "api.unreachable" : "api.failed";
  }
}
