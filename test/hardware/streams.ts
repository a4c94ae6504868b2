// Reading and watching a connection's stream in the contract tests.
import type { Duplex } from "node:stream";

/** The next `length` bytes of the stream; rejects if it ends or fails before. */
export function readBytes(stream: Duplex, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      stream.off("readable", look);
      stream.off("end", ended);
      stream.off("error", failed);
      stream.off("close", ended);
    };
    const chunks: Buffer[] = [];
    let count = 0;
    const look = (): void => {
      for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) {
        chunks.push(chunk);
        count += chunk.length;
      }
      if (count < length) return;
      stop();
      const all = Buffer.concat(chunks);
      if (count > length) stream.unshift(all.subarray(length));
      resolve(all.subarray(0, length));
    };
    const ended = (): void => {
      stop();
      reject(new Error(`the stream ended after ${count} of ${length} bytes`));
    };
    const failed = (error: Error): void => {
      stop();
      reject(error);
    };
    stream.on("readable", look);
    stream.on("end", ended);
    stream.on("error", failed);
    stream.on("close", ended);
    look();
  });
}

/** All bytes up to the end of the stream. */
export function readToEnd(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("end", () => resolve(Buffer.concat(chunks)));
    stream.once("error", reject);
  });
}

/** What happened until the stream closed: the code of its error, if there was one. */
export function closes(stream: Duplex): Promise<{ readonly errorCode: string | undefined }> {
  return new Promise((resolve) => {
    let errorCode: string | undefined;
    stream.once("error", (error: NodeJS.ErrnoException) => {
      errorCode = error.code ?? error.message;
    });
    stream.once("close", () => resolve({ errorCode }));
    // A paused stream never notices its end.
    stream.resume();
  });
}
