// The one way from the console to the cloud's REST interface: same origin, cookie and XSRF header, errors as ApiError.
import { ApiError, codeOfStatus, isApiError } from "./api-error.ts";
import { readXsrfToken } from "./xsrf-token.ts";

type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** What kind of answer is wanted, in place of JSON. */
  readonly accept?: string;
  /** Sent as a form in place of JSON. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as a form with files in place of JSON. */
  readonly files?: FormData;
}

/** A request that nobody answered in this time counts as unreachable. */
const answerTimeoutMs = 15_000;

const signedOutListeners = new Set<() => void>();

/** Calls `listener` whenever the cloud answers that nobody is signed in. Returns the way to stop that. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return requestJson<T>("GET", path, signal === undefined ? {} : { signal });
}

export function postJson<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return requestJson<T>("POST", path, { body, ...(signal === undefined ? {} : { signal }) });
}

export function putJson<T>(path: string, body: unknown): Promise<T> {
  return requestJson<T>("PUT", path, { body });
}

export async function remove(path: string): Promise<void> {
  await request("DELETE", path, {});
}

/** Whether the cloud has something at this path; throws for anything but yes and no. */
export async function isThere(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await request("HEAD", path, { signal });
    return true;
  } catch (error) {
    if (isApiError(error, "api.not-found")) return false;
    throw error;
  }
}

/** A file that the cloud makes. */
export async function getBlob(path: string, accept: string): Promise<Blob> {
  return (await request("GET", path, { accept })).blob();
}

export function postFiles<T>(path: string, files: FormData): Promise<T> {
  return requestJson<T>("POST", path, { files });
}

/** Posts a form and expects no JSON back. A 401 here is an answer, not a lost sign-in. */
export async function postForm(path: string, form: Readonly<Record<string, string>>): Promise<void> {
  await request("POST", path, { form }, { reportsSignedOut: false });
}

async function requestJson<T>(method: Method, path: string, options: RequestOptions): Promise<T> {
  const response = await request(method, path, options);
  const text = await response.text();
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    // The parser's message quotes the answer, which is of no use to the person.
    throw new ApiError("api.malformed", `The cloud's answer to ${path} is not JSON.`, response.status);
  }
}

async function request(
  method: Method,
  path: string,
  options: RequestOptions,
  { reportsSignedOut } = { reportsSignedOut: true },
): Promise<Response> {
  const headers = new Headers({ Accept: options.accept ?? "application/json" });
  const xsrfToken = readXsrfToken(document.cookie, location);
  if (xsrfToken !== undefined) headers.set("X-XSRF-TOKEN", xsrfToken);
  let body: BodyInit | undefined;
  if (options.files !== undefined) {
    body = options.files;
  } else if (options.form !== undefined) {
    body = new URLSearchParams(options.form);
  } else if (options.body !== undefined) {
    headers.set("Content-Type", "application/json");
    body = JSON.stringify(options.body);
  }
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      signal,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw new ApiError("api.unreachable", "The cloud does not answer.", 0);
  }
  if (response.ok) return response;
  if (response.status === 401 && reportsSignedOut) for (const listener of signedOutListeners) listener();
  throw await readError(response);
}

async function readError(response: Response): Promise<ApiError> {
  const code = codeOfStatus(response.status);
  const ownWords = await readMessage(response);
  if (code === "api.rate-limited") {
    return new ApiError(code, `${ownWords ?? "Too many attempts."} ${waitWords(response)}`, response.status);
  }
  return new ApiError(code, ownWords ?? `The cloud refused this (HTTP ${response.status}).`, response.status);
}

async function readMessage(response: Response): Promise<string | undefined> {
  try {
    const body = (await response.json()) as { readonly message?: unknown } | null;
    return typeof body?.message === "string" && body.message !== "" ? body.message : undefined;
  } catch {
    // A proxy or a stopping cloud may answer without JSON; the status then has to do.
    return undefined;
  }
}

function waitWords(response: Response): string {
  const seconds = Number(response.headers.get("Retry-After"));
  if (!Number.isFinite(seconds) || seconds <= 0) return "Wait a minute, then try again.";
  return seconds < 90 ? `Try again in ${seconds} seconds.` : `Try again in ${Math.ceil(seconds / 60)} minutes.`;
}
