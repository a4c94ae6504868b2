// Panels for plain bytes: an echo, a source that streams and ends, and a sink that takes its time.
import { createHash, type Hash } from "node:crypto";
import type { Connection } from "#hardware/ports.ts";
import { type PanelHost, PanelListener, type PanelProgram, type RunningPanel } from "./panel.ts";

const chunkBytes = 16 * 1024;

/** Sends back what it gets, its end of stream too. */
export function echoPanel(port = 7): PanelProgram {
  return bytePanel(port, ({ stream }) => {
    stream.pipe(stream);
  });
}

export interface SourceOptions {
  readonly port?: number;
  /** How many bytes it sends on each connection. */
  readonly bytes: number;
  /** After the last one: an end of stream (default), a reset, or nothing. */
  readonly afterwards?: "end" | "reset" | "stay";
}

/** Streams bytes as fast as they are taken; `patternByte` says which. */
export function sourcePanel(options: SourceOptions): PanelProgram {
  return bytePanel(options.port ?? 19, (connection) => {
    const { stream } = connection;
    stream.resume();
    let sent = 0;
    const pump = (): void => {
      while (sent < options.bytes && !stream.destroyed) {
        const chunk = patternBytes(sent, Math.min(chunkBytes, options.bytes - sent));
        sent += chunk.length;
        if (!stream.write(chunk)) return;
      }
      stream.off("drain", pump);
      if (options.afterwards === "reset") stream.write(new Uint8Array(0), () => connection.reset());
      else if (options.afterwards !== "stay") stream.end();
    };
    stream.on("drain", pump);
    pump();
  });
}

export interface SinkOptions {
  readonly port?: number;
  /** Bytes that it takes at a time, and the pause between; no pause by default. */
  readonly readBytes?: number;
  readonly everyMs?: number;
}

export interface RunningSink extends RunningPanel {
  /** Of all connections together. */
  readonly bytesReceived: number;
  /** SHA-256 of what came, in hex. */
  readonly digest: string;
  /** While true it reads nothing. */
  paused: boolean;
}

/** Takes bytes and counts them; ends its side when the other end has. */
export function sinkPanel(options: SinkOptions = {}): PanelProgram<RunningSink> {
  const port = options.port ?? 9;
  return { port, endpoint: { protocol: "PASSTHROUGH" }, start: (host) => startSink(host, port, options) };
}

async function startSink(host: PanelHost, port: number, options: SinkOptions): Promise<RunningSink> {
  const hash: Hash = createHash("sha256");
  let bytesReceived = 0;
  let isPaused = false;
  const resumes = new Set<() => void>();
  const listener = await PanelListener.open(host, port, ({ stream }) => {
    let isResting = false;
    let timer: ReturnType<PanelHost["clock"]["setTimeout"]> | undefined;
    const read = (): void => {
      while (!isPaused && !isResting) {
        const wanted = Math.min(options.readBytes ?? stream.readableLength, stream.readableLength);
        const chunk = wanted === 0 ? (stream.read() as Buffer | null) : (stream.read(wanted) as Buffer | null);
        if (chunk === null) return;
        bytesReceived += chunk.length;
        hash.update(chunk);
        if (options.everyMs === undefined) continue;
        isResting = true;
        timer = host.clock.setTimeout(() => {
          isResting = false;
          read();
        }, options.everyMs);
      }
    };
    stream.on("readable", read);
    stream.on("end", () => stream.end());
    resumes.add(read);
    stream.once("close", () => {
      host.clock.clearTimeout(timer);
      resumes.delete(read);
    });
  });
  return {
    port: listener.port,
    get connections() {
      return listener.connections;
    },
    get bytesReceived() {
      return bytesReceived;
    },
    get digest() {
      return hash.copy().digest("hex");
    },
    get paused() {
      return isPaused;
    },
    set paused(value) {
      isPaused = value;
      if (!value) for (const resume of resumes) resume();
    },
    close: () => listener.close(),
  };
}

/** The bytes of a source from `offset` on: no two places near one another look alike. */
export function patternBytes(offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) {
    const place = offset + at;
    bytes[at] = (place ^ (place >>> 8) ^ (place >>> 16)) & 0xff;
  }
  return bytes;
}

function bytePanel(port: number, serve: (connection: Connection) => void): PanelProgram {
  return {
    port,
    endpoint: { protocol: "PASSTHROUGH" },
    start: (host) => PanelListener.open(host, port, serve),
  };
}
