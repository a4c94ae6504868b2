// Transcripts of the handshake towards a client, with and without a verdict from elsewhere, in any pieces.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientHandshake } from "#protocol/rfb/client-handshake.ts";
import { conversationBytesMax } from "#protocol/rfb/conversation.ts";
import {
  ServerHandshake,
  type ServerHandshakeOptions,
  type ServerHandshakeOutcome,
  type ServerHandshakeStep,
  type Verdict,
} from "#protocol/rfb/server-handshake.ts";
import type { RfbVersion } from "#protocol/rfb/version.ts";
import { anyPieces, bytes, hex, oneByOne, toHex } from "./transcript.ts";

const v33 = "RFB 003.003\n";
const v37 = "RFB 003.007\n";
const v38 = "RFB 003.008\n";
const challenge = hex("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f");
// openssl's answer to this challenge for the password "password", see vnc-authentication.test.ts.
const response = hex("b8 66 92 41 25 c8 ee bb 9d eb c1 db 61 c5 38 e2");
const wrongResponse = hex("23 24 3a de d5 18 d4 6f 05 3d 8e 61 a2 d8 a1 21");
const vnc = { type: "vnc", password: "password", challenge } as const;
const none = { type: "none" } as const;
const ok = hex("00 00 00 00");
const failed = hex("00 00 00 01");
const wrongPassword = bytes(hex("00 00 00 15"), "The password is wrong");
const no: Verdict = { ok: false, text: "No: 端 says no" };
const noReason = bytes(hex("00 00 00 0f"), Buffer.from("No: 端 says no", "utf8"));
const wrongType = "The client chose security type TLS, which was not offered";

const accepted = (version: RfbVersion) => ({ kind: "accepted", version });
const refused = (text: string) => ({ kind: "refused", text });

interface Transcript {
  readonly what: string;
  readonly options: ServerHandshakeOptions;
  readonly client: Uint8Array;
  readonly server: Uint8Array;
  readonly outcome: Record<string, unknown>;
  /** Given when it is awaited, with `holdResult`. */
  readonly verdict?: Verdict;
}

