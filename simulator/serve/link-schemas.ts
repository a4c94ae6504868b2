// The shapes of links, their connections and what happens on them.
import {
  anything,
  bothWays,
  count,
  listOf,
  name,
  object,
  port,
  type Schema,
  text,
  twoNames,
  whole,
  word,
} from "./schema.ts";

const target = text(`"host:port", such as "127.0.0.1:22"`);
const panelName = text("the name of a panel of this world");

export const linkSchemas = {
  Link: whole("A port that leads to a target through faults.", {
    name,
    host: text("the address on which it listens"),
    port: count("where clients connect"),
    target,
    panel: { type: ["string", "null"], description: "the panel that is the target, if it is one of this world" },
    between: twoNames,
    isListening: { type: "boolean", description: "false while every connection is refused" },
    connections: whole("Connections through it.", { open: count("open now"), total: count("taken so far") }),
    bytes: bothWays("Bytes passed on so far."),
    held: bothWays("Bytes read and held back now."),
    faults: listOf(word, "names of the faults laid on it, oldest first"),
  }),
  NewLink: object(
    "A link to open: to a target, or to a panel.",
    { name, target, panel: panelName, port, between: twoNames },
    ["name"],
  ),
  LinkChange: object("Where new connections lead.", { target, panel: panelName }, []),
  Connection: whole("A connection through a link.", {
    name: text("both ends"),
    isAccepted: { type: "boolean", description: "whether the target has accepted" },
    bytes: bothWays("Bytes passed on so far."),
    held: bothWays("Bytes read and held back now."),
  }),
  EventAsk: {
    ...anything("An event of a protocol; further fields narrow it, as /catalogue lists."),
    properties: {
      event: text("the event's name"),
      nth: { type: "integer", minimum: 1, description: "which of those that fit from now on" },
      limitMs: { type: "integer", minimum: 0, maximum: 60_000, description: "ms to wait, 10000 if left out" },
    },
    required: ["event"],
  },
  Happened: whole("Whether it has happened within the time.", { happened: { type: "boolean" } }),
} as const satisfies Readonly<Record<string, Schema>>;
