// The shapes of what is about a world as a whole, and of an error.
import { anything, count, listOf, name, object, type Schema, text, whole, word } from "./schema.ts";

export const worldSchemas = {
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
} as const satisfies Readonly<Record<string, Schema>>;
