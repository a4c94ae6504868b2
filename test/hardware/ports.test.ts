// Every port of the Hardware interface has both forms, or neither yet; each form passes the port's contract.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLinuxHardware } from "#hardware/linux/linux-hardware.ts";
import { Board } from "#simulator/gateway/board.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { boardWithEverything } from "./board-folder.ts";

/** What a board may be without; the boards of this test have all of it. */
const partsOfABoard = [
  "uplinks",
  "leds",
  "button",
  "watchdog",
  "thermal",
  "serialPorts",
  "timeService",
  "system",
  "processes",
];

/** The members of the interface in hardware/ports.ts, from its text: types leave nothing behind to ask. */
function portsDeclared(text: string): readonly string[] {
  const body = /export interface Hardware \{\n([\s\S]*?)\n\}/.exec(text)?.[1] ?? "";
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name ?? "");
}

/** Each port that has one form only, in words. */
function lonelyForms(ports: readonly string[], linux: object, simulated: object): readonly string[] {
  return ports.flatMap((port) => {
    const has = [port in linux, port in simulated];
    return has[0] === has[1] ? [] : [`${port} has only its ${has[0] ? "Linux" : "simulated"} form`];
  });
}

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), "utf8");
const ports = portsDeclared(await read("../../hardware/ports.ts"));
let folder = "";
const machine = boardWithEverything();
let linux: object = {};
let simulated: object = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-ports-"));
  linux = await openLinuxHardware({ stateDir: folder, root: machine.root });
  const clock = SimulatedClock.start();
  const random = new SeededRandom(1);
  const host = new SimulatedNetwork({ clock, random }).addHost("gateway", { interfaces: [] });
  simulated = new Board({ clock, random }).boot(host);
  clock.stop();
});

afterAll(async () => {
  machine.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the hardware's ports", () => {
  it("are these", () => {
    expect(ports).toEqual(["clock", "random", "network", "storage", "identity", ...partsOfABoard]);
  });

  it("have both forms", () => {
    expect(lonelyForms(ports, linux, simulated)).toEqual([]);
    expect(ports.filter((port) => !(port in linux))).toEqual([]);
  });

  it("pass their contract in both forms", async () => {
    const linuxTests = [
      "./linux.test.ts",
      "./linux-board.test.ts",
      "./linux-system.test.ts",
      "../loopback/serial-ports.test.ts",
    ];
    const simulatedTests = ["./simulated.test.ts", "./simulated-board.test.ts", "./simulated-system.test.ts"];
    for (const [form, files] of [["Linux", linuxTests] as const, ["simulated", simulatedTests] as const]) {
      const text = (await Promise.all(files.map(read))).join("\n");
      for (const port of ports) {
        expect(text).toContain(`describe${port[0]?.toUpperCase()}${port.slice(1)}Contract("${form}"`);
      }
    }
  });

  it("are caught with one form only", () => {
    expect(lonelyForms(["clock", "leds", "button"], { clock: 1, leds: 1 }, { clock: 1, button: 1 })).toEqual([
      "leds has only its Linux form",
      "button has only its simulated form",
    ]);
  });
});
