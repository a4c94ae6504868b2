// What a connection's bytes tell: each protocol's events from literal bytes, however they are cut into pieces.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectionRecogniser } from "#simulator/triggers/connection-recogniser.ts";
import type { Direction, Happening } from "#simulator/triggers/protocol-event.ts";

type Piece = readonly [Direction, Uint8Array | string];

function bytesOf(piece: Uint8Array | string): Uint8Array {
  return typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
}

function recognised(
  pieces: readonly Piece[],
  cut = (bytes: Uint8Array): readonly Uint8Array[] => [bytes],
): Happening[] {
  const recogniser = new ConnectionRecogniser();
  return pieces.flatMap(([direction, piece]) =>
    cut(bytesOf(piece)).flatMap((bytes) => [...recogniser.receive(direction, bytes)]),
  );
}

/** "up mqtt.publish topic=s/us qos=1" of each. */
function told(happenings: readonly Happening[]): string[] {
  return happenings.map(({ name, direction, inside, fields }) => {
    const details = Object.entries(fields).map(([field, value]) => ` ${field}=${value}`);
    return `${direction} ${name}${details.join("")}${inside === "websocket" ? " (websocket)" : ""}`;
  });
}

function tlsRecord(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from([0x16, 0x03, 0x03, body.length >> 8, body.length & 0xff]), body]);
}

const tls: readonly Piece[] = [
  ["up", tlsRecord({ serverName: "cloud.example" })],
  ["down", tlsRecord({ names: ["cloud.example"] })],
  ["up", tlsRecord({ finished: true })],
];

// MQTT 3.1.1, chapter 3.
const connect = "\x10\x14\0\x04MQTT\x04\x02\0\x3c\0\x08gw-0001x";
const mqtt: readonly Piece[] = [
  ["up", connect],
  ["down", "\x20\x02\0\0"],
  ["up", "\x82\x09\0\x01\0\x04s/ds\x00"],
  ["down", "\x90\x03\0\x01\0"],
  ["up", "\x32\x1e\0\x04s/us\0\x07114,c8y_RemoteAccess\r\n"],
  ["down", "\x40\x02\0\x07"],
  ["down", "\x30\x0c\0\x04s/ds530,gw"],
  ["up", "\xc0\0"],
  ["down", "\xd0\0"],
  ["up", "\xe0\0"],
];
const mqttTold = [
  "up mqtt.connect clientId=gw-0001x",
  "down mqtt.connack code=0",
  "up mqtt.subscribe topic=s/ds",
  "down mqtt.suback",
  "up mqtt.publish topic=s/us qos=1 of=114",
  "down mqtt.puback topic=s/us qos=1 of=114",
  "down mqtt.publish topic=s/ds qos=0 of=530",
  "up mqtt.pingreq",
  "up mqtt.disconnect",
];

// RFC 6143: 7.1.1 version, 7.1.2 security, 7.3 init, 7.5 client messages, 7.6 server messages, 7.7 encodings.
const pixelFormat = "\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0";
const serverInit = `\0\x02\0\x02${pixelFormat}\0\0\0\x05press`;
const rectangle = (width: number, height: number, encoding: string): string =>
  `\0\0\0\0\0${String.fromCharCode(width)}\0${String.fromCharCode(height)}${encoding}`;
const raw2x2 = `\0\0\0\x01${rectangle(2, 2, "\0\0\0\0")}${"p".repeat(16)}`;
const zrleAndCursor = `\0\0\0\x02${rectangle(2, 2, "\0\0\0\x10")}\0\0\0\x03zzz${rectangle(2, 2, "\xff\xff\xff\x11")}${"c".repeat(18)}`;
const copyRectThenBell = `\0\0\0\x01${rectangle(2, 2, "\0\0\0\x01")}\0\0\0\0\x02`;
const rfb: readonly Piece[] = [
  ["down", "RFB 003.008\n"],
  ["up", "RFB 003.008\n"],
  ["down", "\x02\x01\x02"],
  ["up", "\x02"],
  ["down", "c".repeat(16)],
  ["up", "r".repeat(16)],
  ["down", "\0\0\0\0"],
  ["up", "\x01"],
  ["down", serverInit],
  ["up", "\x02\0\0\x02\0\0\0\0\0\0\0\x10"],
  ["up", "\x03\0\0\0\0\0\0\x02\0\x02"],
  ["down", raw2x2],
  ["up", "\x04\x01\0\0\0\0\0A\x05\x01\0\x01\0\x01"],
  ["down", zrleAndCursor],
  ["down", copyRectThenBell],
  ["down", "\x03\0\0\0\0\0\0\x02ok"],
  ["down", raw2x2],
];
const rfbTold = [
  "down rfb.security-result code=0",
  "down rfb.server-init width=2 height=2",
  "down rfb.framebuffer-update rectangles=1",
  "up rfb.key-event",
  "down rfb.framebuffer-update rectangles=2",
  "down rfb.framebuffer-update rectangles=1",
  "down rfb.framebuffer-update rectangles=1",
];

