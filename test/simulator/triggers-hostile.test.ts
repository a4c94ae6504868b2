// Recognisers and text forms that meet harm: endless, broken and absurd input costs little memory and time, and loses no byte.
import { describe, expect, it } from "vitest";
import { createFault } from "#simulator/faults/catalogue.ts";
import { clockJump } from "#simulator/faults/clock-jump.ts";
import type { FaultError } from "#simulator/faults/fault-error.ts";
import { type FaultSpec, parseFaultSpec, parseFaultSpecs } from "#simulator/faults/fault-spec.ts";
import { oneWayPartition } from "#simulator/faults/one-way-partition.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { applyFaultSpecs } from "#simulator/triggers/apply-fault-spec.ts";
import { ConnectionRecogniser } from "#simulator/triggers/connection-recogniser.ts";
import { createEvent } from "#simulator/triggers/event-kinds.ts";
import { type FaultSite, layFaultWhen } from "#simulator/triggers/lay-fault.ts";
import type { Direction, Happening } from "#simulator/triggers/protocol-event.ts";
import { type StreamParser, StreamReader, take } from "#simulator/triggers/stream-reader.ts";
import { TlsSkipper } from "#simulator/triggers/tls-skipper.ts";

const uplink = ["gateway", "cloud"] as const;

function told(recogniser: ConnectionRecogniser, pieces: readonly (readonly [Direction, string | Uint8Array])[]) {
  return pieces.flatMap(([direction, piece]): readonly Happening[] =>
    recogniser.receive(direction, typeof piece === "string" ? Buffer.from(piece, "latin1") : piece),
  );
}

function problemOf(json: unknown): FaultError {
  try {
    parseFaultSpec(json);
  } catch (error) {
    return error as FaultError;
  }
  throw new Error("was taken");
}

