// The Telnet client: golden negotiations (RFC numbers beside them, some recorded from inetutils-telnetd 2.4 and each in any pieces).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answersPerOptionMax, refusalsPerOptionMax } from "#protocol/telnet/option-negotiation.ts";
import {
  TelnetClient,
  type TelnetClientOptions,
  terminalTypeAnswersMax,
  terminalTypeLengthMax,
} from "#protocol/telnet/telnet-client.ts";
import { subnegotiationBytesMax } from "#protocol/telnet/telnet-decoder.ts";
import { anyPieces, bytes, hex, oneByOne, toHex } from "../rfb/transcript.ts";

const terminal = { terminalType: "xterm-256color", columns: 300, rows: 100 } as const;

function play(pieces: readonly Uint8Array[], options: TelnetClientOptions = terminal) {
  const client = new TelnetClient(options);
  const start = client.start() ?? bytes();
  const steps = pieces.map((piece) => client.receive(piece));
  return {
    send: toHex(Buffer.concat([start, ...steps.map((step) => step.send)])),
    data: Buffer.concat(steps.map((step) => step.data)).toString("latin1"),
    echoes: client.echoes,
    heldBytes: client.heldBytes,
  };
}

interface Transcript {
  readonly what: string;
  readonly options?: TelnetClientOptions;
  readonly panel: Uint8Array;
  readonly client: Uint8Array;
  readonly data?: string;
  readonly echoes?: boolean;
}

