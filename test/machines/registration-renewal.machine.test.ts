// The renewal machine as a table: when it asks, what it changes over to and back, and what it warns of.
import { expect, test } from "vitest";
import type { CloudIdentity } from "#firmware/cloud-identity.ts";
import type { OfflineReason } from "#firmware/connectivity/offline-reason.ts";
import { renewalMachine } from "#firmware/registration/renewal.machine.ts";
import { play } from "./steps.ts";

const dayMs = 86_400_000;
const certificate = (chain: string, notBeforeDay = 0, source: "enrolment" | "files" = "enrolment") => ({
  kind: "certificate" as const,
  certificate: { chain, privateKey: "key" },
  notBeforeMs: notBeforeDay * dayMs,
  notAfterMs: (notBeforeDay + 360) * dayMs,
  source,
});
const old = certificate("old");
const renewed = certificate("new", 250);
const inputOf = (identity: CloudIdentity) => ({ deviceId: "gw-1", identity });

const done = (state: string) => (output: unknown) => ({ type: `xstate.done.actor.0.renewal.${state}`, output });
const broke = (state: string) => ({ type: `xstate.error.actor.0.renewal.${state}`, error: new Error("EIO") });
/** On this day, with the smallest jitter. */
const lookOn = (day: number, more: object = {}) => done("looking")({ nowMs: day * dayMs, draw: 0, ...more });
const online = { type: "renewal.online" };
const offline = (reason: OfflineReason) => ({ type: "renewal.offline", reason });
const wait = { type: "xstate.after.waitDelay.renewal.waiting" };
const ended = done("renewing");
const issued = ended({ kind: "stored", identity: renewed, draw: 0 });
const failed = (draw: number) => ended({ kind: "refused", status: 503, what: "busy", draw });
const left = offline("certificate.changed");
const refused = offline("mqtt.not-authorised");
const changing = [online, lookOn(240), issued, left];
const delay = (ms: number) => `xstate.after.waitDelay.renewal.waiting in ${ms} ms`;

interface Row {
  readonly name: string;
  readonly identity?: CloudIdentity;
  readonly events: readonly { readonly type: string; readonly [key: string]: unknown }[];
  readonly state: string;
  readonly does?: readonly string[];
  /** Chain of the certificate in use. */
  readonly uses?: string;
}

