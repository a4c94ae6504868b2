// What the history of a gateway keeps of its log, and what it does not.
import { expect, test } from "vitest";
import { GatewayHistory } from "#firmware/status/history.ts";

/** Both clocks at hand. */
function start() {
  const time = { nowMs: 1_000_000, monotonicMs: 500 };
  const history = new GatewayHistory({
    nowMs: () => time.nowMs,
    monotonicMs: () => time.monotonicMs,
    setTimeout: () => ({ timer: undefined }),
    clearTimeout: () => {},
  });
  const passes = (ms: number): void => {
    time.nowMs += ms;
    time.monotonicMs += ms;
  };
  const logs = (event: string, fields = {}): void => history.noteEntry({ level: "warn", event, fields });
  return { history, time, passes, logs };
}

test("why a gateway is offline stays told while other things are logged, until it is online", () => {
  const { history, passes, logs } = start();
  logs("connectivity.offline", { reason: "timeout", detail: "no answer", advice: "wait", retryInMs: 5_000 });
  passes(1_000);
  logs("connectivity.message-dropped", { count: 3, why: "too long for the cloud" });
  logs("tunnel.closed", { operation: "1", reason: "cloud.lost", bytesUp: 1, bytesDown: 2 });
  expect(history.connectivitySince()).toEqual({
    sinceMs: 1_000_000,
    why: { event: "connectivity.offline", reason: "timeout", detail: "no answer", advice: "wait" },
    retryAtMs: 1_005_000,
  });
  passes(5_000);
  // It is being tried: what is over is not ahead.
  expect(history.connectivitySince().retryAtMs).toBeUndefined();
  history.noteStates("registered", "online");
  expect(history.connectivitySince()).toEqual({ sinceMs: 1_006_000 });
  // An old reason is none of a new outage.
  history.noteStates("registered", "offline");
  expect(history.connectivitySince().why).toBeUndefined();
  expect(history.dropped).toBe(3);
});

test("the state that holds keeps its time, however often it is noted", () => {
  const { history, passes } = start();
  history.noteStates("registered", "connecting");
  passes(10);
  history.noteStates("registered", "connecting");
  passes(10);
  expect(history.connectivitySince().sinceMs).toBe(1_000_000);
  history.noteStates("registered", "online");
  history.noteStates("registered", "offline");
  history.noteStates("registered", "online");
  expect(history.counters().online).toBe(2);
});

test("what is counted are closed lists of words: more than a hundred are none", () => {
  const { history, logs } = start();
  for (let index = 0; index < 150; index += 1) logs("connectivity.offline", { reason: `r${index}` });
  logs("connectivity.offline", { reason: "r0" });
  const { offline } = history.counters();
  expect(Object.keys(offline)).toHaveLength(100);
  expect(offline.r0).toBe(2);
});

test("a tunnel's request is forgotten with its end", () => {
  const { history, passes, logs } = start();
  logs("tunnel.requested", { operation: "7" });
  passes(3_000);
  expect(history.requestedAtMs("7")).toBe(1_000_000);
  logs("tunnel.opened", { operation: "7" });
  logs("tunnel.closed", { operation: "7", reason: "client.closed", bytesUp: 10, bytesDown: 20 });
  expect(history.requestedAtMs("7")).toBeUndefined();
  expect(history.counters()).toMatchObject({
    tunnelsOpened: 1,
    tunnelsClosed: { "client.closed": 1 },
    bytesUp: 10,
    bytesDown: 20,
  });
});

test("while it registers the last word of that is the reason, and none once it is registered", () => {
  const { history, logs } = start();
  history.noteStates("registering", "offline");
  logs("registration.waiting", { device: "gw-1", advice: "accept it" });
  expect(history.registrationSince().why).toEqual({ event: "registration.waiting", advice: "accept it" });
  logs("registration.completed", { tenant: "t1" });
  history.noteStates("registered", "offline");
  expect(history.registrationSince().why).toBeUndefined();
});
