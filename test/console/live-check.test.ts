// When the form of an endpoint asks the cloud about what is typed, which answers count, and what of them is shown.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { errorsWhileTyping, type SaveErrors } from "#cloud-stub/console/src/remote-access/field-errors.ts";
import { LiveCheck, restMs } from "#cloud-stub/console/src/remote-access/live-check.ts";

interface Question {
  readonly draft: string;
  readonly signal: AbortSignal;
  readonly answer: (answer: string | undefined) => void;
  readonly fail: () => void;
}

let questions: Question[];
let told: string[];
let check: LiveCheck<string, string>;

beforeEach(() => {
  vi.useFakeTimers();
  questions = [];
  told = [];
  check = new LiveCheck({
    ask: (draft, signal) =>
      new Promise((resolve, reject) => {
        questions.push({ draft, signal, answer: resolve, fail: () => reject(new Error("no answer")) });
      }),
    tell: (answer, draft) => told.push(`${draft}: ${answer}`),
  });
});

afterEach(() => {
  check.stop();
  vi.useRealTimers();
});

const asked = () => questions.map(({ draft }) => draft);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("the check while typing", () => {
  it("asks once typing rests, about what then stands there", async () => {
    for (const text of ["1", "19", "192"]) {
      check.typed(text);
      await pass(restMs - 1);
    }
    expect(asked()).toEqual([]);
    await pass(1);
    expect(asked()).toEqual(["192"]);
    questions[0]?.answer("fine");
    await pass(0);
    expect(told).toEqual(["192: fine"]);
  });

  it("has one question under way, and drops an answer to what does not stand there any more", async () => {
    check.typed("a");
    await pass(restMs);
    check.typed("ab");
    await pass(restMs);
    check.typed("abc");
    await pass(restMs);
    expect(asked()).toEqual(["a"]);
    questions[0]?.answer("late");
    await pass(0);
    expect(asked()).toEqual(["a", "abc"]);
    questions[1]?.answer("now");
    await pass(0);
    expect(told).toEqual(["abc: now"]);
  });

  it("drops an answer that comes while somebody is typing on", async () => {
    check.typed("a");
    await pass(restMs);
    check.typed("ab");
    questions[0]?.answer("late");
    await pass(restMs);
    expect(asked()).toEqual(["a", "ab"]);
    expect(told).toEqual([]);
  });

  it("says nothing of what was asked before a save, and asks again after it", async () => {
    check.typed("a");
    await pass(restMs);
    check.typed("ab");
    check.forget();
    questions[0]?.answer("late");
    await pass(restMs);
    expect([asked(), told]).toEqual([["a"], []]);
    check.typed("abc");
    await pass(restMs);
    expect(asked()).toEqual(["a", "abc"]);
  });

  it("lives on after a question that nobody answered", async () => {
    check.typed("a");
    await pass(restMs);
    questions[0]?.fail();
    await pass(0);
    check.typed("ab");
    await pass(restMs);
    questions[1]?.answer("fine");
    await pass(0);
    expect(told).toEqual(["ab: fine"]);
  });

  it("never asks again where there is nobody who could answer", async () => {
    check.typed("a");
    await pass(restMs);
    questions[0]?.answer(undefined);
    await pass(0);
    check.typed("ab");
    await pass(10 * restMs);
    expect([asked(), told, vi.getTimerCount()]).toEqual([["a"], [], 0]);
  });

  it("stops with the form: the question under way is taken back, and nothing is left", async () => {
    check.typed("a");
    await pass(restMs);
    check.typed("ab");
    check.stop();
    expect([questions[0]?.signal.aborted, vi.getTimerCount()]).toEqual([true, 0]);
    questions[0]?.answer("late");
    await pass(restMs);
    expect([asked(), told]).toEqual([["a"], []]);
  });
});

describe("what is shown of an answer", () => {
  const nothing: SaveErrors = { fields: {} };
  const judged: SaveErrors = {
    fields: { name: "Name must be provided.", port: "Port must be a whole number from 1 to 65535." },
    general: "The device has 500 endpoints already.",
  };

  it.each<[string, SaveErrors, readonly string[], SaveErrors]>([
    ["nothing of fields that nobody has filled in", nothing, [], nothing],
    ["what is wrong in a field that is filled in", nothing, ["port"], { fields: { port: judged.fields.port ?? "" } }],
    [
      "what was said already, for as long as it is wrong",
      { fields: { name: "Name must be provided.", username: "User must be provided." } },
      [],
      { fields: { name: "Name must be provided." } },
    ],
    [
      "in the newest words",
      { fields: { port: "Port must be provided." } },
      [],
      { fields: { port: judged.fields.port ?? "" } },
    ],
    [
      "what is about no field, if a save said that",
      { fields: {}, general: "Refused." },
      [],
      { fields: {}, general: judged.general ?? "" },
    ],
    [
      "what a save said of the passphrase, which is not judged",
      { fields: { passphrase: "Passphrase is needed." } },
      [],
      { fields: { passphrase: "Passphrase is needed." } },
    ],
  ])("is %s", (_what, shown, done, expected) => {
    expect(errorsWhileTyping(shown, judged, (field) => done.includes(field))).toEqual(expected);
  });

  it("is nothing of a passphrase that the cloud was not given", () => {
    const locked: SaveErrors = { fields: { passphrase: "Passphrase is needed." } };
    expect(errorsWhileTyping(nothing, locked, () => true)).toEqual(nothing);
  });

  it("is nothing once all is right", () => {
    expect(errorsWhileTyping({ ...judged }, nothing, () => true)).toEqual(nothing);
  });
});