const transcripts: readonly Transcript[] = [
  {
    // Recorded with `telnetd -h`; the client answers as it did there.
    what: "inetutils-telnetd up to its login prompt",
    panel: bytes(
      hex("ff fb 25 ff fb 26 ff fd 18 ff fd 20 ff fd 23 ff fd 27 ff fd 24"),
      hex("ff fa 18 01 ff f0"),
      hex("ff fb 03 ff fd 01 ff fd 22 ff fd 1f ff fb 05 ff fd 21"),
      hex("ff fb 01 ff fd 06 ff fd 00"),
      "vm login: ",
    ),
    client: bytes(
      hex("ff fe 25 ff fe 26 ff fb 18 ff fc 20 ff fc 23 ff fc 27 ff fc 24"),
      hex("ff fa 18 00 78 74 65 72 6d 2d 32 35 36 63 6f 6c 6f 72 ff f0"),
      hex("ff fd 03 ff fc 01 ff fc 22 ff fb 1f ff fa 1f 01 2c 00 64 ff f0 ff fe 05 ff fc 21"),
      hex("ff fd 01 ff fc 06 ff fb 00"),
    ),
    data: "vm login: ",
    echoes: true,
  },
  {
    what: "inetutils-telnetd, where the client negotiates first",
    options: { ...terminal, negotiatesFirst: true },
    panel: bytes(
      hex("ff fb 25 ff fb 26 ff fd 18 ff fd 20 ff fd 23 ff fd 27 ff fd 24 ff fb 03 ff fd 1f"),
      hex("ff fa 18 01 ff f0"),
      hex("ff fd 01 ff fd 22 ff fb 05 ff fd 21"),
      hex("ff fb 01 ff fd 06 ff fd 00"),
      "vm login: ",
    ),
    client: bytes(
      hex("ff fd 03 ff fb 18 ff fb 1f"),
      hex("ff fe 25 ff fe 26 ff fc 20 ff fc 23 ff fc 27 ff fc 24 ff fa 1f 01 2c 00 64 ff f0"),
      hex("ff fa 18 00 78 74 65 72 6d 2d 32 35 36 63 6f 6c 6f 72 ff f0"),
      hex("ff fc 01 ff fc 22 ff fe 05 ff fc 21"),
      hex("ff fd 01 ff fc 06 ff fb 00"),
    ),
    data: "vm login: ",
    echoes: true,
  },
  {
    what: "a panel that does not negotiate gets nothing (RFC 854)",
    panel: bytes("PLC 7 ready\r\n> "),
    client: bytes(),
    data: "PLC 7 ready\r\n> ",
  },
  {
    what: "ECHO on and off again (RFC 857)",
    panel: hex("ff fb 01 ff fc 01"),
    client: hex("ff fd 01 ff fe 01"),
  },
  {
    what: "what is so already is not acknowledged (RFC 854, RFC 1143)",
    panel: hex("ff fb 01 ff fb 01 ff fb 03 ff fb 03 ff fe 18 ff fc 00"),
    client: hex("ff fd 01 ff fd 03"),
    echoes: true,
  },
  {
    what: "SUPPRESS-GO-AHEAD in both directions (RFC 858)",
    panel: hex("ff fb 03 ff fd 03"),
    client: hex("ff fd 03 ff fb 03"),
  },
  {
    what: "LINEMODE, NEW-ENVIRON, STATUS and an unknown option are refused (RFC 1184, 1572, 859)",
    panel: hex("ff fd 22 ff fb 22 ff fd 27 ff fb 05 ff fd c8"),
    client: hex("ff fc 22 ff fe 22 ff fc 27 ff fe 05 ff fc c8"),
  },
  {
    what: "the panel must not tell a terminal type or a size",
    panel: hex("ff fb 18 ff fb 1f ff fa 1f 00 50 00 18 ff f0"),
    client: hex("ff fe 18 ff fe 1f"),
  },
  {
    what: "NAWS with 255 doubled (RFC 1073, RFC 855)",
    options: { terminalType: "vt100", columns: 255, rows: 65_535 },
    panel: hex("ff fd 1f"),
    client: hex("ff fb 1f ff fa 1f 00 ff ff ff ff ff ff ff f0"),
  },
  {
    what: "TERMINAL-TYPE is told as often as it is asked for (RFC 1091)",
    options: { terminalType: "vt100", columns: 80, rows: 24 },
    panel: hex("ff fd 18 ff fa 18 01 ff f0 ff fa 18 01 ff f0"),
    client: hex("ff fb 18 ff fa 18 00 76 74 31 30 30 ff f0 ff fa 18 00 76 74 31 30 30 ff f0"),
  },
  {
    what: "TERMINAL-TYPE is not told before it was agreed on, nor to an IS",
    panel: hex("ff fa 18 01 ff f0 ff fd 18 ff fa 18 00 41 ff f0 ff fa 18 ff f0 ff fa ff f0"),
    client: hex("ff fb 18"),
  },
  {
    what: "a doubled IAC is data (RFC 854)",
    panel: bytes("a", hex("ff ff"), "b", hex("ff ff ff ff")),
    client: bytes(),
    data: "a\xffb\xff\xff",
  },
  {
    what: "CR NUL is a carriage return, CR LF a new line, NUL alone stays (RFC 854)",
    panel: hex("61 0d 00 62 0d 0a 00 63 0d 0d 00 00 64"),
    client: bytes(),
    data: "a\rb\r\n\0c\r\r\0d",
  },
  {
    what: "a command between CR and NUL does not separate them",
    panel: hex("61 0d ff f1 00 62"),
    client: bytes(),
    data: "a\rb",
  },
  {
    what: "in BINARY every byte is data, from the byte behind WILL on (RFC 856)",
    panel: hex("0d 00 ff fb 00 0d 00 ff ff 0d ff fc 00 00 0d 00"),
    client: hex("ff fd 00 ff fe 00"),
    data: "\r\r\0\xff\r\0\r",
  },
  {
    what: "a CR from before BINARY swallows nothing behind it",
    panel: hex("0d ff fb 00 41 ff fc 00 00"),
    client: hex("ff fd 00 ff fe 00"),
    data: "\rA\0",
  },
  {
    what: "NOP, GO AHEAD, DATA MARK, BREAK and what does not exist are passed over",
    panel: bytes("a", hex("ff f1 ff f9 ff f2 ff f3 ff 41 ff f0"), "b"),
    client: bytes(),
    data: "ab",
  },
  {
    what: "a subnegotiation that another command breaks off is dropped, the command counts",
    panel: bytes(hex("ff fd 18 ff fa 18 01 ff fb 01"), "x"),
    client: hex("ff fb 18 ff fd 01"),
    data: "x",
    echoes: true,
  },
];

