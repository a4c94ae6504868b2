// All events that a fault can wait for, by name: what each may be narrowed to, and its text form.
import { FaultError, shortened, shown } from "../faults/fault-error.ts";
import { unknownWord } from "../faults/nearest-word.ts";
import { type EventConnection, type Happening, ordinal, type ProtocolEvent } from "./protocol-event.ts";

export interface EventField {
  readonly name: string;
  readonly kind: "number" | "text" | "boolean";
  readonly summary: string;
  /** Of a number, which is a whole one. */
  readonly min?: number;
  readonly max?: number;
}

export interface EventKind {
  readonly name: string;
  readonly summary: string;
  /** What may be asked of it beside `nth`, `direction` and `between`. */
  readonly fields: readonly EventField[];
}

const text = (name: string, summary: string): EventField => ({ name, kind: "text", summary });
const number = (name: string, summary: string, min: number, max: number): EventField => ({
  ...{ name, kind: "number", summary, min, max },
});

const port = number("port", "port of the listening end", 1, 65_535);
const topic = text("topic", "the topic");

export const eventKinds: readonly EventKind[] = [
  { name: "connection.opened", summary: "A connection attempt reaches its host.", fields: [port] },
  {
    name: "bytes.seen",
    summary: "So many bytes of a connection's direction have arrived.",
    fields: [number("bytes", "how many", 1, Number.MAX_SAFE_INTEGER), port],
  },
  { name: "mqtt.connect", summary: "A client asks to be let in.", fields: [text("clientId", "its identifier")] },
  {
    name: "mqtt.connack",
    summary: "The broker has let a client in, or not.",
    fields: [number("code", "0: let in", 0, 255)],
  },
  {
    name: "mqtt.publish",
    summary: "A message, in either direction.",
    fields: [topic, text("of", "first field of the payload: the SmartREST template")],
  },
  {
    name: "mqtt.puback",
    summary: "A message of QoS 1 is acknowledged.",
    fields: [topic, text("of", "first field of the payload of what is acknowledged")],
  },
  { name: "mqtt.subscribe", summary: "A client subscribes.", fields: [topic] },
  { name: "mqtt.suback", summary: "The broker has taken a subscription.", fields: [] },
  { name: "mqtt.pingreq", summary: "A client asks whether the broker is there.", fields: [] },
  { name: "mqtt.disconnect", summary: "A client takes its leave.", fields: [] },
  {
    name: "http.request",
    summary: "The head of a request is complete.",
    fields: [text("method", "GET, POST ..."), text("path", "what the path begins with")],
  },
  { name: "http.upgrade", summary: "A server has agreed to a websocket (101).", fields: [text("path", "as above")] },
  {
    name: "websocket.frame",
    summary: "A frame is complete, control frames included.",
    fields: [number("opcode", "1 text, 2 binary, 8 close, 9 ping, 10 pong", 0, 15)],
  },
  {
    name: "rfb.security-result",
    summary: "The panel says how the login went.",
    fields: [number("code", "0: ok", 0, 0xffffffff)],
  },
  { name: "rfb.server-init", summary: "Size and name of the screen have come.", fields: [] },
  {
    name: "rfb.framebuffer-update",
    summary: "An update of the picture begins; most of it is still under way.",
    fields: [],
  },
  { name: "rfb.key-event", summary: "Somebody types.", fields: [] },
  {
    name: "telnet.negotiation",
    summary: "WILL, WONT, DO or DONT.",
    fields: [number("option", "the option's number", 0, 255)],
  },
];

/** Narrows an event: `nth` counts what fits, `between` names two hosts. */
export type EventAsk = Readonly<Record<string, unknown>> & { readonly event: string; readonly nth?: number };

