// The shapes of the API as JSON schemas: requests are checked by them, answers are written by them, the document shows them.
import { panelKinds } from "./panel-kinds.ts";
import { linkFaultNames } from "./served-link.ts";

export type Schema = Readonly<Record<string, unknown>>;

/** Points to one of `components`. */
export function ref(name: keyof typeof components): Schema {
  return { $ref: `${name}#` };
}

export function listOf(items: Schema, description: string): Schema {
  return { type: "array", items, description };
}

const object = (description: string, properties: Readonly<Record<string, Schema>>, required: readonly string[]) => ({
  type: "object",
  description,
  additionalProperties: false,
  properties,
  required,
});

/** Every property is there. */
const whole = (description: string, properties: Readonly<Record<string, Schema>>) =>
  object(description, properties, Object.keys(properties));

export const namePattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
const name = {
  type: "string",
  pattern: namePattern,
  description: "a name of 1 to 64 letters, digits, dots, hyphens and underscores",
};
const word = { type: "string" };
const text = (description: string) => ({ type: "string", description });
const count = (description: string) => ({ type: "integer", minimum: 0, description });
const port = {
  type: "integer",
  minimum: 0,
  maximum: 65_535,
  description: "a port from 0 to 65535; 0 takes a free one",
};
const share = (description: string) => ({ type: "number", minimum: 0, maximum: 1, description });
const ms = (description: string) => ({ type: "integer", minimum: 0, maximum: 2 ** 31 - 1, description });
const anything = (description: string) => ({ type: "object", additionalProperties: true, description });
const values = {
  type: "object",
  description: "an object of texts, numbers and booleans",
  additionalProperties: { type: ["string", "number", "boolean"] },
};
const bothWays = (description: string) =>
  whole(description, { up: count("towards the target"), down: count("from the target") });
const twoNames = {
  type: "array",
  items: name,
  minItems: 2,
  maxItems: 2,
  description: `two names: who connects, and the target, such as ["gateway", "cloud"]`,
};
const target = text(`"host:port", such as "127.0.0.1:22"`);
const panelName = text("the name of a panel of this world");

const schedule = object(
  "When it is there; the whole time if left out.",
  {
    afterMs: ms("from when, after it was laid or after the event"),
    forMs: ms("how long it lasts each time"),
    everyMs: ms("from the beginning of one time to that of the next"),
    times: { type: "integer", minimum: 1, description: "how often altogether" },
  },
  [],
);
const when = {
  ...anything("An event of a protocol with which it begins; /catalogue lists them."),
  properties: {
    event: text("the event's name"),
    nth: { type: "integer", minimum: 1, description: "which of those that fit" },
  },
  required: ["event"],
};
const faultFields = {
  parameters: values,
  strength: share("0, hardly to be noticed, to 1, as bad as it gets: says the parameters that are left out"),
  from: text("the one of the two ends whose sending alone is meant; both if left out"),
  probability: share("above 0; certain if left out"),
  schedule,
  when,
};
const faultName = { type: "string", enum: linkFaultNames, description: "the kind of fault" };
const parameter = {
  ...anything("A parameter: what it counts, its range and what it is if left out."),
  properties: { name: word, kind: word, unit: word, summary: word },
  required: ["name", "kind", "summary"],
};

export const components = {
  Error: whole("What is wrong with a request.", {
    error: whole("The error.", {
      code: text("for programs: one of a few words"),
      place: text("what stands wrong; empty where it is the whole"),
      message: text("for people: the place, the word and what was meant"),
    }),
  }),
  World: whole("Panels and links that belong together.", {
    name,
    seed: { type: "integer", description: "decides the draws of faults and the panels' process values" },
    panels: listOf(word, "names of its panels"),
    links: listOf(word, "names of its links"),
  }),
  NewWorld: object(
    "A world to make.",
    { name, seed: { type: "integer", minimum: 0, maximum: 2 ** 53 - 1, description: "a whole number; 1 if left out" } },
    ["name"],
  ),
  Panel: whole("A panel that listens on loopback.", {
    name,
    kind: text("what it is"),
    profile: { type: ["string", "null"], description: "the product that it behaves like" },
    protocol: text("what it speaks"),
    host: text("the address on which it listens"),
    port: count("the port on which it listens"),
    options: values,
    hostKey: { type: ["string", "null"], description: "SSH: its key, as known_hosts has it behind the host's name" },
    connections: count("connections that are open now"),
  }),
  NewPanel: object(
    "A panel to start: of a kind, or by a profile.",
    {
      name,
      kind: text(`a kind of panel: ${panelKinds.map((kind) => kind.name).join(", ")}`),
      profile: text("a product's name as in /catalogue"),
      port,
      options: values,
    },
    ["name"],
  ),
  PanelChange: object("What is to be different; other options stay.", { options: values }, ["options"]),
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
  NewFault: object("A fault to lay on a link.", { name, fault: faultName, ...faultFields }, ["fault"]),
  FaultChange: object("What is to be different; the rest stays as it is.", faultFields, []),
  Fault: object(
    "A fault that is laid on a link.",
    {
      name,
      fault: text("the kind of fault"),
      isLaid: { type: "boolean", description: "in force now" },
      ...faultFields,
    },
    ["name", "fault", "parameters", "isLaid"],
  ),
  LinkProfile: object("A network that everybody knows, as several faults.", { profile: text("its name") }, ["profile"]),
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
  Events: whole("Lines of a world's log.", {
    events: listOf(
      {
        ...anything("One line."),
        properties: { seq: count("counts from 1"), atMs: count("since the world was made"), kind: word },
        required: ["seq", "atMs", "kind"],
      },
      "the lines, oldest first",
    ),
    lastSeq: count("ask with after this for what comes next"),
    omitted: count("lines that were dropped before they could be asked for"),
  }),
  ResetOptions: object(
    "How far to go.",
    { remove: { type: "boolean", description: "true: links and panels go too" } },
    [],
  ),
  Catalogue: whole("What there is to choose from.", {
    faults: listOf(
      whole("A kind of fault.", {
        name: word,
        summary: word,
        isLossy: { type: "boolean", description: "may lose or alter bytes, or end connections" },
        onLinks: { type: ["boolean", "string"], description: "true, or why it cannot be laid on a link" },
        parameters: listOf(parameter, "its parameters"),
      }),
      "all kinds of fault",
    ),
    linkProfiles: listOf(whole("A link profile.", { name: word, summary: word }), "named networks"),
    events: listOf(whole("An event.", { name: word, summary: word }), "what a fault can wait for"),
    panels: listOf(
      whole("A kind of panel.", {
        name: word,
        summary: word,
        protocol: word,
        options: listOf(whole("An option.", { name: word, takes: word, summary: word }), "its options"),
      }),
      "kinds of panels",
    ),
    panelProfiles: listOf(
      whole("A product.", {
        name: word,
        vendor: word,
        product: word,
        version: word,
        protocol: word,
        summary: word,
      }),
      "products that panels behave like",
    ),
  }),
} as const satisfies Readonly<Record<string, Schema>>;
