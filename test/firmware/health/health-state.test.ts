// Health: alarms raised and cleared once with a margin, remembered over restarts, measurements at their interval. Pure tables.
import { describe, expect, it } from "vitest";
import {
  type Alarms,
  alarmMessages,
  alarmsMax,
  parseAlarms,
  withAlarm,
  withoutAlarm,
  writeAlarms,
} from "#firmware/health/alarms.ts";
import {
  cleared,
  type HealthEffect,
  type HealthState,
  type HealthStep,
  initialHealth,
  looked,
  raised,
  remembered,
  retold,
  settled,
  started,
  triesStorage,
} from "#firmware/health/health-state.ts";
import type { HealthLimits, HealthSample } from "#firmware/health/sample.ts";

const limits: HealthLimits = { intervalMs: 60_000, diskFullPercent: 90, memoryFullPercent: 90, hotCelsius: 80 };
const atMs = Date.UTC(2026, 0, 31, 10, 15, 30);
const time = "2026-01-31T10:15:30.000Z";

const full = (percent: number) => ({
  load1: 0.5,
  memoryTotalBytes: 1_000,
  memoryAvailableBytes: 800,
  diskTotalBytes: 1_000,
  diskFreeBytes: 1_000 - 10 * percent,
  uptimeS: 7,
});

const sample = (more: Partial<HealthSample> = {}): HealthSample => ({
  atMs,
  uptimeMs: 3_600_000,
  celsius: 45,
  system: full(30),
  storageProblem: undefined,
  isStorageTried: false,
  isClockSynchronised: true,
  uplinks: [],
  ...more,
});

type Deed = (state: HealthState) => HealthStep;

const look =
  (more?: Partial<HealthSample>): Deed =>
  (state) =>
    looked(state, sample(more));
const start: Deed = started;
const raise =
  (alarmType: string, severity: "MAJOR" | "MINOR" = "MAJOR", text = "words"): Deed =>
  (state) =>
    raised(state, { alarmType, severity, text });
const clear =
  (alarmType: string): Deed =>
  (state) =>
    cleared(state, alarmType);
const remember =
  (told: Alarms): Deed =>
  (state) =>
    remembered(state, told);
const settle: Deed = settled;

/** What the story made happen; measurements, the log and what is stored are left out. */
function story(deeds: readonly Deed[]): string[] {
  let state = initialHealth(limits);
  return deeds.flatMap((deed) => {
    const step = deed(state);
    state = step.state;
    return step.effects.flatMap(words);
  });
}

function words(effect: HealthEffect): string[] {
  if (effect.kind === "temperature") return [effect.isHot ? "hot" : "cooled"];
  if (effect.kind !== "publish" || /^2/.test(effect.message.text)) return [];
  return [effect.message.text];
}

const hotText = "The CPU has 80 degrees Celsius: from 80 on no new tunnel is opened";
const old = (alarmType: string): Alarms => ({ [alarmType]: { alarmType, severity: "MAJOR", text: "old" } });