describe.each(transcripts)("Telnet: $what", ({ options, panel, client, data = "", echoes = false }) => {
  const expected = { send: toHex(client), data, echoes, heldBytes: 0 };

  it("whole", () => {
    expect(play([panel], options)).toEqual(expected);
  });

  it("byte by byte", () => {
    expect(play(oneByOne(panel), options)).toEqual(expected);
  });

  it("in any pieces", () => {
    fc.assert(
      fc.property(anyPieces(panel), (pieces) => {
        expect(play(pieces, options)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});

/** Streams that are full of commands. */
const telnetStream = fc
  .array(
    fc.oneof(
      fc.constantFrom(0, 1, 3, 10, 13, 24, 31, 240, 241, 246, 250, 251, 252, 253, 254, 255),
      fc.constant(255),
      fc.nat(255),
    ),
    { maxLength: 300 },
  )
  .map((list) => Uint8Array.from(list));

it("any stream gives the same in any pieces", () => {
  fc.assert(
    fc.property(
      telnetStream.chain((stream) => fc.tuple(fc.constant(stream), anyPieces(stream))),
      ([stream, pieces]) => {
        expect(play(pieces)).toEqual(play([stream]));
      },
    ),
    { numRuns: 500 },
  );
});

it("data is never kept back, and what is kept is at most one command", () => {
  fc.assert(
    fc.property(telnetStream, (stream) => {
      const client = new TelnetClient(terminal);
      client.receive(stream);
      expect(client.heldBytes).toBeLessThanOrEqual(subnegotiationBytesMax + 3);
    }),
  );
  const client = new TelnetClient(terminal);
  expect(Buffer.from(client.receive(bytes("login: ", hex("ff"))).data).toString()).toBe("login: ");
  expect(client.heldBytes).toBe(1);
  expect(Buffer.from(client.receive(hex("ff 0d")).data).toString("latin1")).toBe("\xff\r");
  expect(client.heldBytes).toBe(0);
});

describe("answers are bounded", () => {
  it("one command is answered with at most one command and what it turned on", () => {
    fc.assert(
      fc.property(telnetStream, (stream) => {
        const { send } = play([stream]);
        // The longest answer to three bytes is WILL NAWS with the size (3 + 9), to six bytes the terminal type (20).
        expect(send.length / 2).toBeLessThanOrEqual(4 * stream.length);
      }),
      { numRuns: 300 },
    );
  });

  it("a peer that asks again and again for what is refused is answered 16 times", () => {
    const nagging = Buffer.concat(Array(5000).fill(hex("ff fd 27")));
    expect(play([nagging]).send).toBe("fffc27".repeat(refusalsPerOptionMax));
    expect(refusalsPerOptionMax).toBe(16);
  });

  it("a peer that switches for ever is answered 1000 times, and its last word counts", () => {
    const flapping = Buffer.concat(Array(5000).fill(hex("ff fb 01 ff fc 01")));
    expect(play([flapping]).send).toBe("fffd01fffe01".repeat(answersPerOptionMax / 2));
    expect(play([flapping]).echoes).toBe(false);
    expect(play([bytes(flapping, hex("ff fb 01"))]).echoes).toBe(true);
    expect(answersPerOptionMax).toBe(1000);
  });

  it("nor is the size told more often than that", () => {
    const flapping = Buffer.concat(Array(5000).fill(hex("ff fd 1f ff fe 1f")));
    expect(play([flapping]).send.length / 2).toBe(500 * (3 + 9 + 3));
  });

  it("the terminal type is told 64 times", () => {
    const asking = bytes(hex("ff fd 18"), ...Array(5000).fill(hex("ff fa 18 01 ff f0")));
    expect(play([asking], { ...terminal, terminalType: "vt100" }).send).toBe(
      `fffb18${"fffa18007674313030fff0".repeat(terminalTypeAnswersMax)}`,
    );
    expect(terminalTypeAnswersMax).toBe(64);
  });
});

describe("a subnegotiation", () => {
  const long = (parameters: number) => bytes(hex("ff fa 18 01"), new Uint8Array(parameters), hex("ff f0"));

  it("may have 512 bytes with its option", () => {
    expect(subnegotiationBytesMax).toBe(512);
    expect(play([bytes(hex("ff fd 18"), long(510))], { ...terminal, terminalType: "a" }).send).toBe(
      "fffb18fffa180061fff0",
    );
  });

  it("may not have one more, doubled IACs counted once", () => {
    const refusal = expect.objectContaining({ code: "telnet.too-large" });
    expect(() => play([long(511)])).toThrow(refusal);
    expect(() => play(oneByOne(long(511)))).toThrow(refusal);
    const doubled = (many: number) => bytes(hex("ff fa"), ...Array(many).fill(hex("ff ff")));
    expect(play([doubled(512)]).heldBytes).toBe(514);
    expect(() => play([doubled(513)])).toThrow(refusal);
  });
});

describe("what is typed", () => {
  const write = (text: string, panel = bytes()) => {
    const client = new TelnetClient(terminal);
    client.receive(panel);
    return toHex(client.write(bytes(text)));
  };

  it("has IAC doubled and Return as CR NUL (RFC 854)", () => {
    expect(write("ls\r")).toBe(toHex(bytes("ls\r\0")));
    expect(write("\xff\r\n\xff\xff")).toBe("ffff0d000affffffff");
    expect(write("")).toBe("");
  });

  it("has a plain CR once the client performs BINARY, but IAC doubled (RFC 856)", () => {
    expect(write("a\r\xff", hex("ff fd 00"))).toBe("610dffff");
    expect(write("a\r\xff", hex("ff fd 00 ff fe 00"))).toBe("610d00ffff");
    // BINARY of the panel is the other direction.
    expect(write("a\r", hex("ff fb 00"))).toBe("610d00");
  });

  it("comes out the same however it is cut", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("\r", "\n", "\0", "\xff", "a")), fc.nat(20), (list, at) => {
        const text = list.join("");
        expect(write(text.slice(0, at)) + write(text.slice(at))).toBe(write(text));
      }),
    );
  });
});

describe("the window's size", () => {
  it("is told when it changes, once the panel asked for it", () => {
    const client = new TelnetClient({ terminalType: "vt100", columns: 80, rows: 24 });
    expect(client.resize(100, 30)).toHaveLength(0);
    expect(toHex(client.receive(hex("ff fd 1f")).send)).toBe("fffb1ffffa1f0064001efff0");
    expect(client.resize(100, 30)).toHaveLength(0);
    expect(toHex(client.resize(300, 255))).toBe("fffa1f012c00fffffff0");
    expect(toHex(client.receive(hex("ff fe 1f")).send)).toBe("fffc1f");
    expect(client.resize(80, 24)).toHaveLength(0);
  });

  it.each([
    [-1, 24],
    [80, 65_536],
    [80.5, 24],
    [Number.NaN, 24],
  ])("of %d by %d is refused", (columns, rows) => {
    expect(() => new TelnetClient({ terminalType: "vt100", columns, rows })).toThrow(RangeError);
    expect(() => new TelnetClient(terminal).resize(columns, rows)).toThrow(RangeError);
  });
});

it("the break key is IAC BRK (RFC 854)", () => {
  expect(toHex(new TelnetClient(terminal).sendBreak())).toBe("fff3");
});

it("a terminal type has 1 to 40 printable characters", () => {
  const named = (terminalType: string) => () => new TelnetClient({ ...terminal, terminalType });
  expect(named("x".repeat(terminalTypeLengthMax))).not.toThrow();
  for (const name of ["", "x".repeat(41), "a b", "vt\xff", "vt\n"]) expect(named(name)).toThrow(RangeError);
});
