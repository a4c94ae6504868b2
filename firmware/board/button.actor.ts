// Watches the board's button and tells each change of its contacts.
import { fromCallback } from "xstate";
import type { Button } from "#hardware/ports.ts";
import type { ContactFact } from "./button.machine.ts";

export function contact(button: Button | undefined) {
  return fromCallback<ContactFact>(({ sendBack }) =>
    button?.watch((isClosed) => sendBack({ type: "contact.changed", isClosed })),
  );
}