// RFC 6455 5.2: a masked frame from the client, unmasked ones from the server.
const maskedText = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // "Hello", 5.7
const http: readonly Piece[] = [
  ["up", "POST /event/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"],
  ["down", "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
  ["up", "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["down", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"],
  ["up", "GET /service/remoteaccess/device/key HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"],
  ["down", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"],
  ["up", maskedText],
  ["down", `\x82\x0cRFB 003.008\n`],
  ["down", "\x88\x02\x03\xe8"],
];
const httpTold = [
  "up http.request method=POST path=/event/events",
  "up http.request method=HEAD path=/health",
  "up http.request method=GET path=/service/remoteaccess/device/key",
  "down http.upgrade path=/service/remoteaccess/device/key",
  "up websocket.frame opcode=1",
  "down websocket.frame opcode=2",
  "down websocket.frame opcode=8",
];

// RFC 854, 1073: WILL ECHO, DO NAWS, and a subnegotiation with an escaped IAC in it.
const telnet: readonly Piece[] = [
  ["down", "\xff\xfb\x01\xff\xfd\x1flogin: "],
  ["up", "\xff\xfb\x1f\xff\xfa\x1f\0\xff\xff\0\x18\xff\xf0"],
  ["up", "admin\r\n\xff\xfd\x03"],
];
const telnetTold = [
  "down telnet.negotiation verb=WILL option=1",
  "down telnet.negotiation verb=DO option=31",
  "up telnet.negotiation verb=WILL option=31",
  "up telnet.negotiation verb=DO option=3",
];

const talks: readonly (readonly [string, readonly Piece[], readonly string[]])[] = [
  ["MQTT", mqtt, mqttTold],
  ["MQTT under simulated TLS", [...tls, ...mqtt], mqttTold],
  ["RFB 3.8 with a password", rfb, rfbTold],
  ["HTTP and a websocket", http, httpTold],
  ["HTTP under simulated TLS", [...tls, ...http], httpTold],
  ["Telnet", telnet, telnetTold],
];

describe("a recogniser", () => {
  it.each(talks)("reads %s", (_name, pieces, expected) => {
    expect(told(recognised(pieces))).toEqual(expected);
  });

  it.each(talks)("reads %s a byte at a time", (_name, pieces, expected) => {
    const each = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(told(recognised(pieces, each))).toEqual(expected);
  });

  it.each(talks)("reads %s in any pieces", (_name, pieces, expected) => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (sizes) => {
        const cut = (bytes: Uint8Array): Uint8Array[] => {
          const cuts: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; ) {
            const size = sizes.next().value as number;
            cuts.push(bytes.subarray(at, at + size));
            at += size;
          }
          return cuts;
        };
        expect(told(recognised(pieces, cut))).toEqual(expected);
      }),
      { numRuns: 30, seed: 4 },
    );
  });

  it("tells of an update when its head is there and its picture is still under way", () => {
    const before = rfb.slice(0, 11);
    const head: Piece = ["down", raw2x2.slice(0, 4)];
    expect(told(recognised([...before, head])).at(-1)).toBe("down rfb.framebuffer-update rectangles=1");
  });

  it("knows the pixels' size from ServerInit and from SetPixelFormat", () => {
    const eightBit = `\0\0\0\0\x08\x08\0\x01\0\x07\0\x07\0\x03\0\x03\x06\0\0\0`;
    const pieces: Piece[] = [
      ...rfb.slice(0, 9),
      ["up", eightBit],
      ["down", `\0\0\0\x01${rectangle(2, 2, "\0\0\0\0")}pppp`],
      ["down", `\0\0\0\x01${rectangle(2, 2, "\0\0\0\0")}pppp`],
    ];
    expect(told(recognised(pieces)).filter((line) => line.includes("update"))).toHaveLength(2);
  });

  it.each<[string, readonly Piece[]]>([
    [
      "3.3 without a password",
      [
        ["down", "RFB 003.003\n"],
        ["up", "RFB 003.003\n"],
        ["down", "\0\0\0\x01"],
        ["up", "\x01"],
      ],
    ],
    [
      "3.7 without a password",
      [
        ["down", "RFB 003.008\n"],
        ["up", "RFB 003.007\n"],
        ["down", "\x01\x01"],
        ["up", "\x01\x01"],
      ],
    ],
  ])("reads RFB %s, which has no security result", (_name, handshake) => {
    const pieces: Piece[] = [...handshake, ["down", serverInit], ["down", raw2x2], ["up", "\x04\x01\0\0\0\0\0A"]];
    expect(told(recognised(pieces))).toEqual([
      "down rfb.server-init width=2 height=2",
      "down rfb.framebuffer-update rectangles=1",
      "up rfb.key-event",
    ]);
  });

  it("tells of a login that failed", () => {
    const pieces: Piece[] = [...rfb.slice(0, 6), ["down", "\0\0\0\x01\0\0\0\x05wrong"]];
    expect(told(recognised(pieces))).toEqual(["down rfb.security-result code=1"]);
  });

  // Tight of rfbproto: fill, JPEG, basic with a palette of two colours, basic copy with fewer than 12 bytes.
  it.each([
    ["tight fill", "\0\0\0\x07", "\x80rgb"],
    ["tight JPEG", "\0\0\0\x07", "\x90\x03jpg"],
    ["tight palette", "\0\0\0\x07", "\x40\x01\x01aaabbb\x11"],
    ["tight copy of 12 bytes", "\0\0\0\x07", "\x00\x04zzzz"],
    ["hextile raw", "\0\0\0\x05", `\x01${"p".repeat(16)}`],
    ["hextile with subrectangles", "\0\0\0\x05", `\x1e${"b".repeat(4)}${"f".repeat(4)}\x02${"s".repeat(12)}`],
    ["RRE", "\0\0\0\x02", `\0\0\0\x01${"b".repeat(4)}${"s".repeat(12)}`],
    ["desktop size", "\xff\xff\xff\x21", ""],
  ])("passes over a rectangle in %s", (name, encoding, body) => {
    const height = name === "tight palette" ? 1 : 2;
    const update = `\0\0\0\x01${rectangle(2, height, encoding)}${body}`;
    const pieces: Piece[] = [...rfb.slice(0, 9), ["down", update], ["down", raw2x2]];
    expect(told(recognised(pieces)).filter((line) => line.includes("update"))).toHaveLength(2);
  });

  it.each([
    ["that the viewer has dialled", (direction: Direction): Direction => direction],
    ["that the panel's side has dialled", (direction: Direction): Direction => (direction === "up" ? "down" : "up")],
  ])("reads RFB inside a websocket %s, and says so", (_name, turn) => {
    const upgrade = http.slice(4, 6);
    const frame = ([direction, piece]: Piece): Piece => {
      const bytes = bytesOf(piece);
      const way = turn(direction);
      const key = [0x11, 0x22, 0x33, 0x44] as const;
      const masked = way === "up" ? bytes.map((byte, at) => byte ^ key[at % 4]!) : bytes;
      const head = Buffer.from([0x82, (way === "up" ? 0x80 : 0) | bytes.length, ...(way === "up" ? key : [])]);
      return [way, Buffer.concat([head, masked])];
    };
    const inside = recognised([...upgrade, ...rfb.map(frame)]).filter(({ name }) => name.startsWith("rfb."));
    const expected = rfbTold.map((line) => {
      const [direction = "", ...rest] = line.split(" ");
      return [turn(direction as Direction), ...rest, "(websocket)"].join(" ");
    });
    expect(told(inside)).toEqual(expected);
  });

  it("finds every message in one SmartREST payload", () => {
    const body = `\0\x04s/us\0\x07110,a,b\n114,c8y_RemoteAccess\n500`;
    const publish = `\x32${String.fromCharCode(body.length)}${body}`;
    const [, happening] = recognised([
      ["up", connect],
      ["up", publish],
    ]);
    expect(happening?.fields["of"]).toBe("110 114 500");
  });

  it("gives up on garbage without a word", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom<Direction>("up", "down"), fc.uint8Array({ maxLength: 300 })), {
          maxLength: 20,
        }),
        fc.constantFrom(...talks.map(([, pieces]) => pieces)),
        fc.nat({ max: 12 }),
        (garbage, pieces, kept) => {
          expect(() => recognised([...pieces.slice(0, kept), ...garbage])).not.toThrow();
        },
      ),
      { numRuns: 300, seed: 4 },
    );
  });

  it("leaves real TLS closed", () => {
    const clientHello = "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03";
    expect(
      recognised([
        ["up", clientHello],
        ["down", "\x16\x03\x03\0\x04GET / HTTP/1.1\r\n\r\n"],
      ]),
    ).toEqual([]);
    expect(
      recognised([
        ["up", "\x16\x03\x03\x00\xa5\x01\x00\x00\xa1\x03\x03"],
        ["down", connect],
      ]),
    ).toEqual([]);
  });
});
