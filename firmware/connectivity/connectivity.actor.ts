// One connection to the cloud as an actor: does what the connectivity machine says and tells what happened.
import { fromCallback } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import { topics } from "#protocol/smartrest/topics.ts";
import { messageOf } from "../errors.ts";
import { type CloudMessage, parseCloudMessage } from "./cloud-message.ts";
import type { CloudPort } from "./dial-cloud.ts";
import { lastWill } from "./last-will.ts";
import { type MqttConnection, type MqttLogin, type NextTry, openMqtt } from "./mqtt-connection.ts";
import type { MqttWay, MqttWays } from "./mqtt-ways.ts";
import type { OfflineReason } from "./offline-reason.ts";
import type { TimeFloor } from "./time-floor.ts";
import type { TokenSource } from "./token-source.ts";

export interface SessionInput {
  readonly login: MqttLogin;
}

export type SessionCommand =
  /** In this order, each with QoS 1; answered by `session.published` once all are acknowledged. */
  | {
      readonly type: "session.publish";
      readonly tag: string;
      readonly topic: string;
      readonly payloads: readonly string[];
    }
  | { readonly type: "session.subscribe"; readonly topic: string; readonly qos: 0 | 1 }
  | { readonly type: "session.end" }
  /** Break it off; answered by `session.closed` with this reason. */
  | { readonly type: "session.fail"; readonly reason: OfflineReason };

/** All that this actor sends. */
export type SessionFact =
  | { readonly type: "session.connected"; readonly way: MqttWay }
  | { readonly type: "session.published"; readonly tag: string }
  | { readonly type: "session.subscribed"; readonly topic: string; readonly isGranted: boolean }
  | { readonly type: "session.received"; readonly message: CloudMessage }
  /** `draw` is a random number in [0, 1) for the back-off. */
  | {
      readonly type: "session.closed";
      readonly reason: OfflineReason;
      readonly detail?: string;
      readonly draw: number;
      readonly next?: NextTry;
    };

/** The connection lives as long as the actor; stopping the actor resets it and says nothing. */
export function cloudSession(
  hardware: Hardware,
  cloud: CloudPort | MqttWays,
  { tokens, timeFloor }: { readonly tokens?: TokenSource; readonly timeFloor?: TimeFloor } = {},
) {
  return fromCallback<SessionCommand, SessionInput>(({ sendBack, receive, input }) => {
    let verified: { readonly wallMs: number; readonly atMs: number } | undefined;
    // By the time at which the certificate was good, and what has passed since: a clock that jumps in mid-session says nothing.
    const stood = (): void => {
      if (verified === undefined) return;
      timeFloor?.stood(verified.wallMs + hardware.clock.monotonicMs() - verified.atMs);
    };
    const tell = (fact: SessionFact): void => {
      // Not of the first messages: a gateway that starts has enough to write.
      if (fact.type === "session.published" && fact.tag === "message") stood();
      sendBack(fact);
    };
    const connection = openMqtt(
      hardware,
      cloud,
      { ...input.login, will: lastWill },
      {
        connected: (way) => {
          tokens?.attached(connection);
          verified = { wallMs: hardware.clock.nowMs(), atMs: hardware.clock.monotonicMs() };
          tell({ type: "session.connected", way });
        },
        message: (topic, payload) => {
          if (topic === topics.tokenDown) {
            tokens?.received(payload);
            return;
          }
          for (const message of parseCloudMessage(topic, payload)) tell({ type: "session.received", message });
        },
        closed: (reason, detail, next) => {
          tokens?.detached(connection);
          const more = { ...(detail === undefined ? {} : { detail }), ...(next === undefined ? {} : { next }) };
          tell({ type: "session.closed", reason, draw: hardware.random.fraction(), ...more });
        },
      },
    );
    receive((command) => {
      obey(connection, command, tell).catch((error: unknown) => {
        const draw = hardware.random.fraction();
        tell({ type: "session.closed", reason: "internal.error", detail: messageOf(error), draw });
      });
    });
    return () => {
      tokens?.detached(connection);
      connection.abandon();
    };
  });
}

async function obey(
  connection: MqttConnection,
  command: SessionCommand,
  tell: (fact: SessionFact) => void,
): Promise<void> {
  switch (command.type) {
    case "session.publish": {
      const answers = await Promise.all(command.payloads.map((each) => connection.publish(command.topic, each, 1)));
      // A publish that was lost needs no word: `session.closed` comes.
      if (answers.every(Boolean)) tell({ type: "session.published", tag: command.tag });
      return;
    }
    case "session.subscribe": {
      const { topic } = command;
      const answer = await connection.subscribe(topic, command.qos);
      if (answer !== "lost") tell({ type: "session.subscribed", topic, isGranted: answer === "granted" });
      return;
    }
    case "session.end":
      connection.end();
      return;
    case "session.fail":
      connection.fail(command.reason);
      return;
    default:
      command satisfies never;
  }
}
