// What a world fault does to a small board, found out by running it: its program, its uplinks, its modem, what its disk keeps.
import type { Hardware } from "#hardware/ports.ts";
import { Board } from "../../gateway/board.ts";
import { boardWorld } from "../../gateway/board-world.ts";
import type { SimulatedNetwork } from "../../network/network.ts";
import type { World, WorldFault } from "../fault.ts";
import { asksModem, hostEcho, OldConnection, reaches } from "./board-attempts.ts";
import { pictureMs, shownFromMs, shownUntilMs } from "./shown-parameters.ts";
import { TwoEnds } from "./two-ends.ts";
import { type Attempt, everyMs, grow, type Row, type Span, sampleEveryMs } from "./world-scene.ts";

const modem = { path: "/dev/serial/by-id/usb-modem-if02", uplink: "wwan0" } as const;
/** Smaller than any board's, so that a reboot fits into the picture. */
const watchdog = { stepMs: 100, maxMs: 300 } as const;
const bootMs = 200;
/** The power fails for a moment: before, amid and after the fault. */
const powerCutsMs = [200, 500, 800, 1200] as const;
const fileName = "state.json";
const fileBytes = 100;

export interface BoardStoryOptions {
  /** False: the cable is out, so that what leaves the board leaves by its modem. */
  readonly hasCable: boolean;
  /** Whether the power fails now and then. */
  readonly hasPowerCuts: boolean;
}

interface SmallBoard extends TwoEndsParts {
  readonly board: Board;
}

type TwoEndsParts = Pick<TwoEnds, "network" | "clock" | "at">;

/** What happens with the fault in its time, or without one. Throws what the fault throws. */
export async function tellBoardStory(
  fault: WorldFault | undefined,
  { hasCable, hasPowerCuts }: BoardStoryOptions,
): Promise<readonly Row[]> {
  using ends = new TwoEnds();
  const { network, clock, at } = ends;
  await hostEcho(network.host("cloud"));
  const small: SmallBoard = { network, clock, at, board: makeBoard(ends) };
  const { board } = small;
  board.boot(network.host("gateway"));
  if (!hasCable) board.uplinks.goesDown("eth0");
  const connection = new OldConnection(network.host("gateway"));
  const rows = [
    watchProgram(small),
    ...board.uplinks.names.map((name) => watchUplink(small, name)),
    ...(hasPowerCuts ? [cutPower(small)] : tryAll(small, connection)),
  ];
  let broken: unknown;
  if (fault !== undefined) {
    lay(small, fault, (error) => {
      broken ??= error;
    });
  }
  await clock.advance(pictureMs);
  if (broken !== undefined) throw broken;
  return rows;
}

function makeBoard({ network, clock, random }: TwoEnds): Board {
  const addresses = [{ address: "10.64.7.2", family: 4 as const, prefixLength: 30 }];
  const uplinks = [{ name: modem.uplink, kind: "cellular" as const, addresses }];
  const board = new Board({ clock, random, uplinks, modem, watchdog, bootMs });
  board.resetting = () => {
    powerOff(board, network);
    clock.setNamedTimeout("boot", () => powerOn(board, network), bootMs);
  };
  return board;
}

function powerOff(board: Board, network: SimulatedNetwork): void {
  board.powerOff();
  network.host("gateway").powerOff();
  network.host("gateway").forgetAll();
}

function powerOn(board: Board, network: SimulatedNetwork): Hardware {
  network.host("gateway").powerOn();
  return board.boot(network.host("gateway"));
}

/** A program that lives from one look at its clock to the next, and pets the watchdog. */
function watchProgram({ board, clock }: SmallBoard): Row {
  const spans: Span[] = [];
  board.runs((hardware) => {
    const lives = (): void => {
      hardware.watchdog?.pet();
      grow(spans, clock.monotonicMs());
      hardware.clock.setTimeout(lives, sampleEveryMs);
    };
    hardware.watchdog?.arm(watchdog.maxMs);
    lives();
    return undefined;
  });
  return { kind: "there", name: "gateway's program", spans };
}

function watchUplink({ board, at }: SmallBoard, name: string): Row {
  const spans: Span[] = [];
  for (let ms = 0; ms < pictureMs; ms += sampleEveryMs) {
    at(ms, () => {
      if (board.uplinks.current === name) grow(spans, ms);
    });
  }
  return { kind: "there", name: `${name} in use`, spans };
}

function tryAll({ board, network, clock, at }: SmallBoard, connection: OldConnection): readonly Row[] {
  const gateway = network.host("gateway");
  const tried: readonly (readonly [string, () => Promise<string>])[] = [
    ["an old connection", () => connection.echoes(clock)],
    ["a new connection", () => reaches(gateway)],
    ["AT to the modem", () => asksModem(board, modem.path, clock)],
  ];
  return tried.map(([name, attempt]): Row => {
    const attempts: Attempt[] = [];
    for (let ms = everyMs / 2; ms < pictureMs; ms += everyMs) {
      at(ms, () => {
        // A program that hangs, or is not there, tries nothing.
        board.hardware?.clock.setTimeout(() => {
          void attempt().then((outcome) => attempts.push({ atMs: ms, outcome }));
        }, 0);
      });
    }
    return { kind: "attempts", name, attempts };
  });
}

/** The program writes a file over and over; each cut meets one that it was told is written. */
function cutPower({ board, network, at }: SmallBoard): Row {
  const attempts: Attempt[] = [];
  const writes = (): void => {
    void board.hardware?.storage.write(fileName, Buffer.alloc(fileBytes, "x"));
  };
  for (let ms = everyMs / 2; ms < pictureMs; ms += everyMs) at(ms, writes);
  for (const cutMs of powerCutsMs) {
    at(cutMs, () => {
      powerOff(board, network);
      const { storage } = powerOn(board, network);
      void storage.read(fileName).then((found) => {
        const isWhole = found?.length === fileBytes;
        attempts.push({ atMs: cutMs, outcome: isWhole ? "ok" : `${found?.length ?? 0} of ${fileBytes} bytes` });
      });
    });
  }
  return { kind: "attempts", name: "file after a cut", attempts };
}

function lay({ board, network, at }: SmallBoard, fault: WorldFault, failed: (error: unknown) => void): void {
  const notHere = (): never => {
    throw new Error(`must hold: "${fault.name}" does nothing but to the board`);
  };
  const world: World = {
    ...{ resetConnections: notHere, cutPower: notHere, restorePower: notHere, stopCloud: notHere, startCloud: notHere },
    ...{ vanishConnections: notHere, draw: notHere, jumpClock: notHere, kickBroker: notHere, duplicateClient: notHere },
    ...boardWorld({ board, network, host: "gateway" }),
  };
  const run = async (step: WorldFault["begin"]): Promise<void> => step?.call(fault, world);
  at(shownFromMs, () => void run(fault.begin).catch(failed));
  at(shownUntilMs, () => void run(fault.end).catch(failed));
}
