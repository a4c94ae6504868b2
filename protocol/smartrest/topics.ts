// The MQTT topics of the platform that Postern uses (protocol.md 1.5), named from the device's side.

export const topics = {
  /** Device publishes messages of the static templates. */
  staticUp: "s/us",
  /** Device gets operations and answers of the static templates. */
  staticDown: "s/ds",
  /** Device gets lines about refused messages. */
  errors: "s/e",
  /** Unregistered device asks for its credentials with an empty payload. */
  credentialsUp: "s/ucr",
  credentialsDown: "s/dcr",
  /** Device asks for a token with an empty payload. */
  tokenUp: "s/uat",
  tokenDown: "s/dat",
  /** Device gets operations as JSON, with their ids. */
  operations: "devicecontrol/notifications",
  /** Device gets errors of JSON over MQTT. */
  jsonErrors: "error",
} as const;

export type Topic = (typeof topics)[keyof typeof topics];
