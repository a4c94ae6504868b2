// The enrolment machine as a table: from whatever lies on the disk to a certificate, and what it does on each answer.
import { expect, test } from "vitest";
import { enrolmentMachine } from "#firmware/registration/enrolment.machine.ts";
import { play } from "./steps.ts";

const input = { deviceId: "gw-1", oneTimePassword: "otp", keyAlgorithm: "ec-p256" as const };
const identity = {
  kind: "certificate",
  certificate: { chain: "chain", privateKey: "key" },
  notBeforeMs: 1,
  notAfterMs: 2,
  source: "enrolment",
};

const done = (state: string) => (output: unknown) => ({ type: `xstate.done.actor.0.enrolment.${state}`, output });
const broke = (state: string) => ({ type: `xstate.error.actor.0.enrolment.${state}`, error: new Error("EIO") });
const loaded = done("loading");
const enrolled = loaded({ kind: "enrolled", identity, problems: [] });
const enrolledAllTheSame = loaded({ kind: "enrolled", identity, problems: ["renewal.json: it is not JSON"] });
const nothing = loaded({ kind: "not-enrolled", problems: [] });
const onlyKey = loaded({ kind: "not-enrolled", privateKey: "key", problems: [] });
const damaged = loaded({ kind: "not-enrolled", privateKey: "key", problems: ["enrolment.json: it is not JSON"] });
const made = done("makingKey")({ ok: true, privateKey: "key" });
const asked = done("asking");
const issued = asked({ kind: "issued", chain: "chain", notBeforeMs: 1, notAfterMs: 2, draw: 0.5 });
const notRegistered = asked({ kind: "not-registered", draw: 0.5 });
const unauthorized = asked({ kind: "unauthorized", draw: 0.5 });
const unreachable = asked({ kind: "unreachable", reason: "refused", detail: "", draw: 0.5 });
const retry = { type: "xstate.after.retryDelay.enrolment.waiting" };
const again = [retry, onlyKey];
const stored = done("storing");
const storageRetry = (state: string) => ({ type: `xstate.after.storageRetryDelay.enrolment.${state}` });
const delay = (ms: number) => `xstate.after.retryDelay.enrolment.waiting in ${ms} ms`;

