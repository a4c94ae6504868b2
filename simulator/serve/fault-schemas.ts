// The shapes of faults on links.
import { linkFaultNames } from "./on-links.ts";
import { anything, ms, name, object, type Schema, share, text, values } from "./schema.ts";

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
export const faultSchemas = {
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
} as const satisfies Readonly<Record<string, Schema>>;
