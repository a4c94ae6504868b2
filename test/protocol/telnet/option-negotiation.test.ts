// The Q method of RFC 1143: its table, its own example, and that two ends always come to rest.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Verb } from "#protocol/telnet/codes.ts";
import { OptionNegotiation } from "#protocol/telnet/option-negotiation.ts";
import { TelnetClient } from "#protocol/telnet/telnet-client.ts";
import { TelnetServer } from "#protocol/telnet/telnet-server.ts";
import { bytes, toHex } from "../rfb/transcript.ts";

const option = 1;
const numbers: Record<number, Verb> = { 251: "will", 252: "wont", 253: "do", 254: "dont" };

type Act = "+" | "-" | "will" | "wont";

/** Wishes (+ and -) and words of the peer about an option that the peer would perform; gives all that was sent. */
function play(acts: readonly Act[], accepts: readonly number[] = [option]) {
  const negotiation = new OptionNegotiation({ performs: [], accepts });
  const sent = acts.map((act) =>
    act === "+" || act === "-"
      ? negotiation.request("peer", option, act === "+")
      : negotiation.receive(act, option).send,
  );
  return {
    sent: sent
      .map((command) => numbers[command[1] ?? 0] ?? "")
      .join(" ")
      .trim(),
    isOn: negotiation.isOn("peer", option),
  };
}

// RFC 1143 section 7: each row is a state reached by the first acts, then one more.
describe.each<[string, Act[], string, boolean]>([
  ["NO, WILL", ["will"], "do", true],
  ["NO, WONT", ["wont"], "", false],
  ["YES, WILL", ["will", "will"], "do", true],
  ["YES, WONT", ["will", "wont"], "do dont", false],
  ["WANTYES, WILL", ["+", "will"], "do", true],
  ["WANTYES, WONT", ["+", "wont"], "do", false],
  ["WANTYES opposite, WILL", ["+", "-", "will"], "do  dont", false],
  ["WANTYES opposite, WONT", ["+", "-", "wont"], "do", false],
  ["WANTNO, WONT", ["+", "will", "-", "wont"], "do  dont", false],
  ["WANTNO, WILL (the peer is wrong)", ["+", "will", "-", "will"], "do  dont", false],
  ["WANTNO opposite, WONT", ["+", "will", "-", "+", "wont"], "do  dont  do", false],
  ["WANTNO opposite, WILL (the peer is wrong)", ["+", "will", "-", "+", "will"], "do  dont", true],
  ["the same wish twice", ["+", "+"], "do", false],
  ["a wish for what is so", ["-", "will", "+"], "do", true],
  ["a wish taken back and wished again", ["+", "-", "+", "will"], "do", true],
  ["an end taken back and wished again", ["+", "will", "-", "+", "-", "wont"], "do  dont", false],
])("%s", (_, acts, sent, isOn) => {
  it("answers as the table says", () => {
    expect(play(acts)).toEqual({ sent, isOn });
  });
});

it("refuses what is on no list, but may still have wished for it", () => {
  expect(play(["will"], [])).toEqual({ sent: "dont", isOn: false });
  expect(play(["wont"], [])).toEqual({ sent: "", isOn: false });
  expect(play(["+", "will"], [])).toEqual({ sent: "do", isOn: true });
});

it("speaks of itself with WILL and WONT", () => {
  const negotiation = new OptionNegotiation({ performs: [24], accepts: [] });
  expect(toHex(negotiation.receive("do", 24).send)).toBe("fffb18");
  expect(negotiation.isOn("us", 24)).toBe(true);
  expect(negotiation.isOn("peer", 24)).toBe(false);
  expect(toHex(negotiation.receive("dont", 24).send)).toBe("fffc18");
  expect(toHex(negotiation.receive("do", 31).send)).toBe("fffc1f");
  expect(toHex(negotiation.request("us", 3, true))).toBe("fffb03");
  expect(toHex(negotiation.receive("do", 3).send)).toBe("");
});

