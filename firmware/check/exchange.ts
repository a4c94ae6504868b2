// Says one thing to one of the cloud's ports, over TLS, and listens to the beginning of the answer.
import type { Hardware } from "#hardware/ports.ts";
import { type CloudDialOutcome, type CloudPort, dialCloud } from "../connectivity/dial-cloud.ts";

export type CheckHardware = Pick<Hardware, "clock" | "network">;

export interface Question {
  readonly question: Uint8Array;
  /** So many bytes of the answer are enough, at most `answerBytesMax`. */
  readonly answerBytes: number;
}

/** `answer` is empty where the far end says nothing or closes. */
export type Exchange =
  | { readonly ok: true; readonly answer: Uint8Array }
  | Extract<CloudDialOutcome, { readonly ok: false }>;

/** Bytes of an answer that are looked at. */
const answerBytesMax = 64;
export const dialLimitMs = 10_000;
export const answerLimitMs = 5_000;
const closeLimitMs = 500;

/** Never rejects for a network reason. Ends the connection in order, so that the cloud does not log a broken one. */
export async function exchange(
  hardware: CheckHardware,
  port: CloudPort,
  { question, answerBytes }: Question,
): Promise<Exchange> {
  const outcome = await dialCloud(hardware, port, { timeoutMs: dialLimitMs });
  if (!outcome.ok) return outcome;
  const { clock } = hardware;
  const { stream } = outcome.connection;
  stream.on("error", () => {});
  const chunks: Uint8Array[] = [];
  let heard = 0;
  await new Promise<void>((resolve) => {
    const limit = clock.setTimeout(resolve, answerLimitMs);
    const done = (): void => {
      clock.clearTimeout(limit);
      resolve();
    };
    stream.on("data", (chunk: Uint8Array) => {
      if (heard < answerBytesMax) chunks.push(chunk.subarray(0, answerBytesMax));
      heard += chunk.length;
      if (heard >= answerBytes) done();
    });
    stream.once("end", done).once("close", done);
    stream.write(question);
  });
  await new Promise<void>((resolve) => {
    if (stream.destroyed) return resolve();
    const limit = clock.setTimeout(() => stream.destroy(), closeLimitMs);
    stream.once("close", () => {
      clock.clearTimeout(limit);
      resolve();
    });
    stream.end();
  });
  return { ok: true, answer: Buffer.concat(chunks).subarray(0, answerBytesMax) };
}