it.each<{ name: string; deeds: readonly Deed[]; does: readonly string[] }>([
  {
    name: "raises an alarm once, whoever says it how often, and clears it once",
    deeds: [start, raise("x"), raise("x"), raise("x", "MAJOR", "other words"), clear("x"), clear("x")],
    does: ["302,x,words", "306,x"],
  },
  {
    name: "changes the severity of an alarm that is there",
    deeds: [start, raise("x"), raise("x", "MINOR")],
    does: ["302,x,words", "305,x,MINOR"],
  },
  {
    name: "says again how things are when messages were lost on their way",
    deeds: [start, raise("x"), raise("y"), clear("y"), clear("z"), retold],
    does: ["302,x,words", "302,y,words", "306,y", "306,y", "302,x,words"],
  },
  {
    name: "and of one that is there again not that it was cleared",
    deeds: [start, raise("x"), clear("x"), raise("x"), retold],
    does: ["302,x,words", "306,x", "302,x,words", "302,x,words"],
  },
  { name: "but not before there is a cloud", deeds: [raise("x"), retold], does: [] },
  { name: "clears nothing that was not raised", deeds: [start, clear("x")], does: [] },
  {
    name: "keeps silent before there is a cloud",
    deeds: [raise("x"), look({ celsius: 90 }), clear("x")],
    does: ["hot"],
  },
  { name: "then tells what is still so", deeds: [raise("x"), raise("y"), clear("x"), start], does: ["302,y,words"] },
  {
    name: "is hot from the limit on, until it is clearly below it",
    deeds: [80, 79.9, 76, 75.1, 75, 79.9, 80].map((celsius) => look({ celsius })),
    does: ["hot", "cooled", "hot"],
  },
  {
    name: "raises the alarm for that once in between, with the time of the look",
    deeds: [start, ...[80, 79.9, 90, 75].map((celsius) => look({ celsius }))],
    does: [`302,postern_Hot,${hotText},${time}`, "hot", "306,postern_Hot", "cooled"],
  },
  {
    name: "stays as it was while the sensor has no answer",
    deeds: [start, look({ celsius: 80 }), look({ celsius: undefined }), look({ celsius: 80 })],
    does: [`302,postern_Hot,${hotText},${time}`, "hot"],
  },
  {
    name: "tells that the disk is full, and that it is not any more",
    deeds: [start, look({ system: full(89.9) }), look({ system: full(90) }), look({ system: full(86) }), look()],
    does: [`302,postern_DiskFull,The disk with the gateway's state is 90 % full,${time}`, "306,postern_DiskFull"],
  },
  {
    name: "tells that memory is low",
    deeds: [start, look({ system: { ...full(10), memoryAvailableBytes: 50 } }), look()],
    does: [`303,postern_MemoryLow,95 % of the memory is in use,${time}`, "306,postern_MemoryLow"],
  },
  {
    name: "tells that the state cannot be stored, until it was tried with success",
    deeds: [
      start,
      look({ isStorageTried: true, storageProblem: "the disk is full" }),
      look(),
      look({ isStorageTried: true }),
    ],
    does: [
      `301,postern_StorageFailing,The gateway's state cannot be stored: the disk is full,${time}`,
      "306,postern_StorageFailing",
    ],
  },
  {
    name: "gives the board time to find the time",
    deeds: [
      start,
      look({ isClockSynchronised: false, uptimeMs: 14 * 60_000 }),
      look({ isClockSynchronised: false, uptimeMs: 15 * 60_000 }),
      look({ isClockSynchronised: undefined }),
      look(),
    ],
    does: [
      "304,postern_ClockNotSynchronised,The system does not know the time: no time server was reached",
      "306,postern_ClockNotSynchronised",
    ],
  },
  {
    name: "does not raise anew after a restart what is still so",
    deeds: [remember(old("postern_Hot")), start, look({ celsius: 79 }), settle],
    does: ["hot"].slice(1),
  },
  {
    name: "clears after a restart what is gone, at the first look",
    deeds: [remember(old("postern_Hot")), start, look()],
    does: ["306,postern_Hot"],
  },
  {
    name: "clears after a restart what no part has raised again for a while",
    deeds: [remember({ ...old("x"), ...old("y") }), start, raise("x"), settle, settle],
    does: ["306,y"],
  },
  {
    name: "clears after a restart what a part says is over",
    deeds: [remember(old("x")), start, clear("x"), settle],
    does: ["306,x"],
  },
  {
    name: "forgets nothing that was raised before the memory was read",
    deeds: [raise("x"), start, remember(old("y")), settle],
    does: ["302,x,words", "306,y"],
  },
])("$name", ({ deeds, does }) => {
  expect(story(deeds)).toEqual(does);
});

