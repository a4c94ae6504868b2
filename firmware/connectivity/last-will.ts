// What the cloud says for a gateway that vanished: the last will of its MQTT connection (protocol.md 1.2).
import { topics } from "#protocol/smartrest/topics.ts";
import { createEvent } from "#protocol/smartrest/upstream.ts";

/** The type of the event. */
export const connectionLostEventType = "c8y_GatewayConnectionLost";

export interface LastWill {
  readonly topic: string;
  readonly payload: string;
}

/** Published by the cloud when the connection ends without a DISCONNECT: a power cut, a cable, a crash; not an orderly stop. */
export const lastWill: LastWill = {
  topic: topics.staticUp,
  payload: createEvent({
    type: connectionLostEventType,
    text: "The gateway's connection to the cloud broke off without a word",
  }),
};
