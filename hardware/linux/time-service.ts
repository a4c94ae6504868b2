// Whether systemd-timesyncd has set this machine's clock, and when the clock has jumped.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock, TimerHandle, TimeService } from "../ports.ts";

/** Kept by systemd-timesyncd while it runs; the file comes with the first answer of a time server since the boot (systemd-timesyncd.service(8)). */
const timesyncFolder = "run/systemd/timesync";
const synchronisedFile = "synchronized";
/** How often it is looked while somebody watches: nothing tells of a jump by itself but a file descriptor that Node has not got. */
const lookEveryMs = 2_000;
/** Wall and monotonic clock drift apart while a time service slews; more than this between two looks is a jump. */
const jumpMs = 1_000;

export interface TimeServicePlaces {
  readonly clock: Clock;
  /** Where `run` is: "/", but in tests. */
  readonly root?: string;
}

/** With another time service than systemd's it cannot tell whether the clock is synchronised; jumps it always sees. */
export function openLinuxTimeService({ clock, root = "/" }: TimeServicePlaces): TimeService {
  const folder = join(root, timesyncFolder);
  const isSynchronised = (): boolean | undefined =>
    existsSync(folder) ? existsSync(join(folder, synchronisedFile)) : undefined;
  return {
    isSynchronised: async () => isSynchronised(),
    watch: (changed) => {
      let timer: TimerHandle | undefined;
      let isOver = false;
      let known = isSynchronised();
      let offsetMs = clock.nowMs() - clock.monotonicMs();
      const look = (): void => {
        const [nowKnown, nowOffsetMs] = [isSynchronised(), clock.nowMs() - clock.monotonicMs()];
        const isChanged = nowKnown !== known || Math.abs(nowOffsetMs - offsetMs) > jumpMs;
        [known, offsetMs] = [nowKnown, nowOffsetMs];
        if (isChanged) changed();
        if (!isOver) timer = clock.setTimeout(look, lookEveryMs);
      };
      timer = clock.setTimeout(look, lookEveryMs);
      return () => {
        isOver = true;
        clock.clearTimeout(timer);
      };
    },
  };
}
