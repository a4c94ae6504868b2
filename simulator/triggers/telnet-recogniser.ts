// Telnet's negotiations (RFC 854, 855): WILL, WONT, DO and DONT, in either direction.
import type { Direction, Happening } from "./protocol-event.ts";
import { type StreamParser, StreamReader, takeByte } from "./stream-reader.ts";

const iac = 255;
const subnegotiation = 250;
const subnegotiationEnd = 240;
const verbs = new Map([
  [251, "WILL"],
  [252, "WONT"],
  [253, "DO"],
  [254, "DONT"],
]);

type Tell = (name: string, direction: Direction, fields: Happening["fields"]) => void;

export class TelnetRecogniser {
  readonly #tell: Tell;
  readonly #readers: Readonly<Record<Direction, StreamReader>>;

  constructor(tell: Tell) {
    this.#tell = tell;
    this.#readers = { up: new StreamReader(this.#commands("up")), down: new StreamReader(this.#commands("down")) };
  }

  receive(direction: Direction, bytes: Uint8Array): void {
    this.#readers[direction].receive(bytes);
  }

  *#commands(direction: Direction): StreamParser {
    for (;;) {
      if ((yield* takeByte()) !== iac) continue;
      const command = yield* takeByte();
      const verb = verbs.get(command);
      if (verb !== undefined) {
        this.#tell("telnet.negotiation", direction, { verb, option: yield* takeByte() });
      } else if (command === subnegotiation) {
        for (let isEnd = false; !isEnd; )
          isEnd = (yield* takeByte()) === iac && (yield* takeByte()) === subnegotiationEnd;
      }
    }
  }
}
