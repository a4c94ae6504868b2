// Files between the gateway and its cloud: sent as attachments of events, fetched from the cloud's own address.
import type { Clock } from "#hardware/ports.ts";
import { type CloudHttpDeps, type CloudRequest, type HttpOutcome, requestCloud } from "../cloud-http.ts";
import type { CloudAuthorization } from "../cloud-identity.ts";
import { isoTime } from "../log.ts";
import { pathAtCloud } from "./cloud-path.ts";

export interface CloudFilesDeps {
  readonly https: CloudHttpDeps;
  readonly authorization: CloudAuthorization;
  readonly clock: Clock;
  /** Origin of the cloud's REST API. */
  readonly cloudUrl: string;
  /** External id of this gateway. */
  readonly deviceId: string;
}

export interface FileToSend {
  /** Of the event that it is attached to. */
  readonly eventType: string;
  readonly eventText: string;
  readonly fileName: string;
  readonly text: string;
}

type Failure = { readonly ok: false; readonly why: string };
export type SendOutcome = { readonly ok: true /** Where it is now. */; readonly url: string } | Failure;
export type FetchOutcome = { readonly ok: true; readonly text: string } | Failure;

/** For one request and its answer. */
export const requestLimitMs = 60_000;
/** Of the answers that tell ids. */
const answerBytesMax = 64 * 1024;
const json = "application/json";

export class CloudFiles {
  readonly #deps: CloudFilesDeps;
  /** The gateway's id in the inventory. */
  #internalId: string | undefined;

  constructor(deps: CloudFilesDeps) {
    this.#deps = deps;
  }

  /** Never rejects. */
  async send(file: FileToSend, signal: AbortSignal): Promise<SendOutcome> {
    const source = await this.#findInternalId(signal);
    if (!source.ok) return source;
    const event = JSON.stringify({
      type: file.eventType,
      text: file.eventText,
      time: isoTime(this.#deps.clock.nowMs()),
      source: { id: source.id },
    });
    const headers = { "Content-Type": json, Accept: json };
    const created = await this.#ask({ method: "POST", path: "/event/events", headers, body: event, signal });
    const id = idIn(created, "the cloud took no event for the file");
    if (!id.ok) {
      // It may have been removed there and registered anew since: then it has another one.
      if (created.ok) this.#internalId = undefined;
      return id;
    }
    const path = `/event/events/${id.id}/binaries`;
    const attached = await this.#ask({
      method: "POST",
      path,
      headers: {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Disposition": `attachment; filename="${file.fileName.replaceAll(/[^A-Za-z0-9._-]/g, "_")}"`,
        Accept: json,
      },
      body: file.text,
      signal,
    });
    const failure = failureOf(attached, "the cloud did not take the file");
    return failure ?? { ok: true, url: new URL(path, this.#deps.cloudUrl).href };
  }

  /** Never rejects. `bytesMax`: of the file. */
  async fetch(address: string, bytesMax: number, signal: AbortSignal): Promise<FetchOutcome> {
    const place = pathAtCloud(address, this.#deps.cloudUrl);
    if (!place.ok) return { ok: false, why: `the file is not fetched: ${place.why}` };
    const outcome = await this.#ask({ method: "GET", path: place.path, answerBytesMax: bytesMax, signal });
    const failure = failureOf(outcome, "the file could not be fetched");
    if (failure !== undefined) return failure;
    try {
      const body = outcome.ok ? outcome.body : new Uint8Array();
      return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(body) };
    } catch {
      return { ok: false, why: "the file is no text in UTF-8" };
    }
  }

  async #findInternalId(signal: AbortSignal): Promise<{ readonly ok: true; readonly id: string } | Failure> {
    if (this.#internalId !== undefined) return { ok: true, id: this.#internalId };
    const path = `/identity/externalIds/c8y_Serial/${encodeURIComponent(this.#deps.deviceId)}`;
    const found = await this.#ask({ method: "GET", path, headers: { Accept: json }, signal });
    const id = idIn(found, "the cloud did not tell this gateway's id", "managedObject");
    if (id.ok) this.#internalId = id.id;
    return id;
  }

  /** A token that the cloud does not take any more is replaced once. */
  async #ask(
    wanted: Partial<CloudRequest> & Required<Pick<CloudRequest, "method" | "path" | "signal">>,
  ): Promise<HttpOutcome> {
    const { authorization, https } = this.#deps;
    for (let attempt = 1; ; attempt += 1) {
      const login = await authorization.header({ timeoutMs: requestLimitMs, signal: wanted.signal });
      if (!login.ok) return { ok: false, reason: "http.unwritable", detail: login.why };
      const outcome = await requestCloud(https, {
        timeoutMs: requestLimitMs,
        answerBytesMax,
        ...wanted,
        headers: { ...wanted.headers, Authorization: login.value },
      });
      const isRefused = outcome.ok && outcome.status === 401;
      if (!isRefused || attempt > 1 || !authorization.refused(login.value)) return outcome;
    }
  }
}

function failureOf(outcome: HttpOutcome, what: string): Failure | undefined {
  if (!outcome.ok) return { ok: false, why: `${what}: ${outcome.detail} (${outcome.reason})` };
  const { status } = outcome;
  if (status >= 200 && status < 300) return undefined;
  const more = status >= 300 && status < 400 ? ": it points to another place, where it is not fetched from" : "";
  return { ok: false, why: `${what}: HTTP status ${status}${more}` };
}

function idIn(
  outcome: HttpOutcome,
  what: string,
  property?: string,
): { readonly ok: true; readonly id: string } | Failure {
  const failure = failureOf(outcome, what);
  if (failure !== undefined || !outcome.ok) return failure ?? { ok: false, why: what };
  let id: unknown;
  try {
    const answer: unknown = JSON.parse(Buffer.from(outcome.body).toString("utf8"));
    const object = property === undefined ? answer : propertyOf(answer, property);
    id = propertyOf(object, "id");
  } catch {
    // Not JSON: said below, without quoting it.
  }
  // The platform leaves the body out where it is not asked for, and always says where the new thing is.
  id ??= /\/([0-9]{1,20})$/.exec(outcome.headers["location"] ?? "")?.[1];
  if (typeof id === "string" && /^[0-9]{1,20}$/.test(id)) return { ok: true, id };
  return { ok: false, why: `${what}: its answer has no id` };
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
