// Plays what a panel sends to a ClientHandshake, whole, byte by byte and in any pieces, in clear and inside TLS.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ClientHandshake,
  type ClientHandshakeOptions,
  type ClientHandshakeOutcome,
  type HandshakeStep,
} from "#protocol/rfb/client-handshake.ts";
import { anyPieces, bytes, hex, oneByOne, toHex } from "./transcript.ts";

export interface Transcript {
  readonly what: string;
  readonly options: ClientHandshakeOptions;
  readonly panel: Uint8Array;
  readonly client: Uint8Array;
  /** Both ends' bytes behind the place where TLS begins. */
  readonly insideTls?: {
    readonly kind: "anonymous" | "x509";
    readonly panel: Uint8Array;
    readonly client: Uint8Array;
  };
  readonly outcome: Record<string, unknown>;
  /** Bytes of the panel that decide, if not all. */
  readonly deciding?: number;
}

export const ok = hex("00 00 00 00");
export const failed = hex("00 00 00 01");

export function reason(text: string): Uint8Array {
  const encoded = Buffer.from(text, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(encoded.length);
  return bytes(length, encoded);
}

export const refused = (code: string, text: string) => ({ kind: "refused", code, text });

export const authenticated = (version: string, securityType: number, subtype?: number) =>
  subtype === undefined
    ? { kind: "authenticated", version, securityType }
    : { kind: "authenticated", version, securityType, subtype };

/** What a handshake did with a panel that sent these pieces. */
export function run(
  options: ClientHandshakeOptions,
  pieces: readonly Uint8Array[],
  inside: readonly Uint8Array[] = [],
) {
  const handshake = new ClientHandshake(options);
  const clear: Uint8Array[] = [];
  const secret: Uint8Array[] = [];
  const outcomes: ClientHandshakeOutcome[] = [];
  const behind: Uint8Array[] = [];
  const kinds: string[] = [];
  const take = (step: HandshakeStep) => {
    (kinds.length === 0 ? clear : secret).push(...step.send);
    if (step.startTls !== undefined) kinds.push(step.startTls.kind);
    if (step.outcome !== undefined) outcomes.push(step.outcome);
    if (step.outcome?.kind === "authenticated") behind.push(step.outcome.leftover);
  };
  const feed = (part: readonly Uint8Array[]) => {
    for (const piece of part) {
      // Whoever has the outcome takes the stream over.
      if (outcomes.length > 0) behind.push(piece);
      else take(handshake.receive(piece));
    }
  };
  feed(pieces);
  if (kinds.length > 0) take(handshake.tlsStarted());
  feed(inside);
  expect(outcomes.length).toBeLessThan(2);
  expect(kinds.length).toBeLessThan(2);
  const [outcome] = outcomes;
  const { leftover: _, ...facts } = { leftover: undefined, ...outcome };
  return {
    client: toHex(Buffer.concat(clear)),
    tls: kinds[0],
    clientInside: toHex(Buffer.concat(secret)),
    outcome: facts,
    leftover: outcome?.kind === "authenticated" ? Buffer.concat(behind).toString("latin1") : "",
  };
}

export function describeTranscripts(title: string, transcripts: readonly Transcript[]): void {
  describe.each(transcripts)(`${title}: $what`, ({ options, panel, client, insideTls, outcome, deciding }) => {
    const next = outcome.kind === "authenticated" ? "what comes next" : "";
    const stream = bytes(panel, insideTls === undefined ? next : "");
    const inside = insideTls === undefined ? bytes() : bytes(insideTls.panel, next);
    const expected = {
      client: toHex(client),
      tls: insideTls?.kind,
      clientInside: toHex(insideTls?.client ?? bytes()),
      outcome,
      leftover: next,
    };

    it("fed whole", () => {
      expect(run(options, [stream], [inside])).toEqual(expected);
    });

    it("fed one byte at a time", () => {
      expect(run(options, oneByOne(stream), oneByOne(inside))).toEqual(expected);
    });

    it("fed in any pieces", () => {
      fc.assert(
        fc.property(anyPieces(stream), anyPieces(inside), (pieces, insidePieces) => {
          expect(run(options, pieces, insidePieces)).toEqual(expected);
        }),
        { numRuns: 50 },
      );
    });

    it("gives its outcome with the byte that decides, not before", () => {
      if (insideTls === undefined) {
        const end = deciding ?? panel.length;
        expect(run(options, oneByOne(panel.subarray(0, end - 1))).outcome).toEqual({});
        expect(run(options, oneByOne(panel.subarray(0, end))).outcome).toEqual(outcome);
      } else {
        const end = deciding ?? insideTls.panel.length;
        expect(run(options, [panel], oneByOne(insideTls.panel.subarray(0, end - 1))).outcome).toEqual({});
        expect(run(options, [panel], oneByOne(insideTls.panel.subarray(0, end))).outcome).toEqual(outcome);
      }
    });
  });
}
