// Where a board's parts are, as the drivers of Linux take it: what the gateway may use, and what it must leave alone.
import type { BoardDescription } from "#hardware/boards/board.ts";
import { boardNames, detectBoard, findBoard } from "#hardware/boards/boards.ts";
import type { BoardSettings } from "../config/gateway-config.ts";
import { ConfigError } from "../errors.ts";

/** Structurally what `openLinuxHardware` takes beside the folders. */
export interface BoardParts {
  readonly leds: { readonly names: Readonly<Record<string, readonly string[]>> } | false;
  readonly button: { readonly deviceName: string; readonly keyCode: number } | false;
  readonly watchdog: { readonly name: string } | false;
  readonly thermal: { readonly zoneType?: string };
}

/** The board that the configuration names, or else the one that the device tree does. Throws ConfigError for an unknown name. */
export function chooseBoard(
  { model }: Pick<BoardSettings, "model">,
  deviceTree: { readonly compatible: readonly string[]; readonly model: string },
): BoardDescription {
  if (model === "auto") return detectBoard(deviceTree.compatible, deviceTree.model);
  const board = findBoard(model);
  if (board !== undefined) return board;
  const known = ["auto", ...boardNames].join(", ");
  throw new ConfigError("config.invalid", [`[board] model: must be one of ${known}, found ${JSON.stringify(model)}`]);
}

/** A watchdog that was asked for is taken on a board that is not known to have one too. */
export function boardParts(board: BoardDescription, { watchdog }: Pick<BoardSettings, "watchdog">): BoardParts {
  const names = Object.fromEntries(Object.entries(board.leds));
  const { button, thermalZone } = board;
  const device = board.watchdog?.device ?? "watchdog0";
  const hasWatchdog = watchdog === "auto" ? board.watchdog !== undefined : watchdog;
  return {
    leds: Object.keys(names).length === 0 ? false : { names },
    button: button === undefined ? false : { deviceName: button.deviceName, keyCode: button.keyCode },
    watchdog: hasWatchdog && { name: device },
    thermal: thermalZone === undefined ? {} : { zoneType: thermalZone },
  };
}
