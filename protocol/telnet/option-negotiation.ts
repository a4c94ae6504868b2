// Agrees on Telnet options without loops, by the Q method of RFC 1143.
import { type Verb, writeNegotiation } from "./codes.ts";

/** `us`: whether this end performs the option; `peer`: whether the other end does. */
export type Side = "us" | "peer";

/** RFC 1143 section 7: a wish that is under way may already have been taken back. */
type State = "no" | "yes" | "wants-no" | "wants-no-then-yes" | "wants-yes" | "wants-yes-then-no";

/** Most refusals of one option on one side: more is a peer that does not hear, and gets silence. */
export const refusalsPerOptionMax = 16;

/** Most answers about one option on one side in a connection. Later changes count, but are not answered. */
export const answersPerOptionMax = 1000;

export interface NegotiationAnswer {
  /** At most one command. */
  readonly send: Uint8Array;
  /** The option that is on now and was not before, unless it went unanswered. */
  readonly turnedOn?: { readonly side: Side; readonly option: number };
}

const nothing = new Uint8Array(0);

/** Options that are on neither list are refused. */
export class OptionNegotiation {
  readonly #performs: ReadonlySet<number>;
  readonly #accepts: ReadonlySet<number>;
  readonly #states = new Map<string, State>();
  readonly #answers = new Map<string, { total: number; refusals: number }>();

  /** `performs`: options that this end will perform if asked; `accepts`: those that the other end may. */
  constructor(lists: { readonly performs: Iterable<number>; readonly accepts: Iterable<number> }) {
    this.#performs = new Set(lists.performs);
    this.#accepts = new Set(lists.accepts);
  }

  isOn(side: Side, option: number): boolean {
    return this.#state(side, option) === "yes";
  }

  /** Wishes an option on or off; gives what to send, which is nothing if it is so already or under way. */
  request(side: Side, option: number, on: boolean): Uint8Array {
    const [next, asks] = requested(this.#state(side, option), on);
    this.#setState(side, option, next);
    return asks === undefined ? nothing : command(side, option, asks);
  }

  /** Takes a command of the other end. */
  receive(verb: Verb, option: number): NegotiationAnswer {
    const side: Side = verb === "will" || verb === "wont" ? "peer" : "us";
    const on = verb === "will" || verb === "do";
    const before = this.#state(side, option);
    const agrees = (side === "us" ? this.#performs : this.#accepts).has(option);
    const [next, answer] = on ? turnedOn(before, agrees) : turnedOff(before);
    this.#setState(side, option, next);
    const isRefusal = on && answer === false && next === "no";
    if (answer !== undefined && !this.#mayAnswer(side, option, isRefusal)) return { send: nothing };
    const send = answer === undefined ? nothing : command(side, option, answer);
    return next === "yes" && before !== "yes" ? { send, turnedOn: { side, option } } : { send };
  }

  #mayAnswer(side: Side, option: number, isRefusal: boolean): boolean {
    const count = this.#answers.get(key(side, option)) ?? { total: 0, refusals: 0 };
    if (count.total >= answersPerOptionMax || (isRefusal && count.refusals >= refusalsPerOptionMax)) return false;
    this.#answers.set(key(side, option), {
      total: count.total + 1,
      refusals: count.refusals + (isRefusal ? 1 : 0),
    });
    return true;
  }

  #state(side: Side, option: number): State {
    return this.#states.get(key(side, option)) ?? "no";
  }

  #setState(side: Side, option: number, state: State): void {
    this.#states.set(key(side, option), state);
  }
}

/** The next state and what is asked for or answered: on, off or nothing. */
type Step = readonly [State, boolean | undefined];

/** RFC 1143 section 7, "receiving WILL" (and DO). */
function turnedOn(state: State, agrees: boolean): Step {
  switch (state) {
    case "no":
      return agrees ? ["yes", true] : ["no", false];
    case "yes":
      return ["yes", undefined];
    case "wants-no":
      // The other end answers an end with a beginning: it is wrong, and counts as off.
      return ["no", undefined];
    case "wants-no-then-yes":
    case "wants-yes":
      return ["yes", undefined];
    case "wants-yes-then-no":
      return ["wants-no", false];
    default:
      return state satisfies never;
  }
}

/** RFC 1143 section 7, "receiving WONT" (and DONT). */
function turnedOff(state: State): Step {
  switch (state) {
    case "no":
    case "wants-no":
    case "wants-yes":
    case "wants-yes-then-no":
      return ["no", undefined];
    case "yes":
      return ["no", false];
    case "wants-no-then-yes":
      return ["wants-yes", true];
    default:
      return state satisfies never;
  }
}

/** RFC 1143 section 7, "we decide to ask". */
function requested(state: State, on: boolean): Step {
  switch (state) {
    case "no":
      return on ? ["wants-yes", true] : ["no", undefined];
    case "yes":
      return on ? ["yes", undefined] : ["wants-no", false];
    case "wants-no":
    case "wants-no-then-yes":
      return [on ? "wants-no-then-yes" : "wants-no", undefined];
    case "wants-yes":
    case "wants-yes-then-no":
      return [on ? "wants-yes" : "wants-yes-then-no", undefined];
    default:
      return state satisfies never;
  }
}

function command(side: Side, option: number, on: boolean): Uint8Array {
  if (side === "us") return writeNegotiation(on ? "will" : "wont", option);
  return writeNegotiation(on ? "do" : "dont", option);
}

function key(side: Side, option: number): string {
  return `${side} ${option}`;
}
