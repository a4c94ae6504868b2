// REST of the cloud in bytes: each request is HTTP over a TLS connection of its own through a network port.
import { type IncomingMessage, request as sendRequest } from "node:http";
import type { Connection, Network } from "#hardware/ports.ts";

const dialMs = 10_000;
/** Longest answer that is read. */
const answerBytesMax = 16 * 1024 * 1024;

export interface CloudAddress {
  readonly host: string;
  readonly httpsPort: number;
  /** PEM of what the operator trusts. */
  readonly authorities: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** The text as JSON; throws if it is none. */
  json(): unknown;
}

/** An answer other than 2xx, or none. */
export class OperatorError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "OperatorError";
    this.status = status;
  }
}

export class CloudHttp {
  readonly #network: Network;
  readonly #cloud: CloudAddress;
  readonly #authorization: string;

  constructor(options: {
    readonly network: Network;
    readonly cloud: CloudAddress;
    /** With the tenant: "t1000/admin". */
    readonly user: string;
    readonly password: string;
  }) {
    this.#network = options.network;
    this.#cloud = options.cloud;
    this.#authorization = `Basic ${Buffer.from(`${options.user}:${options.password}`).toString("base64")}`;
  }

  /** The same cloud for another person. */
  as(user: string, password: string): CloudHttp {
    return new CloudHttp({ network: this.#network, cloud: this.#cloud, user, password });
  }

  /** Host and port as they stand in URLs. */
  get authority(): string {
    return `${this.#cloud.host}:${this.#cloud.httpsPort}`;
  }

  get authorization(): string {
    return this.#authorization;
  }

  /** A TLS connection to the cloud; rejects with OperatorError. */
  async connect(): Promise<Connection> {
    const resolved = await this.#network.resolve(this.#cloud.host, { timeoutMs: dialMs });
    if (!resolved.ok) throw new OperatorError(0, `The operator cannot resolve ${this.#cloud.host}: ${resolved.reason}`);
    let last = "no address";
    for (const address of resolved.addresses) {
      const dialled = await this.#network.dialTls(
        {
          address,
          port: this.#cloud.httpsPort,
          serverName: this.#cloud.host,
          extraAuthorities: this.#cloud.authorities,
        },
        { timeoutMs: dialMs },
      );
      if (dialled.ok) return dialled.connection;
      last = `${dialled.reason}, ${dialled.detail}`;
    }
    throw new OperatorError(0, `The operator cannot reach ${this.authority}: ${last}`);
  }

  /** Any answer counts, whatever its status. */
  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.send(
      method,
      path,
      body === undefined ? undefined : { type: "application/json", text: JSON.stringify(body) },
    );
  }

  /** As `request`, with a body of another kind. */
  async send(method: string, path: string, body?: { readonly type: string; readonly text: string }): Promise<Answer> {
    const { stream } = await this.connect();
    const contents = body === undefined ? undefined : Buffer.from(body.text);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const request = sendRequest({
      method,
      path,
      // With no agent this is asked for the connection; one request each is all that it is used for.
      createConnection: () => stream,
      headers: {
        Host: this.authority,
        Authorization: this.#authorization,
        Accept: "application/json",
        Connection: "close",
        ...(contents === undefined ? {} : { "Content-Type": body?.type, "Content-Length": contents.length }),
      },
    });
    const failed = (error: Error): void => reject(new OperatorError(0, `${method} ${path}: ${error.message}`));
    request.on("error", failed);
    request.on("response", (response) => void readAnswer(response).then(resolve, failed));
    request.end(contents);
    try {
      return await promise;
    } finally {
      stream.destroy();
    }
  }

  /** The JSON of a 2xx answer; undefined for an empty one. Rejects with OperatorError for any other status. */
  async json(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.request(method, path, body);
    if (answer.status < 200 || answer.status > 299) {
      throw new OperatorError(answer.status, `${method} ${path}: ${answer.status} ${answer.text}`);
    }
    return answer.text === "" ? undefined : answer.json();
  }
}

/** Reads the whole body. */
export async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > answerBytesMax) throw new Error(`the answer has more than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) };
}
