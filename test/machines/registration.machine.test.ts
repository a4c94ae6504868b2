// The registration machine as a table: from stored, missing or damaged credentials to known ones, and what it does when something fails.
import { expect, test } from "vitest";
import { registrationMachine } from "#firmware/registration/registration.machine.ts";
import { play } from "./steps.ts";

const input = {
  deviceId: "gw-1",
  registration: { method: "bootstrap" as const, user: "management/devicebootstrap", password: "p" },
};
const credentials = { tenant: "t1000", user: "device_gw-1", password: "secret" };

const loaded = (output: unknown) => ({ type: "xstate.done.actor.0.registration.loading", output });
const found = loaded({ kind: "found", credentials });
const missing = loaded({ kind: "missing" });
const damaged = loaded({ kind: "damaged", what: "credentials.json is not JSON" });
const unreadable = { type: "xstate.error.actor.0.registration.loading", error: new Error("EIO") };
const readAgain = { type: "xstate.after.storageRetryDelay.registration.awaitingStorage" };
const ready = { type: "bootstrap.ready" };
const received = { type: "bootstrap.received", credentials };
const garbage = { type: "bootstrap.unreadable", what: "x" };
const closed = (reason: string, draw = 0.5) => ({ type: "bootstrap.closed", reason, draw });
const reconnect = { type: "xstate.after.reconnectDelay.registration.asking.offline" };
const askAgain = { type: "xstate.after.askInterval.registration.asking.connected.polling" };
const lasting = { type: "xstate.after.lastingConnection.registration.asking.connected" };
const written = (output: unknown) => ({ type: "xstate.done.actor.0.registration.asking.connected.storing", output });
const stored = written({ ok: true });
const full = written({ ok: false, why: "ENOSPC" });
const writeAgain = { type: "xstate.after.storageRetryDelay.registration.asking.connected.awaitingSpace" };
const leaveLimit = { type: "xstate.after.leaveLimit.registration.asking.connected.leaving" };

const polling = [missing, ready];

test.each([
  {
    name: "starts by looking for stored credentials",
    events: [],
    state: "loading",
    does: ["spawn 0.registration.loading"],
  },
  {
    name: "is done with credentials that were stored",
    events: [found],
    state: "known",
    does: ["stop 0.registration.loading"],
    isNew: false,
  },
  { name: "asks the cloud when there are none", events: [missing], state: "asking.connected.connecting" },
  {
    name: "asks the cloud when they are damaged, and says so",
    events: [damaged],
    state: "asking.connected.connecting",
    logs: ["log registration.credentials-damaged", "log registration.waiting"],
  },
  {
    name: "asks nothing while the storage cannot be read",
    events: [unreadable],
    state: "awaitingStorage",
    logs: ["log registration.storage-failed"],
  },
  { name: "reads again after a while", events: [unreadable, readAgain], state: "loading" },
  {
    name: "asks once it is connected",
    events: polling,
    state: "asking.connected.polling",
    does: ["send bootstrap.ask", "xstate.after.askInterval.registration.asking.connected.polling in 5000 ms"],
  },
  {
    name: "asks again every 5 s",
    events: [...polling, askAgain],
    state: "asking.connected.polling",
    does: ["send bootstrap.ask", "xstate.after.askInterval.registration.asking.connected.polling in 5000 ms"],
  },
  {
    name: "logs an answer that it cannot read and goes on",
    events: [...polling, garbage],
    state: "asking.connected.polling",
    does: ["log smartrest.refused"],
  },
  {
    name: "backs off when the bootstrap login is refused, and says so",
    events: [missing, closed("mqtt.login-refused")],
    state: "asking.offline",
    logs: ["log registration.refused"],
    attempt: 1,
  },
  {
    name: "backs off when the connection breaks",
    events: [...polling, closed("reset")],
    state: "asking.offline",
    logs: ["log registration.interrupted"],
    attempt: 1,
  },
  {
    name: "backs off longer each time",
    events: [missing, closed("refused"), reconnect, closed("refused"), reconnect, closed("refused")],
    state: "asking.offline",
    does: [
      "stop bootstrap",
      "log registration.interrupted",
      "xstate.after.reconnectDelay.registration.asking.offline in 2000 ms",
    ],
    attempt: 3,
  },
  {
    name: "does not take a short connection for a good one",
    events: [missing, closed("refused"), reconnect, ready, closed("reset")],
    state: "asking.offline",
    attempt: 2,
  },
  {
    name: "takes a lasting connection for a good one",
    events: [missing, closed("refused"), reconnect, ready, lasting],
    state: "asking.connected.polling",
    attempt: 0,
  },
  {
    name: "comes back after the delay",
    events: [missing, closed("refused"), reconnect],
    state: "asking.connected.connecting",
  },
  {
    name: "stores what it was given, before anything else",
    events: [...polling, received],
    state: "asking.connected.storing",
    does: ["spawn 0.registration.asking.connected.storing"],
  },
  {
    name: "leaves the bootstrap connection in order once they are stored",
    events: [...polling, received, stored],
    state: "asking.connected.leaving",
    does: [
      "stop 0.registration.asking.connected.storing",
      "send bootstrap.leave",
      "xstate.after.leaveLimit.registration.asking.connected.leaving in 1500 ms",
    ],
  },
  {
    name: "is done once it has left",
    events: [...polling, received, stored, closed("mqtt.closed")],
    state: "registered",
    isNew: true,
  },
  {
    name: "is done although the cloud does not close",
    events: [...polling, received, stored, leaveLimit],
    state: "registered",
    isNew: true,
  },
  {
    name: "keeps them in memory while they cannot be stored",
    events: [...polling, received, full],
    state: "asking.connected.awaitingSpace",
    logs: ["log registration.storage-failed"],
  },
  {
    name: "keeps them although the connection ends meanwhile",
    events: [...polling, received, full, closed("reset")],
    state: "asking.connected.awaitingSpace",
    does: [],
  },
  {
    name: "keeps storing although the connection ends meanwhile",
    events: [...polling, received, closed("reset")],
    state: "asking.connected.storing",
    does: [],
  },
  {
    name: "tries to store them again",
    events: [...polling, received, full, writeAgain],
    state: "asking.connected.storing",
  },
  {
    name: "does nothing on a second answer",
    events: [...polling, received, received],
    state: "asking.connected.storing",
    does: [],
  },
  { name: "does nothing on facts before it has asked", events: [ready, received], state: "loading", does: [] },
  {
    name: "does nothing on credentials before it listens for them",
    events: [missing, received],
    state: "asking.connected.connecting",
    does: [],
  },
  {
    name: "does nothing on facts of a connection that is gone",
    events: [...polling, closed("reset"), ready, received],
    state: "asking.offline",
    does: [],
  },
])("$name", ({ events, state, does, logs, attempt, isNew }) => {
  const step = play(registrationMachine, input, events);
  expect(step.state).toBe(state);
  if (does !== undefined) expect(step.actions).toEqual(does);
  if (logs !== undefined) expect(step.actions.filter((each) => each.startsWith("log"))).toEqual(logs);
  if (attempt !== undefined) expect(step.snapshot.context.attempt).toBe(attempt);
  if (isNew !== undefined)
    expect(step.snapshot.output).toEqual({ identity: { kind: "password", ...credentials }, isNew });
});

