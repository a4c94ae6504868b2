// The Tight security type (TightVNC's, public registry number 16) towards a panel, and the lists it appends to ServerInit.
import { printable } from "../printable.ts";
import { ProtocolError } from "../protocol-error.ts";
import type { Steps } from "./conversation.ts";
import { desktopNameBytesMax } from "./messages.ts";
import { concatenate, readU16, readU32, writeU16s, writeU32 } from "./numbers.ts";
import { noPassword, type Refusal, unsupported } from "./panel-refusal.ts";
import type { Agreed, PanelTalk } from "./panel-talk.ts";
import { pixelFormatBytes } from "./pixel-format.ts";
import { securityTypes } from "./security.ts";

/** Most entries of one of the panel's lists. */
export const tightCapabilitiesMax = 256;

/** One entry: a number, four characters of a vendor, eight of a name. */
export interface TightCapability {
  readonly code: number;
  readonly vendor: string;
  readonly name: string;
}

const capabilityBytes = 16;

/** Agrees on no tunnel and on an authentication. The proof itself comes behind it. */
export function* agreeOnTight(talk: PanelTalk): Steps<Agreed | Refusal> {
  talk.waitFor("its Tight tunnels");
  const tunnels = yield* capabilities("tunnels");
  if (tunnels.length > 0) {
    if (!tunnels.some(({ code }) => code === 0)) {
      return unsupported(`The panel asks for a Tight tunnel (${nameList(tunnels)}); Postern speaks without one`);
    }
    talk.send(writeU32(0));
  }
  talk.waitFor("its Tight authentications");
  const offered = yield* capabilities("authentications");
  const { none, vncAuthentication } = securityTypes;
  // An empty list asks for no proof and takes no answer.
  if (offered.length === 0) return { kind: "agreed", proof: "none", hasResultSince37: false };
  const codes = new Set(offered.map(({ code }) => code));
  if (talk.signIn.password !== undefined && codes.has(vncAuthentication)) {
    talk.send(writeU32(vncAuthentication));
    return { kind: "agreed", proof: "vnc", subtype: vncAuthentication, hasResultSince37: true };
  }
  if (codes.has(none)) {
    talk.send(writeU32(none));
    return { kind: "agreed", proof: "none", subtype: none, hasResultSince37: false };
  }
  if (codes.has(vncAuthentication)) return noPassword;
  return unsupported(
    `The panel offers Tight with ${nameList(offered)}; Postern signs in there with None or VNC Authentication`,
  );
}

function* capabilities(what: string): Steps<TightCapability[]> {
  const count = readU32(yield 4);
  if (count > tightCapabilitiesMax) {
    throw new ProtocolError("rfb.too-large", `Tight lists ${count} ${what}, at most ${tightCapabilitiesMax} are read`);
  }
  const list: TightCapability[] = [];
  while (list.length < count) list.push(parseCapability(yield capabilityBytes));
  return list;
}

function parseCapability(bytes: Uint8Array): TightCapability {
  const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString("latin1");
  return { code: readU32(bytes), vendor: text(4, 8), name: text(8, 16) };
}

function nameList(list: readonly TightCapability[]): string {
  const shown = list.slice(0, 8).map(({ code, name }) => printable(name.replaceAll("_", " "), 8) || `type ${code}`);
  return list.length > shown.length ? `${shown.join(", ")} and more` : shown.join(", ");
}

/** A list as a server sends it, count first. */
export function writeTightCapabilities(list: readonly TightCapability[]): Uint8Array {
  return concatenate(writeU32(list.length), ...list.map(writeCapability));
}

/** What a server of this type sends behind ServerInit: messages it sends, messages it takes, encodings. */
export function writeTightInteraction(lists: {
  readonly serverMessages: readonly TightCapability[];
  readonly clientMessages: readonly TightCapability[];
  readonly encodings: readonly TightCapability[];
}): Uint8Array {
  const { serverMessages, clientMessages, encodings } = lists;
  const all = [...serverMessages, ...clientMessages, ...encodings];
  const counts = writeU16s(serverMessages.length, clientMessages.length, encodings.length, 0);
  return concatenate(counts, ...all.map(writeCapability));
}

function writeCapability({ code, vendor, name }: TightCapability): Uint8Array {
  const text = vendor.padEnd(4, "_").slice(0, 4) + name.padEnd(8, "_").slice(0, 8);
  return concatenate(writeU32(code), Buffer.from(text, "latin1"));
}

const nameLengthEnd = 4 + pixelFormatBytes + 4;
const countsBytes = 8;

/**
 * Lets a panel's stream pass that began with security type Tight, from ServerInit on, without the lists that this type
 * puts behind ServerInit: the other end then needs to know nothing of Tight.
 */
export class TightServerInitStripper {
  /** The head that is being collected to learn a length from; its bytes have passed already. */
  readonly #head: number[] = [];
  #part: "init" | "name" | "counts" | "lists" | "through" = "init";
  /** Bytes that are still to come of this part. */
  #rest = nameLengthEnd;

  /** Whether the lists are behind: from then on everything passes. */
  get isThrough(): boolean {
    return this.#part === "through";
  }

  /** What passes of these bytes. Throws ProtocolError `rfb.too-large` for a name or lists that are longer than is read. */
  receive(bytes: Uint8Array): Uint8Array {
    const passed: Uint8Array[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#part === "through") {
        passed.push(rest);
        break;
      }
      const piece = rest.subarray(0, this.#rest);
      rest = rest.subarray(piece.length);
      this.#rest -= piece.length;
      if (this.#part === "init" || this.#part === "name") passed.push(piece);
      if (this.#part === "init" || this.#part === "counts") this.#head.push(...piece);
      while (this.#rest === 0 && !this.isThrough) this.#nextPart();
    }
    return passed.length === 1 && passed[0] !== undefined ? passed[0] : concatenate(...passed);
  }

  #nextPart(): void {
    const head = Uint8Array.from(this.#head.splice(0));
    switch (this.#part) {
      case "init":
        this.#part = "name";
        this.#rest = readU32(head, nameLengthEnd - 4);
        if (this.#rest > desktopNameBytesMax) {
          throw tooLarge(`a desktop name of ${this.#rest} bytes, at most ${desktopNameBytesMax} are read`);
        }
        break;
      case "name":
        this.#part = "counts";
        this.#rest = countsBytes;
        break;
      case "counts":
        this.#part = "lists";
        this.#rest = capabilityBytes * entries(head);
        break;
      case "lists":
        this.#part = "through";
        break;
      case "through":
        break;
      default:
        this.#part satisfies never;
    }
  }
}

function entries(counts: Uint8Array): number {
  const list = [readU16(counts, 0), readU16(counts, 2), readU16(counts, 4)];
  for (const count of list) {
    if (count > tightCapabilitiesMax) {
      throw tooLarge(`Tight lists ${count} capabilities, at most ${tightCapabilitiesMax} are read`);
    }
  }
  return list.reduce((sum, count) => sum + count, 0);
}

function tooLarge(what: string): ProtocolError {
  return new ProtocolError("rfb.too-large", what);
}