test.each([
  { name: "looks at the disk first", events: [], state: "loading" },
  { name: "is done with the certificate that is there", events: [enrolled], state: "known", logs: [] },
  {
    name: "is done with it although something else is damaged, and says so",
    events: [enrolledAllTheSame],
    state: "known",
    logs: ["log registration.state-damaged"],
  },
  { name: "makes a key where there is none", events: [nothing], state: "makingKey", logs: [] },
  { name: "asks with the key that is there", events: [onlyKey], state: "asking", logs: [] },
  {
    name: "says what is damaged and what to do, and asks",
    events: [damaged],
    state: "asking",
    logs: ["log registration.state-damaged"],
  },
  { name: "says it once", events: [damaged, notRegistered, retry, damaged], state: "asking", logs: [] },
  {
    name: "makes and asks nothing while the disk cannot be read",
    events: [broke("loading")],
    state: "awaitingStorage",
    logs: ["log registration.storage-failed"],
  },
  { name: "reads again after a while", events: [broke("loading"), storageRetry("awaitingStorage")], state: "loading" },
  {
    name: "asks with a key that is stored",
    events: [nothing, made],
    state: "asking",
    logs: ["log registration.key-made"],
  },
  {
    name: "does not use a key that is not stored",
    events: [nothing, done("makingKey")({ ok: false, why: "ENOSPC" })],
    state: "awaitingStorage",
    logs: ["log registration.storage-failed"],
  },
  { name: "outlives a key that cannot be made", events: [nothing, broke("makingKey")], state: "awaitingStorage" },
  { name: "stores what was issued before anything else", events: [onlyKey, issued], state: "storing", logs: [] },
  {
    name: "is done once it is stored",
    events: [onlyKey, issued, stored({ ok: true })],
    state: "registered",
    isNew: true,
  },
  {
    name: "keeps it in memory while it cannot be stored",
    events: [onlyKey, issued, stored({ ok: false, why: "ENOSPC" })],
    state: "awaitingSpace",
    logs: ["log registration.storage-failed"],
  },
  {
    name: "tries to store it again",
    events: [onlyKey, issued, stored({ ok: false, why: "ENOSPC" }), storageRetry("awaitingSpace")],
    state: "storing",
  },
  { name: "outlives a disk that breaks", events: [onlyKey, issued, broke("storing")], state: "awaitingSpace" },
  {
    name: "asks again in 10 s while nobody has registered the device",
    events: [onlyKey, notRegistered],
    state: "waiting",
    does: ["stop 0.enrolment.asking", "log registration.waiting", delay(10_000)],
  },
  {
    name: "says so once",
    events: [onlyKey, notRegistered, ...again, notRegistered],
    state: "waiting",
    does: ["stop 0.enrolment.asking", delay(10_000)],
  },
  {
    name: "says so again after something else",
    events: [onlyKey, notRegistered, ...again, unreachable, ...again, notRegistered],
    state: "waiting",
    logs: ["log registration.waiting"],
  },
  {
    name: "asks again in a minute after a wrong one-time password",
    events: [onlyKey, unauthorized],
    state: "waiting",
    does: ["stop 0.enrolment.asking", "log registration.refused", delay(60_000)],
  },
  {
    name: "tells a wrong one-time password after a missing registration",
    events: [onlyKey, notRegistered, ...again, unauthorized],
    state: "waiting",
    logs: ["log registration.refused"],
  },
  {
    name: "asks again in a minute where there is no authority",
    events: [onlyKey, asked({ kind: "no-authority", draw: 0 })],
    state: "waiting",
    does: ["stop 0.enrolment.asking", "log registration.refused", delay(60_000)],
  },
  {
    name: "asks again in 10 s what takes its time",
    events: [onlyKey, asked({ kind: "pending", draw: 0 })],
    state: "waiting",
    does: ["stop 0.enrolment.asking", "log registration.waiting", delay(10_000)],
  },
  {
    name: "tells of another refusal although there was one before",
    events: [
      onlyKey,
      asked({ kind: "refused", status: 500, what: "a", draw: 0 }),
      ...again,
      asked({ kind: "refused", status: 503, what: "a", draw: 0 }),
    ],
    state: "waiting",
    logs: ["log registration.refused"],
  },
  {
    name: "backs off while the cloud cannot be reached",
    events: [onlyKey, unreachable, ...again, unreachable, ...again, unreachable],
    state: "waiting",
    does: ["stop 0.enrolment.asking", "log registration.interrupted", delay(2_000)],
  },
  {
    name: "begins the back-off anew once it answered",
    events: [onlyKey, unreachable, ...again, unreachable, ...again, notRegistered, ...again, unreachable],
    state: "waiting",
    does: ["stop 0.enrolment.asking", "log registration.interrupted", delay(500)],
  },
  {
    name: "outlives a question that throws",
    events: [onlyKey, broke("asking")],
    state: "waiting",
    logs: ["log internal.error"],
  },
  { name: "looks at the disk before each question", events: [onlyKey, notRegistered, retry], state: "loading" },
  {
    name: "takes the certificate that turns out to be good after all",
    events: [damaged, notRegistered, retry, enrolled],
    state: "known",
    isNew: false,
  },
])("$name", ({ events, state, does, logs, isNew }) => {
  const step = play(enrolmentMachine, input, events);
  expect(step.state).toBe(state);
  if (does !== undefined) expect(step.actions).toEqual(does);
  if (logs !== undefined) expect(step.actions.filter((each) => each.startsWith("log"))).toEqual(logs);
  if (isNew !== undefined) expect(step.snapshot.output).toEqual({ identity, isNew });
});
