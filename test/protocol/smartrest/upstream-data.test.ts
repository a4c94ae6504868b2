// Measurements, alarms and lists as a gateway writes them: literal lines of protocol.md, read back by the cloud's parser.
import { describe, expect, it } from "vitest";
import { parseMessages } from "#protocol/smartrest/line.ts";
import { parseUpstream } from "#protocol/smartrest/upstream.ts";
import {
  alarmTextBytesMax,
  clearAlarm,
  createMeasurement,
  measureSignal,
  measureTemperature,
  raiseAlarm,
  setAlarmSeverity,
  setSupportedConfigurations,
  setSupportedLogs,
} from "#protocol/smartrest/upstream-data.ts";

const time = "2026-01-31T10:15:30.000Z";
const load = { fragment: "c8y_Load", series: "load1", value: 0.42, unit: "" };
const disk = { fragment: "c8y_Disk", series: "used", value: 1 / 3, unit: "%" };

describe("what a gateway tells", () => {
  it.each<[line: string, expected: string, message: object]>([
    [setSupportedLogs(["a", "b"]), "118,a,b", { kind: "set-supported-logs", types: ["a", "b"] }],
    [setSupportedConfigurations(["a"]), "119,a", { kind: "set-supported-configurations", types: ["a"] }],
    [
      createMeasurement({ type: "health", values: [load, disk], time }),
      `201,health,${time},c8y_Load,load1,0.42,,c8y_Disk,used,0.333,%`,
      { kind: "create-measurement", type: "health", time },
    ],
    [
      createMeasurement({ type: "health", values: [load] }),
      "201,health,,c8y_Load,load1,0.42,",
      { kind: "create-measurement", values: [load] },
    ],
    [measureSignal(-71), "210,-71,", { kind: "create-measurement", type: "c8y_SignalStrength" }],
    [measureSignal(-71, time), `210,-71,,${time}`, { kind: "create-measurement", time }],
    [measureTemperature(48.312), "211,48.312", { kind: "create-measurement", type: "c8y_TemperatureMeasurement" }],
    [measureTemperature(1e-9, time), `211,0,${time}`, { kind: "create-measurement", time }],
    [
      raiseAlarm({ severity: "CRITICAL", type: "t", text: "too hot, now", time }),
      `301,t,"too hot, now",${time}`,
      { kind: "raise-alarm", severity: "CRITICAL", type: "t", text: "too hot, now", time },
    ],
    [raiseAlarm({ severity: "MAJOR", type: "t", text: "x" }), "302,t,x", { severity: "MAJOR" }],
    [raiseAlarm({ severity: "MINOR", type: "t", text: "x" }), "303,t,x", { severity: "MINOR" }],
    [raiseAlarm({ severity: "WARNING", type: "t", text: "x" }), "304,t,x", { severity: "WARNING" }],
    [setAlarmSeverity("t", "MINOR"), "305,t,MINOR", { kind: "set-alarm-severity", type: "t", severity: "MINOR" }],
    [clearAlarm("t"), "306,t", { kind: "clear-alarm", type: "t" }],
  ])("%s", (line, expected, message) => {
    expect(line).toBe(expected);
    const [fields = []] = parseMessages(line);
    expect(parseUpstream(fields)).toMatchObject(message);
  });

  it("has alarms of one size at most", () => {
    const line = raiseAlarm({ severity: "MAJOR", type: "t", text: "ü".repeat(5_000) });
    expect(Buffer.byteLength(line)).toBe("302,t,".length + alarmTextBytesMax);
  });
});
