// The alarms of a machine: what is wrong or was, since when, and whether somebody has seen it.

/** Entries that are kept; the oldest that is over goes first. */
export const alarmsMax = 100;
/** An alarm is over once the value is back by this share of its range: values that tremble do not fill the list. */
const returnShare = 0.02;

interface Watched {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly alarmAbove?: number;
  readonly alarmBelow?: number;
}

export interface Alarm {
  /** Ascending from 1. */
  readonly number: number;
  /** An event is only told; an alarm begins and ends. */
  readonly kind: "alarm" | "event";
  /** Name of the signal; none for an event. */
  readonly signal?: string;
  readonly text: string;
  readonly sinceMs: number;
  goneMs?: number;
  isAcknowledged: boolean;
}

export class AlarmList {
  /** Newest first. */
  readonly entries: Alarm[] = [];
  readonly #listeners: ((alarm: Alarm) => void)[] = [];
  #numbers = 0;
  #acknowledgements = 0;

  /** Calls it for each alarm that begins, as long as the machine is there. */
  onBegin(listener: (alarm: Alarm) => void): void {
    this.#listeners.push(listener);
  }

  /** Alarms whose cause is there. */
  get active(): readonly Alarm[] {
    return this.entries.filter(({ kind, goneMs }) => kind === "alarm" && goneMs === undefined);
  }

  /** Alarms that nobody has seen. */
  get unseen(): readonly Alarm[] {
    return this.entries.filter(({ isAcknowledged }) => !isAcknowledged);
  }

  /** Whether the signal of that name is beyond its limit. */
  isActive(signal: string): boolean {
    return this.active.some((alarm) => alarm.signal === signal);
  }

  /** Notes an event. */
  tells(nowMs: number, text: string): void {
    this.#add({ kind: "event", text, sinceMs: nowMs, goneMs: nowMs, isAcknowledged: true });
  }

  /** Looks at the values of a tick. */
  watch(nowMs: number, signals: readonly Watched[]): void {
    for (const signal of signals) {
      const text = whatIsWrong(signal);
      const active = this.active.find((alarm) => alarm.signal === signal.name);
      if (text === undefined) {
        if (active !== undefined && isBack(signal)) active.goneMs = nowMs;
      } else if (active === undefined) {
        const alarm = this.#add({ kind: "alarm", signal: signal.name, text, sinceMs: nowMs, isAcknowledged: false });
        for (const listener of this.#listeners) listener(alarm);
      }
    }
  }

  /** How often somebody has said so. */
  get acknowledgements(): number {
    return this.#acknowledgements;
  }

  /** Somebody has seen one, or all. */
  acknowledge(number?: number): void {
    this.#acknowledgements += 1;
    for (const alarm of this.entries) if (number === undefined || alarm.number === number) alarm.isAcknowledged = true;
  }

  #add(fields: Omit<Alarm, "number">): Alarm {
    this.#numbers += 1;
    const alarm: Alarm = { number: this.#numbers, ...fields };
    this.entries.unshift(alarm);
    if (this.entries.length > alarmsMax) {
      const over = this.entries.findLastIndex(({ goneMs }) => goneMs !== undefined);
      this.entries.splice(over === -1 ? this.entries.length - 1 : over, 1);
    }
    return alarm;
  }
}

function isBack({ value, min, max, alarmAbove = Infinity, alarmBelow = -Infinity }: Watched): boolean {
  const margin = (max - min) * returnShare;
  return value <= alarmAbove - margin && value >= alarmBelow + margin;
}

function whatIsWrong({ label, unit, value, alarmAbove, alarmBelow }: Watched): string | undefined {
  if (alarmAbove !== undefined && value > alarmAbove) return `${label} above ${alarmAbove} ${unit}`;
  if (alarmBelow !== undefined && value < alarmBelow) return `${label} below ${alarmBelow} ${unit}`;
  return undefined;
}