test.each<Row>([
  {
    name: "has nothing to do for a password",
    identity: { kind: "password", tenant: "t1", user: "u", password: "p" },
    events: [online],
    state: "notNeeded",
  },
  { name: "looks at clock and disk first", events: [], state: "looking" },
  {
    name: "looks again in 6 hours",
    events: [lookOn(10)],
    state: "waiting",
    does: ["stop 0.renewal.looking", delay(21_600_000)],
  },
  {
    name: "looks again when it is due, if that is sooner",
    events: [lookOn(239.9)],
    state: "waiting",
    does: ["stop 0.renewal.looking", delay(8_640_000)],
  },
  {
    name: "is due later by its jitter",
    events: [online, done("looking")({ nowMs: 244 * dayMs, draw: 0.9 })],
    state: "waiting",
  },
  {
    name: "waits no longer than an eighth of what is left, however often it has failed",
    events: [
      online,
      ...Array.from({ length: 12 }, () => [lookOn(359), failed(0.999), wait]).flat(),
      lookOn(359.5),
      failed(0.999),
    ],
    state: "waiting",
    does: expect.arrayContaining([delay(60_000 + Math.floor((dayMs / 2 / 8 - 60_000) * 0.999))]) as never,
  },
  { name: "asks at two thirds of the life", events: [online, lookOn(240)], state: "renewing" },
  { name: "waits for the connection if there is none", events: [lookOn(240)], state: "waitingForCloud" },
  { name: "looks again once it is there", events: [lookOn(240), online], state: "looking" },
  { name: "does not ask after it was lost", events: [online, offline("reset"), lookOn(240)], state: "waitingForCloud" },
  {
    name: "never renews what came in files",
    identity: certificate("files", 0, "files"),
    events: [online, lookOn(300)],
    state: "waiting",
  },
  {
    name: "warns of the end 30 days before, once",
    identity: certificate("files", 0, "files"),
    events: [lookOn(331)],
    state: "waiting",
    does: ["stop 0.renewal.looking", "log registration.certificate-expires", "tellAlarm", delay(21_600_000)],
  },
  {
    name: "does not warn twice",
    identity: certificate("files", 0, "files"),
    events: [lookOn(331), wait, lookOn(332)],
    state: "waiting",
    does: ["stop 0.renewal.looking", delay(21_600_000)],
  },
  {
    name: "says that the end is there",
    identity: certificate("files", 0, "files"),
    events: [lookOn(331), wait, lookOn(361)],
    state: "waiting",
    does: ["stop 0.renewal.looking", "log registration.certificate-expires", "tellAlarm", delay(21_600_000)],
  },
  {
    name: "takes the warning back if the clock was wrong",
    identity: certificate("files", 0, "files"),
    events: [lookOn(331), wait, lookOn(100)],
    state: "waiting",
    does: ["stop 0.renewal.looking", "tellCleared", delay(21_600_000)],
  },
  {
    name: "gives up a certificate that is past its end while nothing connects with it",
    events: [lookOn(361)],
    state: "ended",
    does: ["stop 0.renewal.looking", "log registration.certificate-expires", "tellAlarm", "tellEnded"],
  },
  { name: "still asks while the connection stands", events: [online, lookOn(361)], state: "renewing" },
  {
    name: "looks at once when that connection is lost",
    events: [online, lookOn(361), failed(0), offline("reset")],
    state: "looking",
  },
  {
    name: "does not look again for every lost connection",
    events: [online, lookOn(10), offline("reset")],
    state: "waiting",
    does: [],
  },
  {
    name: "never gives up what came in files",
    identity: certificate("files", 0, "files"),
    events: [lookOn(361)],
    state: "waiting",
  },
  {
    name: "tries a renewed certificate before it gives up",
    events: [lookOn(361, { renewed })],
    state: "changing.leaving",
  },
  {
    name: "changes over to what was issued",
    events: [online, lookOn(240), issued],
    state: "changing.leaving",
    does: ["stop 0.renewal.renewing", "log renewal.issued", "tellSwitched"],
    uses: "old",
  },
  {
    name: "tries again after a failure, between one and two minutes later",
    events: [online, lookOn(240), failed(0.5)],
    state: "waiting",
    does: ["stop 0.renewal.renewing", "log renewal.failed", delay(90_000)],
  },
  {
    name: "waits longer each time",
    events: [online, lookOn(240), failed(1), wait, lookOn(240), failed(1), wait, lookOn(240), failed(1)],
    state: "waiting",
    does: ["stop 0.renewal.renewing", "log renewal.failed", delay(480_000)],
  },
  { name: "outlives a question that throws", events: [online, lookOn(240), broke("renewing")], state: "waiting" },
  {
    name: "outlives a disk that cannot be read",
    events: [broke("looking")],
    state: "waiting",
    does: ["stop 0.renewal.looking", "log renewal.storage-failed", delay(60_000)],
  },
  {
    name: "tries a certificate that lies there from before",
    events: [lookOn(100, { renewed })],
    state: "changing.leaving",
    uses: "old",
  },
  {
    name: "does not take a connection for the new one's before the old one has gone",
    events: [online, lookOn(240), issued, online],
    state: "changing.leaving",
    uses: "old",
  },
  { name: "waits for the new one to connect", events: changing, state: "changing.connecting", uses: "old" },
  { name: "keeps the new one once it has connected", events: [...changing, online], state: "keeping", uses: "old" },
  {
    name: "uses it from then on",
    events: [...changing, online, done("keeping")({ ok: true })],
    state: "looking",
    uses: "new",
  },
  {
    name: "tries again to write it",
    events: [...changing, online, done("keeping")({ ok: false, why: "ENOSPC" })],
    state: "awaitingSpace",
    does: [
      "stop 0.renewal.keeping",
      "log renewal.storage-failed",
      "xstate.after.storageRetryDelay.renewal.awaitingSpace in 10000 ms",
    ],
  },
  { name: "outlives a disk that breaks", events: [...changing, online, broke("keeping")], state: "awaitingSpace" },
  {
    name: "takes two refusals for passing trouble",
    events: [...changing, refused, refused],
    state: "changing.connecting",
    does: [],
  },
  {
    name: "goes back after the third",
    events: [...changing, refused, refused, refused],
    state: "discarding",
    does: ["log renewal.refused", "tellSwitched", "tellAlarm", "spawn 0.renewal.discarding"],
    uses: "old",
  },
  {
    name: "asks for another one an hour later",
    events: [...changing, refused, refused, refused, done("discarding")({ ok: true })],
    state: "waiting",
    does: ["stop 0.renewal.discarding", delay(3_600_000)],
  },
  {
    name: "outlives a disk that keeps the refused one",
    events: [...changing, refused, refused, refused, broke("discarding")],
    state: "waiting",
  },
  {
    name: "takes the alarm back with the next that works",
    events: [
      ...[...changing, refused, refused, refused, done("discarding")({ ok: true }), wait],
      ...[online, lookOn(240), issued, left, online, done("keeping")({ ok: true })],
    ],
    state: "looking",
    does: ["stop 0.renewal.keeping", "log renewal.completed", "tellCleared", "spawn 0.renewal.looking"],
    uses: "new",
  },
  ...(["tls.failed", "reset", "mqtt.closed", "certificate.expired", "mqtt.login-refused"] as const).map((reason) => ({
    name: `takes ${reason} for a refusal of the certificate`,
    events: [...changing, offline(reason), offline(reason), offline(reason)],
    state: "discarding",
  })),
  ...(["timeout", "name-unknown", "refused", "unreachable", "mqtt.unavailable", "clock.wrong"] as const).map(
    (reason) => ({
      name: `takes ${reason} for no word about the certificate`,
      events: [...changing, ...Array.from({ length: 9 }, () => offline(reason))],
      state: "changing.connecting",
    }),
  ),
])("$name", ({ identity = old, events, state, does, uses }) => {
  const step = play(renewalMachine, inputOf(identity), events);
  expect(step.state).toBe(state);
  if (does !== undefined) expect(step.actions).toEqual(does);
  if (uses !== undefined) expect(step.snapshot.context.identity?.certificate.chain).toBe(uses);
});
