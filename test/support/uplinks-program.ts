// A program that a test runs on a machine of its own (a network namespace): its network and uplinks, told by lines what to do.
import { createInterface } from "node:readline";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { openLinuxUplinks, openSteering } from "#hardware/linux/uplinks.ts";
import type { Connection } from "#hardware/ports.ts";

export type UplinksCommand =
  | { readonly do: "list" }
  | { readonly do: "prefer"; readonly name?: string }
  /** Says what the server says of where the connection comes from; it stays open under `as`. */
  | {
      readonly do: "dial";
      readonly address: string;
      readonly uplink?: string;
      readonly as?: string;
      readonly waitMs?: number;
    }
  /** Sends a line over one that stands, and tells the answer or "silence". */
  | { readonly do: "say"; readonly as: string; readonly waitMs: number };

const serverPort = 7000;

const steering = openSteering({ clock: linuxClock });
const uplinks = openLinuxUplinks({ clock: linuxClock, steering });
const network = openLinuxNetwork(steering?.sourceOf);
const open = new Map<string, Connection>();

uplinks?.watch(() => void uplinks.list().then((list) => tell({ event: "changed", list })));
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { number, ...command } = JSON.parse(line) as UplinksCommand & { number: number };
    void obey(command as UplinksCommand).then((answer) => tell({ event: "answer", number, answer }));
  })
  .on("close", () => process.exit(0));
tell({ event: "ready" });

function tell(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function obey(command: UplinksCommand): Promise<unknown> {
  switch (command.do) {
    case "list":
      return await uplinks?.list();
    case "prefer":
      return await uplinks?.prefer?.(command.name);
    case "dial": {
      const { address, uplink, as, waitMs = 3_000 } = command;
      const target = { address, port: serverPort, ...(uplink === undefined ? {} : { uplink }) };
      const outcome = await network.dial(target, { timeoutMs: waitMs });
      if (!outcome.ok) return outcome;
      outcome.connection.stream.on("error", () => undefined);
      const seen = await lineOf(outcome.connection, waitMs);
      if (as === undefined) outcome.connection.reset();
      else open.set(as, outcome.connection);
      return { ok: true, seen };
    }
    case "say": {
      const connection = open.get(command.as);
      connection?.stream.write("where?\n");
      return connection === undefined ? undefined : await lineOf(connection, command.waitMs);
    }
    default:
      return command satisfies never;
  }
}

function lineOf({ stream }: Connection, waitMs: number): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => end("silence"), waitMs);
    const read = (bytes: Buffer): void => end(bytes.toString().trim());
    const end = (text: string): void => {
      clearTimeout(timer);
      stream.off("data", read);
      resolve(text);
    };
    stream.on("data", read);
  });
}