describe("a stream's reader", () => {
  it("takes a long piece that comes byte by byte in time that grows with its length only", () => {
    const length = 1_000_000;
    const taken: number[] = [];
    function* parser(): StreamParser {
      taken.push((yield* take(length)).length);
    }
    const reader = new StreamReader(parser());
    const startedAt = performance.now();
    for (let sent = 0; sent < length; sent += 1) reader.receive(Uint8Array.of(1));
    expect(taken).toEqual([length]);
    // Joined anew for each byte it would be 500 GB.
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});

describe("TLS that is not", () => {
  it("keeps what came before it was known that a connection is in clear", () => {
    const skipper = new TlsSkipper();
    expect(skipper.receive("up", Uint8Array.of(0x16))).toHaveLength(0);
    expect(skipper.receive("down", Buffer.from("hello")).toString()).toBe("hello");
    expect([...skipper.receive("up", Uint8Array.of(1, 2))]).toEqual([0x16, 1, 2]);
  });

  it("does not collect what a server says to half a greeting", () => {
    const skipper = new TlsSkipper();
    skipper.receive("up", Uint8Array.of(0x16, 0x03));
    let passed = 0;
    for (let turn = 0; turn < 100; turn += 1) passed += skipper.receive("down", new Uint8Array(10_000)).length;
    expect(passed).toBe(1_000_000);
  });
});

describe("RFB that cannot be", () => {
  const greeting: readonly (readonly [Direction, string])[] = [
    ["down", "RFB 003.008\n"],
    ["up", "RFB 003.008\n"],
    ["down", "\x01\x01"],
    ["up", "\x01\x01"],
    ["down", "\0\0\0\0"],
  ];
  const init = (bitsPerPixel: number) =>
    Buffer.from(
      `\0\x01\0\x01${String.fromCharCode(bitsPerPixel)}\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0\0\0\0\0`,
      "latin1",
    );
  const rawPixel = (bytes: number) =>
    Buffer.concat([Buffer.from("\0\0\0\x01\0\0\0\0\0\x01\0\x01\0\0\0\0", "latin1"), Buffer.alloc(bytes)]);

  it.each([0, 4, 12, 255])("%i bits for each pixel end its interest, and nothing is collected", (bitsPerPixel) => {
    const recogniser = new ConnectionRecogniser();
    const seen = told(recogniser, [
      ...greeting,
      ["down", init(bitsPerPixel)],
      ["down", rawPixel(40)],
      ["down", rawPixel(40)],
    ]);
    expect(seen.map(({ name }) => name)).toEqual(["rfb.security-result"]);
  });

  it("32 bits for each pixel go on", () => {
    const seen = told(new ConnectionRecogniser(), [
      ...greeting,
      ["down", init(32)],
      ["down", rawPixel(4)],
      ["down", rawPixel(4)],
    ]);
    expect(seen.filter(({ name }) => name === "rfb.framebuffer-update")).toHaveLength(2);
  });
});

describe("RFB of today's viewers", () => {
  const greeting: readonly (readonly [Direction, string])[] = [
    ["down", "RFB 003.008\n"],
    ["up", "RFB 003.008\n"],
    ["down", "\x01\x01"],
    ["up", "\x01\x01"],
    ["down", "\0\0\0\0"],
  ];

  it("a key that comes in QEMU's form is a key, and what follows it is still read", () => {
    const key = "\xff\0\0\x01\0\0\0\x61\0\0\0\x1e";
    const seen = told(new ConnectionRecogniser(), [...greeting, ["up", `${key}\x04\x01\0\0\0\0\0\x61${key}`]]);
    expect(seen.filter(({ name }) => name === "rfb.key-event")).toHaveLength(3);
  });

  it.each([
    ["24 of 32 bits, 255 shades: three bytes", "\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0", 3],
    ["30 of 32 bits, 1023 shades: four bytes", "\x1e\0\x01\x03\xff\x03\xff\x03\xff\x14\x0a\0", 4],
    ["32 of 32 bits: four bytes", "\x20\0\x01\0\xff\0\xff\0\xff\x10\x08\0", 4],
  ])("a pixel of Tight has %s", (_what, format, bytes) => {
    const init = Buffer.from(`\0\x01\0\x01\x20${format}\0\0\0\0\0\0\0`, "latin1");
    const fill = Buffer.concat([
      Buffer.from("\0\0\0\x01\0\0\0\0\0\x01\0\x01\0\0\0\x07\x80", "latin1"),
      Buffer.alloc(bytes, 9),
    ]);
    const seen = told(new ConnectionRecogniser(), [
      ...greeting,
      ["down", init],
      ["down", fill],
      ["down", fill],
      ["down", fill],
    ]);
    expect(seen.filter(({ name }) => name === "rfb.framebuffer-update")).toHaveLength(3);
  });
});

describe("HTTP and MQTT that mean harm", () => {
  it("a body of several codings that ends in chunks is passed over", () => {
    const head = "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
    const seen = told(new ConnectionRecogniser(), [["up", `${head}3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n`]]);
    expect(seen.map(({ fields }) => fields["path"])).toEqual(["/a", "/b"]);
  });

  it("a topic that is no UTF-8 does not move what stands behind it", () => {
    const connect = "\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02gw";
    const publish = "\x32\x0b\0\x04\xff\xfe\xff\xfe\0\x07114";
    const seen = told(new ConnectionRecogniser(), [
      ["up", connect],
      ["up", publish],
      ["down", "\x40\x02\0\x07"],
    ]);
    expect(seen.map(({ name, fields }) => `${name} ${fields["of"] ?? ""}`)).toEqual([
      "mqtt.connect ",
      "mqtt.publish 114",
      "mqtt.puback 114",
    ]);
  });
});

describe("text forms that mean harm", () => {
  it.each([
    [{ fault: "latency", between: uplink, parameters: { ms: Number.NaN } }, "fault.parameters.ms", "not NaN"],
    [
      { fault: "latency", between: uplink, parameters: { ms: Number.POSITIVE_INFINITY } },
      "fault.parameters.ms",
      "not Infinity",
    ],
    [{ fault: "latency", between: uplink, parameters: { ms: 5n } }, "fault.parameters.ms", "not 5n"],
    [{ fault: "latency", between: uplink, strength: Number.NaN }, "fault.strength", "not NaN"],
    [{ fault: "latency", between: uplink, probability: -0.5 }, "fault.probability", "not -0.5"],
    [
      JSON.parse('{"fault": "latency", "between": ["gateway", "cloud"], "__proto__": {}}'),
      "fault.__proto__",
      "no field",
    ],
    [
      JSON.parse('{"fault": "latency", "between": ["gateway", "cloud"], "parameters": {"__proto__": 1}}'),
      "fault.parameters.__proto__",
      "no parameter",
    ],
    [{ fault: "constructor", between: uplink }, "fault.fault", 'no fault "constructor"'],
    [
      { fault: "latency", between: uplink, parameters: { constructor: 1 } },
      "fault.parameters.constructor",
      "no parameter",
    ],
    [{ fault: "latency", between: uplink, when: { event: "toString" } }, "fault.when.event", 'no event "toString"'],
    [{ fault: "black-hole", between: uplink, probability: 0.5 }, "fault.probability", "loss"],
    [
      { fault: "latency", between: uplink, when: { event: "connection.opened", port: 70_000 } },
      "fault.when.port",
      "65535",
    ],
    [{ fault: "latency", between: uplink, when: { event: "bytes.seen", bytes: -1 } }, "fault.when.bytes", "from 1"],
    [{ fault: "latency", between: uplink, when: { event: "bytes.seen", bytes: 0.5 } }, "fault.when.bytes", "whole"],
    [{ fault: "latency", between: uplink, when: { event: "websocket.frame", opcode: 16 } }, "fault.when.opcode", "15"],
    [
      { fault: "latency", between: uplink, when: { event: "rfb.key-event", nth: Number.NaN } },
      "fault.when.nth",
      "not NaN",
    ],
  ])("%# is refused with its place and what was meant", (json, place, words) => {
    const problem = problemOf(json);
    expect(problem.place).toBe(place);
    expect(problem.message).toContain(words);
  });

  it("takes no notice of a wrong word's length, and repeats its beginning only", () => {
    const startedAt = performance.now();
    const long = "latency".repeat(100_000);
    for (const json of [{ fault: long }, { [long]: 1, fault: "latency" }, { fault: "latency", between: long }, long]) {
      expect(problemOf(json).message.length).toBeLessThan(2000);
    }
    expect(() => parseFaultSpecs(long)).toThrow(/^faults: takes a list of faults, not "latency.{10,200}$/);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it("says so of what is no JSON at all", () => {
    const ring: unknown[] = [];
    ring.push(ring);
    expect(problemOf(ring).message).toMatch(/^fault: takes a fault such as .*, not a list$/);
    expect(problemOf({ fault: "latency", between: ring }).place).toBe("fault.between");
    expect(problemOf(() => 1).message).toMatch(/not a function$/);
  });
});

describe("between two hosts", () => {
  it("what a host says to itself is not between it and another", () => {
    const event = createEvent({ event: "connection.opened", between: ["gateway", "press4"] });
    const opened: Happening = { name: "connection.opened", direction: "up", inside: "tcp", fields: {} };
    const to = (host: string) => ({ client: { host: "gateway", port: 49_152 }, server: { host, port: 22 } });
    expect(event.matches(opened, to("press4"))).toBe(true);
    expect(event.matches(opened, to("gateway"))).toBe(false);
  });
});

class BareSite implements FaultSite {
  readonly mode = "memory";
  readonly clock: FaultSite["clock"];
  readonly laid: string[] = [];
  readonly failures: unknown[] = [];

  constructor(clock: FaultSite["clock"]) {
    this.clock = clock;
  }

  between(one: string, other: string) {
    return {
      apply: (fault: { readonly name: string }) => {
        const entry = `${fault.name} ${one}-${other}`;
        this.laid.push(entry);
        return () => {
          this.laid.splice(this.laid.indexOf(entry), 1);
          if (fault.name === "stall") throw new Error("cannot be lifted");
        };
      },
    };
  }

  from(one: string) {
    return { to: (other: string) => this.between(one, other) };
  }

  async apply(): Promise<never> {
    throw new Error("not here");
  }

  on(): () => void {
    return () => undefined;
  }

  faultFailed(error: unknown): void {
    this.failures.push(error);
  }
}

describe("faults that are laid together", () => {
  it("are all lifted, also when one of them cannot be", async () => {
    const clock = SimulatedClock.start();
    try {
      const site = new BareSite(clock);
      const specs = ["latency", "stall", "black-hole"].map(
        (fault): FaultSpec => parseFaultSpec({ fault, between: uplink }),
      );
      const laid = await applyFaultSpecs(site, specs);
      expect(site.laid).toHaveLength(3);
      await expect(laid.lift()).rejects.toThrow("cannot be lifted");
      expect(site.laid).toEqual([]);
    } finally {
      clock.stop();
    }
  });

  it("a fault in a wrong place fails when it is asked for and not when its event comes", () => {
    const clock = SimulatedClock.start();
    try {
      const site = new BareSite(clock);
      const event = createEvent({ event: "rfb.key-event" });
      expect(() => layFaultWhen(site, event, oneWayPartition(), { between: uplink })).toThrow(/has a direction/);
      expect(() => layFaultWhen(site, event, clockJump({ byMs: 1 }), { between: uplink })).toThrow(/whole site/);
      expect(() => layFaultWhen(site, event, createFault("latency"), {})).toThrow(/stands on a wire/);
    } finally {
      clock.stop();
    }
  });
});
