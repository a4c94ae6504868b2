// The stream over a serial line on its own: what a real driver shows and a simulated line does not.
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { ConsoleStream } from "#firmware/serial-console/console-stream.ts";
import { rawFraming, telnetFraming } from "#firmware/serial-console/line-framing.ts";
import { commands, iac, options } from "#protocol/telnet/codes.ts";

/** A line whose driver sends what it holds only when it is told to. */
class HeldLine extends Duplex {
  sent: (() => void) | undefined;
  readonly written: Buffer[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.sent = done;
  }
}

function consoleOn(line: Duplex, framing = rawFraming()) {
  let closes = 0;
  const close = async (): Promise<void> => {
    closes += 1;
    line.destroy();
  };
  return { stream: new ConsoleStream({ line, framing, close }), closes: () => closes };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("is not hung up before the driver has sent what it holds", async () => {
  const line = new HeldLine();
  const { stream, closes } = consoleOn(line);
  stream.resume();
  stream.end("last words");
  await turn();
  expect(Buffer.concat(line.written).toString()).toBe("last words");
  expect(closes()).toBe(0);
  line.sent?.();
  await new Promise((closed) => stream.once("close", closed));
  expect(closes()).toBe(1);
});

test("is hung up at once when it is reset", async () => {
  const line = new HeldLine();
  const { stream, closes } = consoleOn(line);
  stream.end("last words");
  await turn();
  stream.destroy();
  await new Promise((closed) => stream.once("close", closed));
  expect(closes()).toBe(1);
});

test("takes no more of a client that asks on and on and reads nothing of the answers", async () => {
  const line = new HeldLine();
  const { stream } = consoleOn(line, telnetFraming());
  const questions: number[] = [];
  // More answers than are kept: refusals of many options, some times each, and then changes of those that it knows.
  for (let each = 0; each < 16; each++) {
    for (let option = 40; option < 240; option++) questions.push(iac, commands.do, option, iac, commands.will, option);
  }
  for (let each = 0; each < 400; each++) {
    for (const option of [options.echo, options.suppressGoAhead]) {
      questions.push(iac, commands.dont, option, iac, commands.do, option);
    }
  }
  const asked = Buffer.from(questions);
  let isTaken = false;
  stream.write(asked, () => {
    isTaken = true;
  });
  for (let each = 0; each < 200; each++) await turn();
  expect(isTaken).toBe(false);
  expect(stream.readableLength).toBeGreaterThan(8 * 1024);
  expect(stream.readableLength).toBeLessThan(17 * 1024);
  expect(stream.heldBytes()).toBeLessThan(asked.length + 17 * 1024);
  stream.resume();
  for (let each = 0; each < 2_000 && !isTaken; each++) await turn();
  expect(isTaken).toBe(true);
});

test("an error of the line is its own, with its code", async () => {
  const line = new HeldLine();
  const { stream } = consoleOn(line);
  const errors: string[] = [];
  stream.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code ?? ""));
  line.destroy(Object.assign(new Error("gone"), { code: "ENODEV" }));
  await new Promise((closed) => stream.once("close", closed));
  expect(errors).toEqual(["ENODEV"]);
});
