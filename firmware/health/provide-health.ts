// The health machine with its hands, for the wiring diagram.
import type { Hardware } from "#hardware/ports.ts";
import type { LogEntry } from "../log.ts";
import { alarmsLoader, alarmsStore, boardLook } from "./health.actor.ts";
import { healthMachine } from "./health.machine.ts";

export function provideHealth(hardware: Hardware, writeLog: (entry: LogEntry) => void) {
  return healthMachine.provide({
    actions: { log: (_, entry) => writeLog(entry) },
    actors: { load: alarmsLoader(hardware), look: boardLook(hardware), store: alarmsStore(hardware) },
  });
}