it("two ends come to rest and agree, whatever they wish and whenever words arrive", () => {
  const wish = fc.record({ who: fc.nat(1), side: fc.constantFrom("us" as const, "peer" as const), on: fc.boolean() });
  const lists = fc.record({
    performs: fc.subarray([1]),
    accepts: fc.subarray([1]),
  });
  fc.assert(
    fc.property(lists, lists, fc.array(fc.oneof(wish, fc.nat(1)), { maxLength: 40 }), (left, right, acts) => {
      const ends = [new OptionNegotiation(left), new OptionNegotiation(right)];
      const wires: Uint8Array[][] = [[], []];
      let words = 0;
      const say = (from: number, command: Uint8Array) => {
        if (command.length === 0) return;
        words++;
        wires[from]?.push(command);
      };
      const hear = (from: number) => {
        const [, verb = 0, about = 0] = wires[from]?.shift() ?? [];
        const word = numbers[verb];
        if (word !== undefined) say(1 - from, ends[1 - from]!.receive(word, about).send);
      };
      let wishes = 0;
      for (const act of acts) {
        if (typeof act === "number") hear(act);
        else {
          wishes++;
          say(act.who, ends[act.who]!.request(act.side, option, act.on));
        }
      }
      for (let turn = 0; turn < 1000 && wires.some((wire) => wire.length > 0); turn++) hear(turn % 2);
      expect(wires.flat()).toEqual([]);
      expect(words).toBeLessThanOrEqual(4 * wishes);
      expect(ends[0]!.isOn("us", option)).toBe(ends[1]!.isOn("peer", option));
      expect(ends[1]!.isOn("us", option)).toBe(ends[0]!.isOn("peer", option));
    }),
    { numRuns: 1000 },
  );
});

describe.each([false, true])("client and server (client first: %s)", (negotiatesFirst) => {
  function pair() {
    const client = new TelnetClient({ terminalType: "vt220", columns: 255, rows: 50, negotiatesFirst });
    const server = new TelnetServer();
    let turns = 0;
    const shown: Uint8Array[] = [];
    const typed: Uint8Array[] = [];
    const settle = (toClient: Uint8Array, toServer: Uint8Array) => {
      let down = toClient;
      let up = toServer;
      while (down.length + up.length > 0 && turns++ < 100) {
        const atClient = client.receive(down);
        const atServer = server.receive(up);
        shown.push(atClient.data);
        typed.push(atServer.data);
        down = atServer.send;
        up = atClient.send;
      }
    };
    settle(server.start(), client.start() ?? bytes());
    return { client, server, settle, shown, typed, turns: () => turns };
  }

  it("come to rest and know of one another what they need", () => {
    const { client, server, turns } = pair();
    expect(turns()).toBeLessThan(6);
    expect(client.echoes).toBe(true);
    expect(server.terminalType).toBe("vt220");
    expect(server.windowSize).toEqual({ columns: 255, rows: 50 });
  });

  it("pass data in both directions unchanged, also in BINARY", () => {
    const { client, server, settle, shown, typed } = pair();
    const text = bytes("a\r\n\rb\0\xff\xff\r");
    settle(server.write(text), client.write(text));
    settle(server.askForBinary(), bytes());
    settle(server.write(text), client.write(text));
    expect(toHex(Buffer.concat(shown))).toBe(toHex(bytes(text, text)));
    expect(toHex(Buffer.concat(typed))).toBe(toHex(bytes(text, text)));
  });

  it("tell a new size, and who echoes", () => {
    const { client, server, settle } = pair();
    settle(bytes(), client.resize(132, 43));
    expect(server.windowSize).toEqual({ columns: 132, rows: 43 });
    settle(server.setEcho(false), bytes());
    expect(client.echoes).toBe(false);
    settle(server.setEcho(true), bytes());
    expect(client.echoes).toBe(true);
  });
});
