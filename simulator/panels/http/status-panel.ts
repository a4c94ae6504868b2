// An HTTP panel: the small web server in a machine that shows what the machine does.
import type { Connection } from "#hardware/ports.ts";
import { type PanelHost, PanelListener, type PanelProgram, type RunningPanel } from "../panel.ts";
import { type MachineName, machines, type ProcessModel, type ProcessSource, sharedProcess } from "../process-model.ts";
import { type HttpRequest, HttpRequestError, HttpRequestReader } from "./http-requests.ts";
import { statusHtml, statusJson } from "./status-page.ts";

const httpPort = 80;
/** Requests on one connection; the last answer says that it is. */
const requestsMax = 100;
/** Without a whole request; then the panel hangs up. */
const idleMs = 60_000;
/** After our end of the stream. */
const lingerMs = 2000;

export interface StatusPanelOptions {
  readonly port?: number;
  readonly title?: string;
  readonly machine?: MachineName;
  /** A machine that other panels show too. */
  readonly process?: ProcessSource;
}

export interface RunningStatusPanel extends RunningPanel {
  /** What its machine does. */
  readonly process: ProcessModel;
  /** Requests that have been answered since the start. */
  readonly requests: number;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly fields?: readonly string[];
}

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  505: "HTTP Version Not Supported",
};

/** `/` is the page, `/status.json` the same as JSON. */
export function statusPanel(options: StatusPanelOptions = {}): PanelProgram<RunningStatusPanel> {
  return {
    port: options.port ?? httpPort,
    endpoint: { protocol: "PASSTHROUGH" },
    start: async (host) => {
      const server = new StatusServer(host, options);
      return server.running(
        await PanelListener.open(host, options.port ?? httpPort, (connection) => server.serves(connection)),
      );
    },
  };
}

class StatusServer {
  readonly #clock: PanelHost["clock"];
  readonly #title: string;
  readonly #process: ProcessModel;
  #requests = 0;

  constructor(host: PanelHost, options: StatusPanelOptions) {
    this.#clock = host.clock;
    this.#title = options.title ?? host.name;
    this.#process = (options.process ?? sharedProcess(machines[options.machine ?? "press"])).of(host);
  }

  running(listener: PanelListener): RunningStatusPanel {
    const requests = (): number => this.#requests;
    return {
      ...{ port: listener.port, process: this.#process },
      get connections() {
        return listener.connections;
      },
      get requests() {
        return requests();
      },
      close: () => listener.close(),
    };
  }

  serves({ stream }: Connection): void {
    const clock = this.#clock;
    const reader = new HttpRequestReader();
    let answered = 0;
    let isOver = false;
    let timer: ReturnType<typeof clock.setTimeout> | undefined;
    const waitAtMost = (ms: number): void => {
      clock.clearTimeout(timer);
      timer = clock.setTimeout(() => stream.destroy(), ms);
    };
    const end = (): void => {
      isOver = true;
      stream.end();
      waitAtMost(lingerMs);
    };
    const receive = (bytes: Uint8Array): void => {
      if (isOver) return;
      for (const request of reader.push(bytes)) {
        answered += 1;
        waitAtMost(idleMs);
        const keepsAlive = request.keepsAlive && answered < requestsMax;
        stream.write(this.#written(this.#answer(request), { isHead: request.method === "HEAD", keepsAlive }));
        if (keepsAlive) continue;
        end();
        return;
      }
      // Whoever asks without reading the answers waits.
      if (stream.writableNeedDrain) stream.pause();
    };
    waitAtMost(idleMs);
    stream.on("data", (bytes: Uint8Array) => {
      try {
        receive(bytes);
      } catch (error) {
        if (!(error instanceof HttpRequestError)) throw error;
        const answer = { status: error.status, type: "text/plain; charset=utf-8", body: `${error.message}\n` };
        stream.write(this.#written(answer, { isHead: false, keepsAlive: false }));
        end();
      }
    });
    stream.on("drain", () => stream.resume());
    stream.on("end", () => stream.end());
    stream.once("close", () => clock.clearTimeout(timer));
  }

  #answer({ method, target }: HttpRequest): Answer {
    const text = "text/plain; charset=utf-8";
    if (method !== "GET" && method !== "HEAD") {
      return { status: 405, type: text, body: "Only GET and HEAD.\n", fields: ["Allow: GET, HEAD"] };
    }
    const [path] = target.split("?");
    this.#process.advanceTo(this.#clock.nowMs());
    const source = { title: this.#title, process: this.#process, nowMs: this.#clock.nowMs() };
    if (path === "/") return { status: 200, type: "text/html; charset=utf-8", body: statusHtml(source) };
    if (path === "/status.json") return { status: 200, type: "application/json", body: statusJson(source) };
    return { status: 404, type: text, body: "There is no such page.\n" };
  }

  #written(answer: Answer, how: { readonly isHead: boolean; readonly keepsAlive: boolean }): Buffer {
    this.#requests += 1;
    const body = Buffer.from(answer.body, "utf8");
    const head = [
      `HTTP/1.1 ${answer.status} ${reasons[answer.status]}`,
      `Date: ${new Date(this.#clock.nowMs()).toUTCString()}`,
      "Server: panel-web/2.1",
      `Content-Type: ${answer.type}`,
      `Content-Length: ${body.length}`,
      "Cache-Control: no-store",
      ...(answer.fields ?? []),
      `Connection: ${how.keepsAlive ? "keep-alive" : "close"}`,
      "",
      "",
    ].join("\r\n");
    return how.isHead ? Buffer.from(head, "latin1") : Buffer.concat([Buffer.from(head, "latin1"), body]);
  }
}
