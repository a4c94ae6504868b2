// What the board of the pictures tries over and over, and how each attempt ends in a word; "ok" when all is well.
import type { Duplex } from "node:stream";
import type { Network, SerialSettings } from "#hardware/ports.ts";
import type { Board } from "../../gateway/board.ts";
import type { SimulatedClock } from "../../simulated-clock.ts";
import { cloudAddress } from "./two-ends.ts";

const echoPort = 7;
/** An answer takes a few ms; less than the time between two attempts. */
const answerMs = 45;
const modemSettings: SerialSettings = {
  ...{ baudRate: 115_200, dataBits: 8, parity: "none", stopBits: 1, flowControl: "none" },
};

/** The cloud's end: what comes is sent back. */
export async function hostEcho(cloud: Network): Promise<void> {
  await cloud.listen({ address: "0.0.0.0", port: echoPort }, ({ stream }) => {
    stream.on("error", () => undefined); // whoever is gone is gone
    stream.on("data", (bytes: Uint8Array) => stream.write(bytes));
    stream.once("end", () => stream.end());
  });
}

/** One that is opened at the beginning and kept. */
export class OldConnection {
  #stream: Duplex | undefined;
  #answered = (_word: string): void => undefined;

  constructor(gateway: Network) {
    void gateway.dial({ address: cloudAddress, port: echoPort }, { timeoutMs: answerMs }).then((outcome) => {
      if (!outcome.ok) return; // then it is silent from the beginning
      this.#stream = outcome.connection.stream;
      this.#stream.on("error", () => undefined); // told by the silence
      this.#stream.on("data", () => this.#answered("ok"));
    });
  }

  async echoes(clock: SimulatedClock): Promise<string> {
    const answer = within(clock, (done) => {
      this.#answered = done;
    });
    this.#stream?.write("x");
    return answer;
  }
}

export async function reaches(gateway: Network): Promise<string> {
  const outcome = await gateway.dial({ address: cloudAddress, port: echoPort }, { timeoutMs: answerMs });
  if (!outcome.ok) return outcome.reason;
  outcome.connection.reset();
  return "ok";
}

export async function asksModem(board: Board, path: string, clock: SimulatedClock): Promise<string> {
  const outcome = await board.hardware?.serialPorts?.open(path, modemSettings);
  if (outcome === undefined) return "off";
  if (!outcome.ok) return outcome.reason;
  const { stream } = outcome;
  const answer = within(clock, (done) => {
    stream.on("data", (bytes: Uint8Array) => {
      if (Buffer.from(bytes).includes("K")) done("ok");
    });
  });
  stream.write("AT\r");
  const word = await answer;
  await outcome.close();
  return word;
}

function within(clock: SimulatedClock, begins: (done: (word: string) => void) => void): Promise<string> {
  return new Promise((resolve) => {
    const timer = clock.setNamedTimeout("attempt", () => resolve("silent"), answerMs);
    begins((word) => {
      clock.clearTimeout(timer);
      resolve(word);
    });
  });
}