/** Makes an event from its text form; throws a FaultError with the place within it. */
export function createEvent(ask: EventAsk): ProtocolEvent {
  const names = eventKinds.map(({ name }) => name);
  const kind = eventKinds.find(({ name }) => name === ask.event);
  if (kind === undefined) throw new FaultError("fault.unknown-name", unknownWord("event", ask.event, names), "event");
  const wanted = new Map<string, unknown>();
  let nth = 1;
  let between: readonly string[] | undefined;
  for (const [name, value] of Object.entries(ask)) {
    if (name === "event" || value === undefined) continue;
    if (name === "nth") nth = wholeFrom1(value, "nth");
    else if (name === "between") between = twoNames(value);
    else wanted.set(name, checkField(kind, name, value));
  }
  if (kind.name === "bytes.seen" && !wanted.has("bytes"))
    throw new FaultError("fault.bad-value", `"bytes.seen" needs "bytes": how many`, "bytes");
  return {
    name: kind.name,
    nth,
    describe: describe(kind.name, nth, wanted, between),
    matches: (happening, connection) =>
      happening.name === kind.name &&
      (between === undefined ? happening.inside === "tcp" || isWeb(kind.name) : isBetween(between, connection)) &&
      [...wanted].every(([name, value]) => fits(name, value, happening, connection)),
  };
}

/** What is on a websocket's own level is nowhere else. */
function isWeb(name: string): boolean {
  return name.startsWith("websocket.") || name.startsWith("http.");
}

function isBetween(hosts: readonly string[], { client, server }: EventConnection): boolean {
  const [one, other] = hosts;
  return (client.host === one && server.host === other) || (client.host === other && server.host === one);
}

function fits(name: string, value: unknown, { direction, fields }: Happening, { server }: EventConnection): boolean {
  if (name === "direction") return direction === value;
  if (name === "port") return server.port === value;
  // A count grows by whole chunks: it is enough that it has been passed.
  if (name === "bytes") return Number(fields["bytes"]) >= Number(value) && Number(fields["before"]) < Number(value);
  if (name === "path") return String(fields["path"]).startsWith(String(value));
  // A payload may hold several messages.
  if (name === "of") return String(fields["of"]).split(" ").includes(String(value));
  return fields[name] === value;
}

function describe(
  name: string,
  nth: number,
  wanted: ReadonlyMap<string, unknown>,
  between: readonly string[] | undefined,
): string {
  const narrowed = [...wanted].map(([field, value]) => `${field} ${String(value)}`);
  const where = between === undefined ? [] : [`between ${between.join(" and ")}`];
  const details = [...narrowed, ...where];
  return `the ${ordinal(nth)} ${name}${details.length === 0 ? "" : ` (${details.join(", ")})`}`;
}

function checkField(kind: EventKind, name: string, value: unknown): unknown {
  if (name === "direction") {
    if (value === "up" || value === "down") return value;
    throw new FaultError("fault.bad-value", `takes "up" or "down", not ${shown(value)}`, name);
  }
  const field = kind.fields.find((candidate) => candidate.name === name);
  if (field === undefined) {
    const names = [...kind.fields.map((candidate) => candidate.name), "nth", "direction", "between"];
    throw new FaultError("fault.unknown-name", unknownWord(`field of ${kind.name}`, name, names), shortened(name));
  }
  const { min, max } = field;
  if (min !== undefined && max !== undefined) {
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return value;
    const range = `a whole number from ${min} to ${max}`;
    throw new FaultError("fault.bad-value", `takes ${range} (${field.summary}), not ${shown(value)}`, name);
  }
  if (typeof value === (field.kind === "text" ? "string" : field.kind)) return value;
  throw new FaultError("fault.bad-value", `takes a ${field.kind} (${field.summary}), not ${shown(value)}`, name);
}

function wholeFrom1(value: unknown, place: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw new FaultError("fault.bad-value", `takes a whole number from 1 up, not ${shown(value)}`, place);
}

function twoNames(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length === 2 && value.every((name) => typeof name === "string")) return value;
  throw new FaultError("fault.bad-value", `takes the names of two hosts, not ${shown(value)}`, "between");
}
