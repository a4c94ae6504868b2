// Finds out what is spoken on a connection and reads along: below simulated TLS, inside websockets, and in clear.
import { HttpRecogniser } from "./http-recogniser.ts";
import { MqttRecogniser } from "./mqtt-recogniser.ts";
import type { Direction, Happening, Recogniser } from "./protocol-event.ts";
import { RfbRecogniser } from "./rfb-recogniser.ts";
import { TelnetRecogniser } from "./telnet-recogniser.ts";
import { TlsSkipper } from "./tls-skipper.ts";

/** First bytes of a direction that are looked at before a connection counts as one of no known protocol. */
const sniffBytesMax = 16;

interface Talk {
  receive(direction: Direction, bytes: Uint8Array): void;
}

type Inside = Happening["inside"];

export class ConnectionRecogniser implements Recogniser {
  readonly #inside: Inside;
  readonly #tls: TlsSkipper | undefined;
  readonly #first: Record<Direction, Buffer> = { up: Buffer.alloc(0), down: Buffer.alloc(0) };
  #talk: Talk | undefined;
  #isUnknown = false;
  #happenings: Happening[] = [];

  constructor(inside: Inside = "tcp") {
    this.#inside = inside;
    this.#tls = inside === "tcp" ? new TlsSkipper() : undefined;
  }

  /** False once it is known that nothing more can be told. */
  get isOfInterest(): boolean {
    return !this.#isUnknown;
  }

  receive(direction: Direction, bytes: Uint8Array): readonly Happening[] {
    this.#happenings = [];
    const clear = this.#tls === undefined ? bytes : this.#tls.receive(direction, bytes);
    if (clear.length > 0 && !this.#isUnknown) this.#read(direction, clear);
    return this.#happenings;
  }

  #read(direction: Direction, bytes: Uint8Array): void {
    if (this.#talk !== undefined) {
      this.#talk.receive(direction, bytes);
      return;
    }
    this.#first[direction] = Buffer.concat([this.#first[direction], bytes]);
    this.#talk = this.#sniff();
    if (this.#talk === undefined) {
      this.#isUnknown = this.#first.up.length >= sniffBytesMax || this.#first.down.length >= sniffBytesMax;
      return;
    }
    // Whoever speaks first has spoken first: a server's greeting comes before the answer to it.
    for (const each of ["down", "up"] as const)
      if (this.#first[each].length > 0) this.#talk.receive(each, this.#first[each]);
  }

  #sniff(): Talk | undefined {
    const { up, down } = this.#first;
    const tell = (name: string, direction: Direction, fields: Happening["fields"]): void => {
      this.#happenings.push({ name, direction, inside: this.#inside, fields });
    };
    if (isRfb(down)) return new RfbRecogniser(tell);
    // A tunnel's websocket was dialled from the panel's side: there the server's bytes go up.
    if (isRfb(up)) return turnedRound(tell, (turned) => new RfbRecogniser(turned));
    if (isMqtt(up)) return new MqttRecogniser(tell);
    if (/^[A-Z]{3,7} \S/.test(up.subarray(0, sniffBytesMax).toString("latin1"))) return this.#http(tell);
    if (isTelnet(up) || isTelnet(down)) return new TelnetRecogniser(tell);
    return undefined;
  }

  #http(tell: ConstructorParameters<typeof HttpRecogniser>[0]): Talk {
    const carried = new ConnectionRecogniser("websocket");
    return new HttpRecogniser(tell, {
      get isOfInterest() {
        return carried.isOfInterest;
      },
      receive: (direction, bytes) => this.#happenings.push(...carried.receive(direction, bytes)),
    });
  }
}

function isRfb(bytes: Buffer): boolean {
  return bytes.subarray(0, 4).toString("latin1") === "RFB ";
}

type Tell = (name: string, direction: Direction, fields: Happening["fields"]) => void;

function turnedRound(tell: Tell, make: (tell: Tell) => Talk): Talk {
  const turn = (direction: Direction): Direction => (direction === "up" ? "down" : "up");
  const talk = make((name, direction, fields) => tell(name, turn(direction), fields));
  return { receive: (direction, bytes) => talk.receive(turn(direction), bytes) };
}

/** A CONNECT packet, whose protocol name is "MQTT", or "MQIsdp" before 3.1.1. */
function isMqtt(bytes: Buffer): boolean {
  return bytes[0] === 0x10 && bytes.subarray(4, 12).includes("MQ");
}

function isTelnet(bytes: Buffer): boolean {
  const command = bytes[1] ?? 0;
  return bytes[0] === 255 && command >= 251 && command <= 254;
}