const certificate = { chain: "chain", privateKey: "key" };
const byCertificate = { deviceId: "gw-1", registration: { method: "certificate" as const, certificate } };
const examined = (output: unknown) => ({ type: "xstate.done.actor.0.registration.examining", output });
const good = { ok: true, notBeforeMs: 1_000, notAfterMs: 9_000 };
const identity = { kind: "certificate", certificate, notBeforeMs: 1_000, notAfterMs: 9_000, source: "files" };
const examineBroke = { type: "xstate.error.actor.0.registration.examining", error: new Error("bug") };
const restart = { type: "xstate.after.restartDelay.registration.broken" };

test.each([
  { name: "examines the certificate of the configuration", events: [], state: "examining" },
  { name: "is done with a good one", events: [examined({ ...good, nowMs: 5_000 })], state: "known", logs: [] },
  {
    name: "uses one that has ended, and says so",
    events: [examined({ ...good, nowMs: 9_000 })],
    state: "known",
    logs: ["log registration.certificate-expired"],
  },
  {
    name: "uses one that is not valid yet, and suspects the clock",
    events: [examined({ ...good, nowMs: 0 })],
    state: "known",
    logs: ["log registration.certificate-not-yet-valid"],
  },
  {
    name: "stays up with one that cannot be used",
    events: [examined({ ok: false, what: "x", nowMs: 0 })],
    state: "unusable",
    logs: ["log registration.certificate-unusable"],
  },
  {
    name: "says so again after a while",
    events: [
      examined({ ok: false, what: "x", nowMs: 0 }),
      { type: "xstate.after.examineAgainDelay.registration.unusable" },
      examined({ ok: false, what: "x", nowMs: 0 }),
    ],
    state: "unusable",
    logs: ["log registration.certificate-unusable"],
  },
  { name: "outlives a bug", events: [examineBroke], state: "broken", logs: ["log internal.error"] },
  { name: "begins anew after it", events: [examineBroke, restart], state: "examining" },
])("by certificate: $name", ({ events, state, logs }) => {
  const step = play(registrationMachine, byCertificate, events);
  expect(step.state).toBe(state);
  if (logs !== undefined) expect(step.actions.filter((each) => each.startsWith("log"))).toEqual(logs);
  if (state === "known") expect(step.snapshot.output).toEqual({ identity, isNew: false });
});

const byEnrolment = {
  deviceId: "gw-1",
  registration: { method: "enrolment" as const, oneTimePassword: "otp", keyAlgorithm: "ec-p256" as const },
};
const enrolledAs = (isNew: boolean) => ({ type: "xstate.done.actor.enrolment", output: { identity, isNew } });
const enrolmentBroke = { type: "xstate.error.actor.enrolment", error: new Error("bug") };

test.each([
  { name: "leaves it to the enrolment", events: [], state: "enrolling", isNew: undefined },
  { name: "is done with a certificate that was there", events: [enrolledAs(false)], state: "known", isNew: false },
  { name: "is done with a new certificate", events: [enrolledAs(true)], state: "registered", isNew: true },
  { name: "outlives a bug", events: [enrolmentBroke], state: "broken", isNew: undefined },
  { name: "begins anew after it", events: [enrolmentBroke, restart], state: "enrolling", isNew: undefined },
])("by enrolment: $name", ({ events, state, isNew }) => {
  const step = play(registrationMachine, byEnrolment, events);
  expect(step.state).toBe(state);
  if (isNew !== undefined) expect(step.snapshot.output).toEqual({ identity, isNew });
});

test("gives the security token to the bootstrap connection, and nothing where there is none", () => {
  const inputOf = (registration: typeof input.registration & { securityToken?: string }) => {
    const step = play(registrationMachine, { deviceId: "gw-1", registration }, [missing]);
    return step.snapshot.children["bootstrap"]?.getPersistedSnapshot() as unknown as { input: unknown };
  };
  const login = { clientId: "gw-1", user: "management/devicebootstrap", password: "p" };
  expect(inputOf({ ...input.registration, securityToken: "t" }).input).toEqual({ login, securityToken: "t" });
  expect(inputOf(input.registration).input).toEqual({ login });
});
