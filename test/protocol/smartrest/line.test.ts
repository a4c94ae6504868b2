// The grammar of SmartREST 2.0, protocol.md 4.1.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProtocolError } from "#protocol/protocol-error.ts";
import {
  messageBytesMax,
  parseMessages,
  parseMessagesUpToFault,
  writeDownstream,
  writeUpstream,
  writtenBytesMax,
} from "#protocol/smartrest/line.ts";

function errorOf(act: () => unknown): ProtocolError {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("splitting a payload", () => {
  it.each<[what: string, payload: string, messages: string[][]]>([
    ["one message", "100,gateway,type", [["100", "gateway", "type"]]],
    ["several messages", "500\n117,10\n", [["500"], ["117", "10"]]],
    ["a CR before the LF", "500\r\n117,10\r", [["500"], ["117", "10"]]],
    ["blank lines", "\n500\n \t\n\r\n117,10\n\n", [["500"], ["117", "10"]]],
    ["an empty payload", "", []],
    ["empty fields in the middle and at the end", "400,a,,b,", [["400", "a", "", "b", ""]]],
    ["an empty first field", ",a", [["", "a"]]],
    ["a quoted empty field alone", '""', [[""]]],
    ["white space around fields", ' 400 ,\ta b\t, " c " ', [["400", "a b", " c "]]],
    ["a comma in quotes", '400,"a,b",c', [["400", "a,b", "c"]]],
    ["a doubled quote, as devices write it", '505,1,"say ""hi"""', [["505", "1", 'say "hi"']]],
    // The shape of the broker log in thin-edge/thin-edge.io#1831.
    ["a quote behind a backslash, as the cloud writes it", '511,d,"echo \\"hi\\""', [["511", "d", 'echo "hi"']]],
    ["both escapes in one field", '1,"a""b\\"c"', [["1", 'a"b"c']]],
    ["a line feed in quotes", '511,d,"a\nb"\n500', [["511", "d", "a\nb"], ["500"]]],
    ["CR LF in quotes", '511,d,"a\r\nb"\r\n500', [["511", "d", "a\r\nb"], ["500"]]],
    ["the two characters \\n, which are no line feed", '511,d,"a\\nb"', [["511", "d", "a\\nb"]]],
    ["an escaped backslash before a closing quote", '511,"a\\\\",b', [["511", "a\\", "b"]]],
    ["backslashes outside quotes", "511,a\\b\\\\", [["511", "a\\b\\\\"]]],
    ["a quote inside an unquoted field", '511,a"b', [["511", 'a"b']]],
    ["letters beyond ASCII", "100,Prüfstand №3 🛠", [["100", "Prüfstand №3 🛠"]]],
  ])("reads %s", (_, payload, messages) => {
    expect(parseMessages(payload)).toEqual(messages);
    expect(parseMessages(Buffer.from(payload, "utf8"))).toEqual(messages);
  });

  it.each([
    ['502,f,"never', "SmartREST line 1, character 7: the quote that opens here is never closed"],
    ['500\n117,10\n502,"x\ny,z\n', "SmartREST line 3, character 5: the quote that opens here is never closed"],
    ['502,"ends in an escape\\"', "SmartREST line 1, character 5: the quote that opens here is never closed"],
    [
      '500\n502,"a"b,c',
      "SmartREST line 2, character 8: after a closing quote only a comma or the end of the line may come",
    ],
  ])("says where %j is wrong", (payload, message) => {
    expect(errorOf(() => parseMessages(payload))).toMatchObject({ code: "smartrest.malformed", message });
  });

  it("says at which byte a payload is not UTF-8", () => {
    const payload = Buffer.concat([Buffer.from("100,ä"), Buffer.of(0xff), Buffer.from(",x")]);
    expect(errorOf(() => parseMessages(payload))).toMatchObject({
      code: "smartrest.malformed",
      message: "SmartREST: not UTF-8 at byte 7",
    });
  });

  // protocol.md 1.1: 16184 bytes.
  it("takes 16184 bytes and refuses one more, counted in bytes", () => {
    expect(messageBytesMax).toBe(16184);
    expect(parseMessages("x".repeat(16184))).toEqual([["x".repeat(16184)]]);
    const error = { code: "smartrest.too-large", message: "SmartREST: 16185 bytes, at most 16184 are allowed" };
    expect(errorOf(() => parseMessages("x".repeat(16185)))).toMatchObject(error);
    expect(errorOf(() => parseMessages(new Uint8Array(16185)))).toMatchObject(error);
    expect(errorOf(() => parseMessages(`${"ä".repeat(8092)}x`))).toMatchObject(error);
  });
});

describe("splitting a payload up to its first fault", () => {
  it.each<[what: string, payload: string, messages: string[][], fault: string | undefined]>([
    ["none", '500\n511,d,"a\nb"\n', [["500"], ["511", "d", "a\nb"]], undefined],
    ["an unclosed quote in the last line", '500\n502,f,"never', [["500"]], "line 2, character 7"],
    [
      "an unclosed quote behind a quoted line feed",
      '511,d,"a\nb"\n502,f,"never\n',
      [["511", "d", "a\nb"]],
      "line 3, character 7",
    ],
    ["text behind a closing quote", '500\n502,"a"b,c\n117,10', [["500"]], "line 2, character 8"],
    ["a quote in the first line", '502,"a"b\n500', [], "line 1, character 8"],
    // Whether the second line is a message or the second line of a text cannot be told, and a text must never be run.
    ["what follows an unclosed quote", '400,t,"log:\n506,1', [], "line 1, character 7"],
    ["what follows a quote that nobody escaped", '400,t,"say "hi"\n506,1"', [], "line 1, character 13"],
  ])("%s", (_, payload, messages, fault) => {
    const read = parseMessagesUpToFault(payload);
    expect(read.messages).toEqual(messages);
    if (fault === undefined) expect(read.fault).toBeUndefined();
    else expect(read.fault).toMatchObject({ code: "smartrest.malformed", message: expect.stringContaining(fault) });
  });

  it("gives no message of a payload that is too large or not UTF-8", () => {
    const tooLarge = parseMessagesUpToFault(`500\n${"x".repeat(16184)}`);
    expect(tooLarge).toMatchObject({ messages: [], fault: { code: "smartrest.too-large" } });
    const notText = parseMessagesUpToFault(Buffer.from("3530300aff", "hex"));
    expect(notText).toMatchObject({ messages: [], fault: { code: "smartrest.malformed" } });
  });
});

describe("writing a message", () => {
  it.each<[fields: string[], upstream: string, downstream: string]>([
    [["500"], "500", "500"],
    [["400", "a", "", "b"], "400,a,,b", "400,a,,b"],
    [["400", "a,b"], '400,"a,b"', '400,"a,b"'],
    [["400", 'a"b'], '400,"a""b"', '400,"a\\"b"'],
    [["400", "a\nb"], '400,"a\nb"', '400,"a\nb"'],
    [["400", "a\rb"], '400,"a\rb"', '400,"a\rb"'],
    [["400", "a\tb"], '400,"a\tb"', '400,"a\tb"'],
    [["400", " a"], '400," a"', '400," a"'],
    [["400", "a "], '400,"a "', '400,"a "'],
    [["400", "C:\\x"], "400,C:\\x", "400,C:\\x"],
    // A reader that knows both escapes takes \" for a quote.
    [["400", "a,b\\"], '400,"a,b\\\\"', '400,"a,b\\\\"'],
    [[""], '""', '""'],
  ])("%j", (fields, upstream, downstream) => {
    expect(writeUpstream(fields)).toBe(upstream);
    expect(writeDownstream(fields)).toBe(downstream);
  });

  it("leaves room for the MQTT header: 16000 bytes are written, one more is refused", () => {
    expect(writtenBytesMax).toBe(16000);
    expect(writeUpstream(["400", "x".repeat(15996)])).toHaveLength(16000);
    expect(errorOf(() => writeUpstream(["400", "x".repeat(15997)]))).toMatchObject({
      code: "smartrest.too-large",
      message: "SmartREST 400: 16001 bytes to be written, at most 16000 are allowed",
    });
  });

  it("is read back as it was, by either escape and with anything in it", () => {
    const nasty = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.constantFrom('"', "\\", ",", "\n", "\r", "\t", " ", "a", "ä", "\u00a0", "\ufeff") }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(nasty, { minLength: 1, maxLength: 5 }), { maxLength: 5 }), (messages) => {
        for (const write of [writeUpstream, writeDownstream]) {
          const payload = messages.map((fields) => write(fields)).join("\n");
          expect(parseMessages(payload)).toEqual(messages);
          expect(parseMessages(Buffer.from(payload))).toEqual(messages);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("garbage is refused with an error of its own, never with another", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
        try {
          parseMessages(payload);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
