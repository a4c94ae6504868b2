// The shape of what there is to choose from.
import { anything, listOf, type Schema, whole, word } from "./schema.ts";

const parameter = {
  ...anything("A parameter: what it counts, its range and what it is if left out."),
  properties: { name: word, kind: word, unit: word, summary: word },
  required: ["name", "kind", "summary"],
};

export const catalogueSchemas = {
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
