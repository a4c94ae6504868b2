// One remote-access session as a client sees it: a websocket to the cloud, its bytes, its steps, and how it ended.
import "../deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import { createHash } from "node:crypto";
import WebSocket from "ws";
import type { Random } from "#hardware/ports.ts";
import type { CloseReason } from "#protocol/close-reason.ts";
import { binarySubprotocol, clientPath, sessionSubprotocol } from "#protocol/remote-access.ts";
import {
  type ClientMessage,
  type CloudMessage,
  parseCloudMessage,
  type SessionStep,
  writeSessionMessage,
} from "#protocol/session-channel.ts";
import { type CloudHttp, OperatorError, readAnswer } from "./cloud-http.ts";
import type { Patience } from "./patience.ts";

/** What a session keeps of what came, for looking at; all of it is counted and hashed. */
const keptBytesMax = 4 * 1024 * 1024;

export interface EndpointAddress {
  readonly deviceId: string;
  readonly endpointId: string;
}

export interface SessionOptions {
  /** What is asked for; our own session channel by default, `[]` for a client that asks for none. */
  readonly subprotocols?: readonly string[];
}

export interface Closed {
  readonly code: number;
  /** The text of the close frame. */
  readonly reason: string;
  /** What the cloud said before it, on our own channel. */
  readonly said?: { readonly reason: CloseReason; readonly text: string };
}

interface Dependencies {
  readonly http: CloudHttp;
  readonly random: Random;
  readonly patience: Patience;
}

export class ClientSession {
  readonly steps: SessionStep[] = [];
  /** Everything that the cloud said on our own channel, the steps too. */
  readonly messages: CloudMessage[] = [];
  /** Settles when the websocket has closed; never rejects. */
  readonly closed: Promise<Closed>;
  /** Set when it has. */
  ending: Closed | undefined;
  bytesReceived = 0;
  /** Called with each piece that comes. */
  onBytes: (bytes: Uint8Array) => void = () => undefined;
  readonly #socket: WebSocket;
  readonly #patience: Patience;
  readonly #hash = createHash("sha256");
  readonly #break: () => void;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #said: Closed["said"];

  private constructor(socket: WebSocket, patience: Patience, breakOff: () => void) {
    this.#socket = socket;
    this.#patience = patience;
    this.#break = breakOff;
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    // What went wrong is told by the close event that follows.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        this.ending = { code, reason: reason.toString(), ...(this.#said === undefined ? {} : { said: this.#said }) };
        resolve(this.ending);
      });
    });
  }

  /** Rejects with OperatorError when the cloud does not answer the upgrade with 101. */
  static async open(deps: Dependencies, target: EndpointAddress, options: SessionOptions = {}): Promise<ClientSession> {
    const { http, random, patience } = deps;
    const connection = await http.connect();
    const path = clientPath(target.deviceId, target.endpointId);
    const subprotocols = options.subprotocols ?? [sessionSubprotocol, binarySubprotocol];
    const socket = new WebSocket(`ws://${http.authority}${path}`, [...subprotocols], {
      createConnection: () => connection.stream,
      headers: { Authorization: http.authorization },
      generateMask: (mask) => mask.set(random.bytes(mask.length)),
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    const session = new ClientSession(socket, patience, () => connection.reset());
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("unexpected-response", (_request, response) => {
        const refuse = (text: string): void => {
          connection.stream.destroy();
          reject(new OperatorError(response.statusCode ?? 0, `${path}: ${response.statusCode} ${text}`));
        };
        readAnswer(response).then(
          (answer) => refuse(answer.text),
          (error: Error) => refuse(error.message),
        );
      });
      void session.closed.then(() => reject(new OperatorError(0, `${path}: the connection broke during the upgrade`)));
    });
    return session;
  }

  /** What the cloud agreed to. */
  get subprotocol(): string {
    return this.#socket.protocol;
  }

  /** SHA-256 of everything received, in hex. */
  get digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** The beginning of what was received. */
  get received(): Buffer {
    return Buffer.concat(this.#kept);
  }

  /** Bytes handed to the websocket and not yet to the network. */
  get bytesWaiting(): number {
    return this.#socket.bufferedAmount;
  }

  /** Resolves when the bytes are on their way. */
  async sends(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(bytes, { binary: true }, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends without waiting; what the connection cannot take any more is dropped, as a person's typing would be. */
  says(bytes: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(bytes, { binary: true }, () => undefined);
  }

  /** Says something on our own channel. */
  tells(message: ClientMessage): void {
    this.#socket.send(writeSessionMessage(message));
  }

  /** Waits for a step of the session; fails with the reason if it ends before. */
  async reaches(step: SessionStep, limitMs = 60_000): Promise<void> {
    await this.#unlessEnded(() => this.steps.includes(step), `the session to reach "${step}"`, limitMs);
  }

  /** Waits until so many bytes have come. */
  async receives(bytes: number, limitMs = 60_000): Promise<void> {
    await this.#unlessEnded(() => this.bytesReceived >= bytes, `${bytes} bytes to be received`, limitMs);
  }

  /** Waits until something holds; fails with the reason if the session ends before. */
  async sees(fact: () => boolean, what: string, limitMs = 60_000): Promise<void> {
    await this.#unlessEnded(fact, what, limitMs);
  }

  /** Waits for the end and tells it. */
  async ends(limitMs = 120_000): Promise<Closed> {
    return this.#patience.until(this.closed, { what: "the session to end", limitMs });
  }

  /** The person is done. */
  async disconnects(): Promise<Closed> {
    this.#socket.close(1000, "client.closed");
    return this.ends();
  }

  /** The client's machine breaks the connection off without a word in websocket terms. */
  breaks(): void {
    this.#break();
  }

  /** Stops and goes on taking what comes. */
  pauses(): void {
    this.#socket.pause();
  }

  resumes(): void {
    this.#socket.resume();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      const message = parseCloudMessage(data.toString());
      this.messages.push(message);
      if (message.type === "step") this.steps.push(message.step);
      if (message.type === "closed") this.#said = { reason: message.reason, text: message.text };
      return;
    }
    this.bytesReceived += data.length;
    this.#hash.update(data);
    if (this.#keptBytes < keptBytesMax) {
      this.#kept.push(data.subarray(0, keptBytesMax - this.#keptBytes));
      this.#keptBytes += Math.min(data.length, keptBytesMax - this.#keptBytes);
    }
    this.onBytes(data);
  }

  async #unlessEnded(fact: () => boolean, what: string, limitMs: number): Promise<void> {
    await this.#patience.until(() => fact() || this.ending !== undefined, { what, limitMs });
    if (fact()) return;
    const { code, reason, said } = this.ending ?? { code: 0, reason: "" };
    throw new Error(`The session ended before ${what}: ${code} ${said?.reason ?? reason} ${said?.text ?? ""}`.trim());
  }
}