// RFC 6143 sections 7.1 and 7.2, appendix A.
const transcripts: readonly Transcript[] = [
  {
    what: "3.3, None",
    options: { security: none },
    client: bytes(v33),
    server: hex("00 00 00 01"),
    outcome: accepted("3.3"),
  },
  {
    what: "3.3, VNC Authentication, right password",
    options: { security: vnc },
    client: bytes(v33, response),
    server: bytes(hex("00 00 00 02"), challenge, ok),
    outcome: accepted("3.3"),
  },
  {
    what: "3.3, VNC Authentication, wrong password: no reason",
    options: { security: vnc },
    client: bytes(v33, wrongResponse),
    server: bytes(hex("00 00 00 02"), challenge, failed),
    outcome: refused("The password is wrong"),
  },
  {
    what: "3.7, None: no result",
    options: { security: none },
    client: bytes(v37, 1),
    server: bytes(1, 1),
    outcome: accepted("3.7"),
  },
  {
    what: "3.7, VNC Authentication, right password",
    options: { security: vnc },
    client: bytes(v37, 2, response),
    server: bytes(1, 2, challenge, ok),
    outcome: accepted("3.7"),
  },
  {
    what: "3.7, VNC Authentication, wrong password: no reason",
    options: { security: vnc },
    client: bytes(v37, 2, wrongResponse),
    server: bytes(1, 2, challenge, failed),
    outcome: refused("The password is wrong"),
  },
  {
    what: "3.7, a type that was not offered: nothing can be told",
    options: { security: none },
    client: bytes(v37, 18),
    server: bytes(1, 1),
    outcome: refused(wrongType),
  },
  {
    what: "3.8, None",
    options: { security: none },
    client: bytes(v38, 1),
    server: bytes(1, 1, ok),
    outcome: accepted("3.8"),
  },
  {
    what: "3.8, VNC Authentication, right password",
    options: { security: vnc },
    client: bytes(v38, 2, response),
    server: bytes(1, 2, challenge, ok),
    outcome: accepted("3.8"),
  },
  {
    what: "3.8, VNC Authentication, wrong password with a reason",
    options: { security: vnc },
    client: bytes(v38, 2, wrongResponse),
    server: bytes(1, 2, challenge, failed, wrongPassword),
    outcome: refused("The password is wrong"),
  },
  {
    what: "3.8, a type that was not offered, with a reason",
    options: { security: none },
    client: bytes(v38, 18),
    server: bytes(1, 1, failed, hex("00 00 00 39"), wrongType),
    outcome: refused(wrongType),
  },
  {
    what: "3.8, a client that says 3.5",
    options: { security: none },
    client: bytes("RFB 003.005\n"),
    server: hex("00 00 00 01"),
    outcome: accepted("3.3"),
  },
  {
    what: "3.3 offered, a client that answers with more",
    options: { version: "3.3", security: none },
    client: bytes(v38),
    server: hex("00 00 00 01"),
    outcome: accepted("3.3"),
  },
  {
    what: "3.7 offered",
    options: { version: "3.7", security: none },
    client: bytes(v37, 1),
    server: bytes(1, 1),
    outcome: accepted("3.7"),
  },
  {
    what: "a client that speaks HTTP",
    options: { security: none },
    client: bytes("GET / HTTP/1.1\r\n\r\n"),
    server: bytes(),
    outcome: refused("The client does not speak VNC: the greeting is an HTTP request, not an RFB version"),
  },
  {
    what: "held, 3.3, None, yes: the type is the answer",
    options: { security: none, holdResult: true },
    verdict: { ok: true },
    client: bytes(v33),
    server: hex("00 00 00 01"),
    outcome: accepted("3.3"),
  },
  {
    what: "held, 3.3, None, no: type 0 and the reason",
    options: { security: none, holdResult: true },
    verdict: no,
    client: bytes(v33),
    server: bytes(hex("00 00 00 00"), noReason),
    outcome: refused(no.text),
  },
  {
    what: "held, 3.3, VNC Authentication, yes",
    options: { security: vnc, holdResult: true },
    verdict: { ok: true },
    client: bytes(v33, response),
    server: bytes(hex("00 00 00 02"), challenge, ok),
    outcome: accepted("3.3"),
  },
  {
    what: "held, 3.3, VNC Authentication, no: no reason",
    options: { security: vnc, holdResult: true },
    verdict: no,
    client: bytes(v33, response),
    server: bytes(hex("00 00 00 02"), challenge, failed),
    outcome: refused(no.text),
  },
  {
    what: "held, 3.7, None, yes",
    options: { security: none, holdResult: true },
    verdict: { ok: true },
    client: bytes(v37, 1),
    server: bytes(1, 1),
    outcome: accepted("3.7"),
  },
  {
    what: "held, 3.7, None, no: zero types and the reason",
    options: { security: none, holdResult: true },
    verdict: no,
    client: bytes(v37),
    server: bytes(0, noReason),
    outcome: refused(no.text),
  },
  {
    what: "held, 3.7, VNC Authentication, no: no reason",
    options: { security: vnc, holdResult: true },
    verdict: no,
    client: bytes(v37, 2, response),
    server: bytes(1, 2, challenge, failed),
    outcome: refused(no.text),
  },
  {
    what: "held, 3.8, None, yes",
    options: { security: none, holdResult: true },
    verdict: { ok: true },
    client: bytes(v38, 1),
    server: bytes(1, 1, ok),
    outcome: accepted("3.8"),
  },
  {
    what: "held, 3.8, None, no: a result with the reason",
    options: { security: none, holdResult: true },
    verdict: no,
    client: bytes(v38, 1),
    server: bytes(1, 1, failed, noReason),
    outcome: refused(no.text),
  },
  {
    what: "held, 3.8, VNC Authentication, no",
    options: { security: vnc, holdResult: true },
    verdict: no,
    client: bytes(v38, 2, response),
    server: bytes(1, 2, challenge, failed, noReason),
    outcome: refused(no.text),
  },
  {
    what: "held, 3.8, VNC Authentication, wrong password: nobody is asked",
    options: { security: vnc, holdResult: true },
    client: bytes(v38, 2, wrongResponse),
    server: bytes(1, 2, challenge, failed, wrongPassword),
    outcome: refused("The password is wrong"),
  },
];

