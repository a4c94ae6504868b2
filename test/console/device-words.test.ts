// What the console makes of a gateway's measurements and of what it gives for an operation.
import { describe, expect, it } from "vitest";
import { resultFile } from "#cloud-stub/console/src/control/operation-words.ts";
import { inOrder, readNumber, readRange, seriesWords } from "#cloud-stub/console/src/health/measurement-words.ts";
import { type Measurement, seriesOf } from "#cloud-stub/console/src/health/series.ts";

const at = (minute: number): string => `2026-11-24T10:0${minute}:00.000Z`;

describe("measurements", () => {
  it("become series, each with its points in time and its last unit", () => {
    const measurements: Measurement[] = [
      { time: at(0), type: "a", c8y_T: { T: { value: 1, unit: "C" } } },
      { time: at(1), type: "b", c8y_T: { T: { value: 2, unit: "K" }, U: { value: -3.5 } } },
    ];
    expect(seriesOf(measurements)).toEqual([
      {
        key: "c8y_T.T",
        fragment: "c8y_T",
        name: "T",
        unit: "K",
        points: [
          { atMs: Date.parse(at(0)), value: 1 },
          { atMs: Date.parse(at(1)), value: 2 },
        ],
      },
      { key: "c8y_T.U", fragment: "c8y_T", name: "U", unit: "", points: [{ atMs: Date.parse(at(1)), value: -3.5 }] },
    ]);
  });

  it("of other shapes are left out", () => {
    const odd = { time: at(0), a: null, b: "x", c: [1], d: { e: null, f: 1, g: { value: "1" }, h: { value: null } } };
    expect(seriesOf([odd, { time: at(0), source: { id: "1001", self: "https://c.example" } }])).toEqual([]);
  });

  it("stand in the order in which a person looks for them, under plain words", () => {
    const series = seriesOf([
      {
        time: at(0),
        zz_Other: { x: { value: 1, unit: "bar" } },
        postern_Memory: { used: { value: 40, unit: "%" } },
        c8y_TemperatureMeasurement: { T: { value: 50, unit: "C" } },
      },
    ]);
    expect(inOrder(series).map(seriesWords)).toMatchObject([
      { label: "CPU temperature", unit: "°C" },
      { label: "Memory in use", unit: "%" },
      { label: "zz_Other x", unit: "bar" },
    ]);
  });

  it.each([
    [0, "0"],
    [0.15, "0.15"],
    [0.1 + 0.2, "0.3"],
    [9.999, "10"],
    [51.26, "51.3"],
    [-87, "-87"],
    [1234.6, "1235"],
    [0.000_12, "0.000120"],
    [12_345_678, "1.23e+7"],
  ])("%d reads %s", (value, text) => {
    expect(readNumber(value)).toBe(text);
  });

  it.each([
    [[5], "always 5"],
    [[5, 5], "always 5"],
    [[3, 9, 4], "3 to 9"],
  ])("%j range over %s", (values, text) => {
    expect(readRange(values.map((value) => ({ atMs: 0, value })))).toBe(text);
  });
});

describe("the file that a gateway gave", () => {
  const ofLog = (file: string) =>
    resultFile({ id: "1", status: "SUCCESSFUL", c8y_LogfileRequest: { logFile: "system", file } });

  it.each([
    ["https://c.example:8443/event/events/12/binaries", "/event/events/12/binaries"],
    ["http://c.example/inventory/binaries/7", "/inventory/binaries/7"],
  ])("%s is fetched from this cloud", (address, path) => {
    expect(ofLog(address)).toEqual({ path, name: "system" });
  });

  it.each([
    "",
    "up 3 days",
    "javascript:alert(1)",
    "/event/events/12/binaries",
    "https://c.example/event/events/12/binaries?x",
    "https://c.example/event/events/../user/currentUser/12/binaries",
    "https://c.example/x/event/events/12/binaries",
    "https://c.example/inventory/binaries/7/../../../user/currentUser",
    "https://c.example\n/inventory/binaries/7",
    "https://c.example/inventory/binaries/7\n",
  ])("%j is none", (address) => {
    expect(ofLog(address)).toBeUndefined();
  });

  it("of a configuration bears its type", () => {
    const file = "https://c.example/event/events/3/binaries";
    const operation = { id: "1", status: "SUCCESSFUL", c8y_UploadConfigFile: { type: "postern-gateway", file } };
    expect(resultFile(operation)).toEqual({ path: "/event/events/3/binaries", name: "postern-gateway" });
  });
});
