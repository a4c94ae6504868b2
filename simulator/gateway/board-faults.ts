// Ready-made behaviours over a healthy board, to be laid by `board.lay`.
import type { BoardBehaviour } from "./board-behaviour.ts";

/** Writes fail with ENOSPC; what is there can be read and removed. */
export function fullDisk(): BoardBehaviour {
  return {
    name: "full disk",
    onDisk: ({ kind, fail }) => {
      if (kind === "write") fail("ENOSPC");
      return kind === "write";
    },
  };
}

/** Writes and removals fail with EROFS. */
export function readOnlyDisk(): BoardBehaviour {
  return {
    name: "read-only disk",
    onDisk: ({ kind, fail }) => {
      if (kind !== "read") fail("EROFS");
      return kind !== "read";
    },
  };
}

/** A power cut within a second of a write finds a part of the new contents under the real name. */
export function tornDisk(): BoardBehaviour {
  return {
    name: "disk that tears writes",
    onDisk: ({ kind, tears }) => {
      if (kind === "write") tears();
      return false;
    },
  };
}

/** Each step of each change that reaches the flash takes so many ms, as on a worn card. */
export function slowFlash(stepMs: number): BoardBehaviour {
  return {
    name: `flash that takes ${stepMs} ms for each step`,
    onDisk: ({ takes }) => {
      takes(stepMs);
      return false;
    },
  };
}

/** Reading fails with EIO for one file, or for all. */
export function badSectors(fileName?: string): BoardBehaviour {
  return {
    name: `bad sectors under ${fileName ?? "everything"}`,
    onDisk: ({ kind, name, fail }) => {
      const isHit = kind === "read" && (fileName === undefined || name === fileName);
      if (isHit) fail("EIO");
      return isHit;
    },
  };
}

/** The contact stays as it is, whatever the finger does: lay it while pressed for a button that is stuck in. */
export function stuckButton(): BoardBehaviour {
  return { name: "stuck button", onButton: () => true };
}

/** The LED stays as it is. */
export function deadLed(ledName: string): BoardBehaviour {
  return { name: `dead LED ${ledName}`, onLed: ({ name }) => name === ledName };
}

/** Pets do not reach the watchdog. */
export function deafWatchdog(): BoardBehaviour {
  return { name: "watchdog that no pet reaches", onPet: () => true };
}

/** The sensor cannot be read. */
export function deadSensor(): BoardBehaviour {
  return {
    name: "thermal sensor that cannot be read",
    onTemperature: ({ shows }) => {
      shows(undefined);
      return true;
    },
  };
}

/** One command is never answered, or answered in another way. */
export function modemAnswers(command: string, lines: readonly string[], result?: string): BoardBehaviour {
  return {
    name: `modem with an answer of its own to ${command}`,
    onModemCommand: ({ text, answer }) => {
      if (text !== command) return false;
      answer(lines, result);
      return true;
    },
  };
}
