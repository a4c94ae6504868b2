// One connection to the cloud as an actor: does what the connectivity machine says and tells what happened.
import { fromCallback } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import { messageOf } from "../errors.ts";
import { type CloudMessage, parseCloudMessage } from "./cloud-message.ts";
import type { CloudPort } from "./dial-cloud.ts";
import { type MqttConnection, type MqttLogin, openMqtt } from "./mqtt-connection.ts";
import type { OfflineReason } from "./offline-reason.ts";

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
  | { readonly type: "session.connected" }
  | { readonly type: "session.published"; readonly tag: string }
  | { readonly type: "session.subscribed"; readonly topic: string; readonly isGranted: boolean }
  | { readonly type: "session.received"; readonly message: CloudMessage }
  /** `draw` is a random number in [0, 1) for the back-off. */
  | {
      readonly type: "session.closed";
      readonly reason: OfflineReason;
      readonly detail?: string;
      readonly draw: number;
    };

/** The connection lives as long as the actor; stopping the actor resets it and says nothing. */
export function cloudSession(hardware: Hardware, cloud: CloudPort) {
  return fromCallback<SessionCommand, SessionInput>(({ sendBack, receive, input }) => {
    const tell = (fact: SessionFact): void => sendBack(fact);
    const connection = openMqtt(hardware, cloud, input.login, {
      connected: () => tell({ type: "session.connected" }),
      message: (topic, payload) => {
        for (const message of parseCloudMessage(topic, payload)) tell({ type: "session.received", message });
      },
      closed: (reason, detail) => {
        const draw = hardware.random.fraction();
        tell({ type: "session.closed", reason, draw, ...(detail === undefined ? {} : { detail }) });
      },
    });
    receive((command) => {
      obey(connection, command, tell).catch((error: unknown) => {
        const draw = hardware.random.fraction();
        tell({ type: "session.closed", reason: "internal.error", detail: messageOf(error), draw });
      });
    });
    return () => connection.abandon();
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