describe("measurements", () => {
  const published = (step: HealthStep): string[] =>
    step.effects.flatMap((effect) => (effect.kind === "publish" ? [effect.message.text] : []));
  const running = started(initialHealth(limits)).state;

  it("tell temperature, load, memory, disk and which uplink is used, with the time, and are kept while offline", () => {
    const uplinks = [
      { name: "eth0", isDefault: false },
      { name: "wwan0", isDefault: true },
      { name: "a,b", isDefault: false },
    ];
    const step = looked(running, sample({ uplinks }));
    expect(published(step)).toEqual([
      `211,45,${time}`,
      `201,postern_Health,${time},postern_Load,load1,0.5,,postern_Memory,used,20,%,postern_Disk,used,30,%,` +
        "postern_Uplink,eth0,0,,postern_Uplink,wwan0,1,",
    ]);
    for (const effect of step.effects) {
      expect(effect).toMatchObject({ kind: "publish", message: { isKept: true, isRepeatable: true } });
    }
  });

  it("leave out what cannot be read", () => {
    expect(published(looked(running, sample({ celsius: undefined, system: undefined })))).toEqual([]);
    expect(published(looked(running, sample({ system: undefined })))).toEqual([`211,45,${time}`]);
  });

  it("bear no time while the clock is wrong", () => {
    expect(
      published(looked(running, sample({ isClockSynchronised: false, system: undefined }))).filter((text) =>
        text.startsWith("2"),
      ),
    ).toEqual(["211,45"]);
  });

  it.each([
    [10_000, 10],
    [60_000, 10],
    [300_000, 2],
    [3_600_000, 1],
  ])("at an interval of %i ms come %i times in ten looks", (intervalMs, times) => {
    let state = started(initialHealth({ ...limits, intervalMs })).state;
    let count = 0;
    for (let index = 0; index < 10; index += 1) {
      const step = looked(state, sample());
      state = step.state;
      if (published(step).length > 0) count += 1;
    }
    expect(count).toBe(times);
  });

  it("do not try the storage more often than once an hour, but at each look while it fails", () => {
    let state = started(initialHealth(limits)).state;
    const tries: number[] = [];
    for (let minute = 0; minute < 124; minute += 1) {
      const isStorageTried = triesStorage(state);
      if (isStorageTried) tries.push(minute);
      const storageProblem = isStorageTried && minute < 63 ? "full" : undefined;
      state = looked(state, sample({ isStorageTried, storageProblem })).state;
    }
    expect(tries).toEqual([60, 61, 62, 63, 120]);
  });
});

describe("alarms", () => {
  it("are limited in number, and their texts in length", () => {
    let alarms: Alarms = {};
    for (let index = 0; index < alarmsMax + 5; index += 1) {
      alarms = withAlarm(alarms, { alarmType: `a${index}`, severity: "MAJOR", text: "x".repeat(5_000) });
    }
    expect(Object.keys(alarms)).toHaveLength(alarmsMax);
    expect(alarms["a0"]?.text).toHaveLength(500);
  });

  it.each(["", "a b", "a,b", "__proto__", "x".repeat(65)])("have no type such as %j", (alarmType) => {
    expect(withAlarm({}, { alarmType, severity: "MAJOR", text: "" })).toEqual({});
    expect(withoutAlarm({}, alarmType)).toEqual({});
  });

  it("are read as they were written", () => {
    const alarms = withAlarm(old("x"), { alarmType: "constructor", severity: "WARNING", text: "ü" });
    expect(parseAlarms(writeAlarms(alarms))).toEqual(alarms);
    expect(alarmMessages(alarms, parseAlarms(writeAlarms(alarms)))).toEqual([]);
  });

  it.each(["", "{}", "[1]", "[null]", '[{"alarmType":"x"}]', '[{"alarmType":"x","severity":"BAD","text":""}]'])(
    "are not taken from the damaged text %j",
    (text) => {
      expect(() => parseAlarms(text)).toThrow();
    },
  );
});
