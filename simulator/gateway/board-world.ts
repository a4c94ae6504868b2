// What world faults do to a simulated board: its disk, its watchdog, its modem and its uplinks.
import type { DiskFailure, LinkFault, Release, World } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import type { SimulatedNetwork } from "../network/network.ts";
import type { Board } from "./board.ts";
import { fullDisk, readOnlyDisk, tornDisk } from "./board-faults.ts";
import type { SimulatedUplinks } from "./simulated-uplinks.ts";

type BoardFaults = Required<Pick<World, "failDisk">> & Pick<World, "starveWatchdog" | "hangModem" | "swapUplink">;

export interface BoardWorldParts {
  readonly board: Board;
  readonly network: SimulatedNetwork;
  /** Name of the board's machine on the network. */
  readonly host: string;
}

/** What the board has not got is left out. */
export function boardWorld(parts: BoardWorldParts): BoardFaults {
  const { board } = parts;
  const { modem, uplinks } = board;
  return {
    failDisk: (failure) => board.lay(diskBehaviours[failure]()),
    ...(board.has("watchdog") ? { starveWatchdog: () => hangProgram(parts) } : {}),
    ...(modem === undefined ? {} : { hangModem: () => modem.hangs() }),
    ...(uplinks.names.length < 2 ? {} : { swapUplink: () => swapUplink(uplinks) }),
  };
}

const diskBehaviours: Readonly<Record<DiskFailure, typeof fullDisk>> = {
  full: fullDisk,
  "read-only": readOnlyDisk,
  torn: tornDisk,
};

/** What makes the program of each board hang now. */
const hangsOf = new WeakMap<Board, Set<Release>>();

/** No timer of the program runs and no byte that arrives is taken, while its system answers; a reboot ends it. */
function hangProgram({ board, network, host }: BoardWorldParts): Release {
  const { hardware } = board;
  if (hardware === undefined) throw new FaultError("fault.not-here", "the gateway is off: nothing of it could hang");
  const others = network.hostNames.filter((name) => name !== host);
  const lifts = [host, ...others].map((other) => network.link(other, host).apply(untaken, other));
  const hangs = hangsOf.get(board) ?? new Set<Release>();
  hangsOf.set(board, hangs);
  board.clock.freeze();
  const comesRound = (): void => {
    if (!hangs.delete(comesRound)) return;
    forget();
    for (const lift of lifts) lift();
    // Another run is another program, which does not hang.
    if (board.hardware === hardware && hangs.size === 0) board.clock.thaw();
  };
  hangs.add(comesRound);
  const forget = board.onPowerOff(comesRound);
  return comesRound;
}

/** Not dark: the system goes on acknowledging, up to a full window, and keeps even an end of stream to itself. */
const untaken: LinkFault = {
  name: "nothing is taken by a program that hangs",
  plan: (delivery) => [{ ...delivery, atMs: Number.POSITIVE_INFINITY }],
};

function swapUplink(uplinks: SimulatedUplinks): Release {
  const up = uplinks.list().filter(({ isUp }) => isUp);
  const [current] = up;
  if (current === undefined || up.length < 2) {
    const names = up.map(({ name }) => name).join(", ") || "none";
    throw new FaultError("fault.not-here", `a swap needs two uplinks that are up, and this board has ${names}`);
  }
  uplinks.goesDown(current.name);
  return () => uplinks.comesUp(current.name);
}
