// Asks the person at the terminal for a secret, without showing it; standard input and output stay free for the stream.
import { closeSync, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";

const lengthMax = 1024;
const keys = { interrupt: "\u0003", endOfInput: "\u0004", backspace: "\u0008", delete: "\u007f", clear: "\u0015" };

/** The person gave up with Ctrl-C, which is no signal while the terminal hands over each key. */
export class GivenUpError extends Error {
  constructor() {
    super("The question was given up.");
    this.name = "GivenUpError";
  }
}

/** What was typed up to Enter; undefined if there is no terminal. Throws GivenUpError. */
export async function askAtTerminal(question: string): Promise<string | undefined> {
  const terminal = openTerminal();
  if (terminal === undefined) return undefined;
  const { input, output } = terminal;
  writeSync(output, question);
  input.setRawMode(true);
  try {
    return await readLine(input);
  } finally {
    input.setRawMode(false);
    writeSync(output, "\n");
    closeSync(output);
    input.destroy();
  }
}

function openTerminal(): { readonly input: ReadStream; readonly output: number } | undefined {
  try {
    return { input: new ReadStream(openSync("/dev/tty", "r")), output: openSync("/dev/tty", "w") };
  } catch {
    // A service, a pipeline of a build: there is nobody to ask.
    return undefined;
  }
}

function readLine(input: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    input.setEncoding("utf8");
    input.once("end", () => resolve(""));
    input.on("data", (text: string) => {
      for (const key of text) {
        if (key === "\r" || key === "\n" || key === keys.endOfInput) return resolve(typed.join(""));
        if (key === keys.interrupt) return reject(new GivenUpError());
        if (key === keys.backspace || key === keys.delete) typed.pop();
        else if (key === keys.clear) typed = [];
        else if (typed.length < lengthMax) typed.push(key);
      }
    });
  });
}