function run(transcript: Transcript, pieces: readonly Uint8Array[]) {
  const handshake = new ServerHandshake(transcript.options);
  const sent: Uint8Array[] = [];
  const behind: Uint8Array[] = [];
  const seen: ServerHandshakeOutcome["kind"][] = [];
  let final: ServerHandshakeOutcome | undefined;
  const take = (step: ServerHandshakeStep) => {
    sent.push(...step.send);
    if (step.outcome === undefined) return;
    seen.push(step.outcome.kind);
    if (step.outcome.kind === "awaiting-result") {
      if (transcript.verdict !== undefined) take(handshake.result(transcript.verdict));
      return;
    }
    final = step.outcome;
    if (step.outcome.kind === "accepted") behind.push(step.outcome.leftover);
  };
  for (const piece of pieces) {
    if (final === undefined) take(handshake.receive(piece));
    else behind.push(piece);
  }
  const { leftover: _, ...outcome } = { leftover: undefined, ...final };
  const leftover = final?.kind === "accepted" ? Buffer.concat(behind).toString("latin1") : "";
  return { server: toHex(Buffer.concat(sent)), outcome, leftover, seen };
}

describe.each(transcripts)("handshake towards a client: $what", (transcript) => {
  const isAccepted = transcript.outcome["kind"] === "accepted";
  const stream = isAccepted ? bytes(transcript.client, "what comes next") : transcript.client;
  const expected = {
    server: toHex(transcript.server),
    outcome: transcript.outcome,
    leftover: isAccepted ? "what comes next" : "",
    seen: [...(transcript.verdict === undefined ? [] : ["awaiting-result"]), transcript.outcome["kind"]],
  };

  it("fed whole", () => {
    expect(run(transcript, [stream])).toEqual(expected);
  });

  it("fed one byte at a time", () => {
    expect(run(transcript, oneByOne(stream))).toEqual(expected);
  });

  it("fed in any pieces", () => {
    fc.assert(
      fc.property(anyPieces(stream), (pieces) => {
        expect(run(transcript, pieces)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe("handshake towards a client", () => {
  it.each([
    ["3.3", v33],
    ["3.7", v37],
    ["3.8", v38],
  ] as const)("greets with %s", (version, greeting) => {
    expect(new ServerHandshake({ version, security: none }).start()).toEqual(bytes(greeting));
  });

  it("tells a failure that is known before the client has said anything instead of the types", () => {
    const handshake = new ServerHandshake({ security: none });
    expect(handshake.refuse(no.text)).toEqual({ send: [] });
    const step = handshake.receive(bytes(v38));
    expect(toHex(Buffer.concat(step.send))).toBe(toHex(bytes(0, noReason)));
    expect(step.outcome).toEqual(refused(no.text));
  });

  it("tells a 3.3 client so too", () => {
    const handshake = new ServerHandshake({ security: vnc, holdResult: true });
    handshake.result(no);
    const step = handshake.receive(bytes(v33));
    expect(toHex(Buffer.concat(step.send))).toBe(toHex(bytes(hex("00 00 00 00"), noReason)));
  });

  it("tells a failure that comes while the client chooses as its result", () => {
    const handshake = new ServerHandshake({ security: none });
    handshake.receive(bytes(v38));
    expect(handshake.refuse(no.text)).toEqual({ send: [] });
    const step = handshake.receive(bytes(1));
    expect(toHex(Buffer.concat(step.send))).toBe(toHex(bytes(failed, noReason)));
    expect(step.outcome).toEqual(refused(no.text));
  });

  it("can only end with a 3.7 client of type None that is choosing", () => {
    const handshake = new ServerHandshake({ security: none });
    handshake.receive(bytes(v37));
    handshake.refuse(no.text);
    expect(handshake.receive(bytes(1))).toEqual({ send: [], outcome: refused(no.text) });
  });

  it("takes a verdict that comes early without asking for it", () => {
    const handshake = new ServerHandshake({ security: none, holdResult: true });
    handshake.receive(bytes(v38));
    expect(handshake.result({ ok: true })).toEqual({ send: [] });
    expect(handshake.receive(bytes(1)).outcome).toMatchObject(accepted("3.8"));
  });

  it("counts the first verdict only, and nothing after the end", () => {
    const handshake = new ServerHandshake({ security: none, holdResult: true });
    handshake.receive(bytes(v38, 1));
    expect(handshake.result(no).outcome).toEqual(refused(no.text));
    expect(handshake.result({ ok: true })).toEqual({ send: [] });
    expect(handshake.refuse("again")).toEqual({ send: [] });
    expect(handshake.receive(bytes("more"))).toEqual({ send: [] });
  });

  it("keeps what a client sends before its result, up to 8192 bytes", () => {
    const handshake = new ServerHandshake({ security: none, holdResult: true });
    handshake.receive(bytes(v38, 1));
    expect(conversationBytesMax).toBe(8192);
    expect(handshake.receive(new Uint8Array(8192))).toEqual({ send: [] });
    expect(handshake.result({ ok: true }).outcome).toEqual({ ...accepted("3.8"), leftover: new Uint8Array(8192) });
  });

  it("refuses a client that sends one byte more before its result", () => {
    const handshake = new ServerHandshake({ security: none, holdResult: true });
    handshake.receive(bytes(v38, 1));
    handshake.receive(new Uint8Array(8192));
    const text = "The client does not speak VNC: more than 8192 bytes came before they were asked for";
    expect(handshake.receive(new Uint8Array(1))).toEqual({ send: [], outcome: refused(text) });
    expect(handshake.result({ ok: true })).toEqual({ send: [] });
  });

  it("cuts a reason to 4096 bytes", () => {
    const handshake = new ServerHandshake({ security: none });
    handshake.refuse("ä".repeat(3000));
    const [types, reason] = handshake.receive(bytes(v38)).send;
    expect(types).toEqual(Uint8Array.of(0));
    expect(toHex(reason!.subarray(0, 4))).toBe("00001000");
    expect(reason).toHaveLength(4 + 4096);
  });

  it("takes a challenge of sixteen bytes and no other", () => {
    const security = { type: "vnc", password: "x", challenge: new Uint8Array(8) } as const;
    expect(() => new ServerHandshake({ security })).toThrow(RangeError);
  });
});

describe.each(["3.3", "3.7", "3.8"] as const)("both ends together, %s", (version) => {
  it.each([
    ["None", none, undefined, "authenticated"],
    ["the right password", vnc, "password", "authenticated"],
    ["a wrong password", vnc, "passwort", "auth.failed"],
    ["no password", vnc, undefined, "auth.required"],
  ] as const)("agree on %s", (_, security, password, expected) => {
    const server = new ServerHandshake({ version, security });
    const client = new ClientHandshake(password === undefined ? {} : { password });
    let toClient: Uint8Array[] = [server.start()];
    let result: string | undefined;
    while (toClient.length > 0) {
      const toServer: Uint8Array[] = [];
      for (const part of toClient) {
        const { send, outcome } = client.receive(part);
        toServer.push(...send);
        if (outcome !== undefined) result = outcome.kind === "refused" ? outcome.code : outcome.kind;
      }
      toClient = toServer.flatMap((part) => server.receive(part).send);
    }
    expect(result).toBe(expected);
  });
});
