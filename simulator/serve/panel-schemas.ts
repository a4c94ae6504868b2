// The shapes of panels.
import { panelKinds } from "./panel-kinds.ts";
import { count, name, object, port, type Schema, text, values, whole } from "./schema.ts";

export const panelSchemas = {
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
} as const satisfies Readonly<Record<string, Schema>>;
