// MQTT 3.1 and 3.1.1 by its packets: who connects, what is published and acknowledged.
import type { Direction, Happening } from "./protocol-event.ts";
import { type StreamParser, StreamReader, skip, take, takeByte } from "./stream-reader.ts";

/** Longest packet that is looked into; longer ones are passed over. */
const bodyBytesMax = 64 * 1024;
/** Published messages that wait for their acknowledgement, in each direction. */
const unacknowledgedMax = 1000;

type Fields = Happening["fields"];
type Tell = (name: string, direction: Direction, fields: Fields) => void;

export class MqttRecogniser {
  readonly #tell: Tell;
  readonly #readers: Readonly<Record<Direction, StreamReader>>;
  /** What was published with QoS 1, by direction and packet identifier. */
  readonly #published = { up: new Map<number, Fields>(), down: new Map<number, Fields>() };

  constructor(tell: Tell) {
    this.#tell = tell;
    this.#readers = { up: new StreamReader(this.#packets("up")), down: new StreamReader(this.#packets("down")) };
  }

  receive(direction: Direction, bytes: Uint8Array): void {
    this.#readers[direction].receive(bytes);
  }

  *#packets(direction: Direction): StreamParser {
    for (;;) {
      const first = yield* takeByte();
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        if (shift > 21) return; // no length of MQTT is longer: these are other bytes
        const byte = yield* takeByte();
        length += (byte & 0x7f) * 2 ** shift;
        if ((byte & 0x80) === 0) break;
      }
      if (length > bodyBytesMax) {
        yield* skip(length);
        continue;
      }
      const body = length === 0 ? Buffer.alloc(0) : yield* take(length);
      try {
        this.#packet(direction, first, body);
      } catch (error) {
        if (error instanceof RangeError) return; // read past the packet's end: not MQTT after all
        throw error;
      }
    }
  }

  #packet(direction: Direction, first: number, body: Buffer): void {
    const tell = (name: string, fields: Fields = {}): void => this.#tell(`mqtt.${name}`, direction, fields);
    const type = first >> 4;
    if (type === 1) tell("connect", { clientId: clientIdOf(body) });
    else if (type === 2) tell("connack", { code: body.readUInt8(1) });
    else if (type === 3) tell("publish", this.#publish(direction, first, body));
    else if (type === 4) tell("puback", this.#acknowledged(direction, body.readUInt16BE(0)));
    else if (type === 8) tell("subscribe", { topic: textAt(body, 2) });
    else if (type === 9) tell("suback");
    else if (type === 12) tell("pingreq");
    else if (type === 14) tell("disconnect");
  }

  #publish(direction: Direction, first: number, body: Buffer): Fields {
    const topic = textAt(body, 0);
    const qos = (first >> 1) & 3;
    const identifierAt = 2 + body.readUInt16BE(0); // not by the text, which may have been no UTF-8
    const payload = body.subarray(identifierAt + (qos === 0 ? 0 : 2)).toString("latin1");
    const fields = { topic, qos, of: templatesOf(payload) };
    const published = this.#published[direction];
    if (qos === 1 && published.size < unacknowledgedMax) published.set(body.readUInt16BE(identifierAt), fields);
    return fields;
  }

  #acknowledged(direction: Direction, identifier: number): Fields {
    const published = this.#published[direction === "up" ? "down" : "up"];
    const fields = published.get(identifier) ?? {};
    published.delete(identifier);
    return fields;
  }
}

function textAt(body: Buffer, at: number): string {
  const length = body.readUInt16BE(at);
  return body.subarray(at + 2, at + 2 + length).toString();
}

function clientIdOf(body: Buffer): string {
  const protocolBytes = 2 + body.readUInt16BE(0);
  return textAt(body, protocolBytes + 4); // level, flags, and two bytes of keep-alive
}

/** The first field of each line: a SmartREST payload may hold several messages. */
function templatesOf(payload: string): string {
  const templates = payload.split("\n").map((line) => /^[\w-]{1,40}(?=,|\r?$)/.exec(line)?.[0] ?? "");
  return templates.filter((template) => template !== "").join(" ");
}
