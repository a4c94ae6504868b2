// The modem's serial port as an actor: opens it, looks when told to, and tells what it found.
import { fromCallback } from "xstate";
import { AtSession } from "#hardware/modem/at-session.ts";
import { readModem, resetModem } from "#hardware/modem/read-modem.ts";
import type { Hardware, SerialOutcome, SerialPorts } from "#hardware/ports.ts";
import type { LineCommand, LineFact, LineInput } from "./modem.machine.ts";

const line = { dataBits: 8, parity: "none", stopBits: 1, flowControl: "none" } as const;

/** Lines that come unasked and say that a look is worth while. */
const stirring = /^\+(CPIN|CREG|CGREG|CEREG):/;

export function modemLine({ clock }: Pick<Hardware, "clock">, serialPorts: SerialPorts) {
  return fromCallback<LineCommand, LineInput>(({ input, receive, sendBack }) => {
    const { port, baudRate } = input.settings;
    let opened: Extract<SerialOutcome, { ok: true }> | undefined;
    let session: AtSession | undefined;
    let isOver = false;
    const tell = (fact: LineFact): void => {
      if (isOver) return;
      if (fact.type === "line.closed") isOver = true;
      sendBack(fact);
    };
    const open = async (): Promise<void> => {
      const outcome = await serialPorts.open(port, { ...line, baudRate });
      if (!outcome.ok) return tell({ type: "line.closed", why: wordsFor(outcome) });
      if (isOver) return await outcome.close();
      opened = outcome;
      const { stream } = outcome;
      session = new AtSession({
        stream,
        clock,
        unsolicited: (text) => {
          if (stirring.test(text)) tell({ type: "line.stirred" });
        },
      });
      stream.once("close", () => tell({ type: "line.closed", why: "the modem is gone from its port" }));
      tell({ type: "line.opened" });
    };
    const obey = async (asked: AtSession, command: LineCommand): Promise<void> => {
      if (command.type === "line.reset") {
        const answer = await resetModem(asked, command.maker);
        tell({ type: "line.reset-asked", answer: answer.kind });
        return;
      }
      const reading = await readModem(asked);
      if (reading.kind === "gone") tell({ type: "line.closed", why: reading.why });
      else tell({ type: "line.read", reading });
    };
    receive((command) => {
      if (session !== undefined) void obey(session, command); // never rejects
    });
    open().catch((error: Error) => tell({ type: "line.closed", why: error.message }));
    return () => {
      isOver = true;
      // Closing takes a moment, and whoever stops the actor wants no timer left behind it.
      session?.abandon();
      void opened?.close(); // never rejects
    };
  });
}

function wordsFor(outcome: Extract<SerialOutcome, { ok: false }>): string {
  const hint = outcome.reason === "busy" ? ": another program has it, such as ModemManager" : "";
  return `${outcome.detail}${hint}`;
}
