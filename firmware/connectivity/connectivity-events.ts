// The connectivity machine's events and what it knows.
import type { AlarmFact } from "../alarm.ts";
import type { CloudIdentity } from "../cloud-identity.ts";
import type { ClockFact } from "./clock-watch.actor.ts";
import type { CloudMessage } from "./cloud-message.ts";
import type { SessionFact } from "./connectivity.actor.ts";
import type { DeviceFacts } from "./first-session.ts";
import type { QueueFact } from "./kept-queue.actor.ts";
import type { MqttLogin } from "./mqtt-connection.ts";
import type { MqttWay } from "./mqtt-ways.ts";
import type { OfflineReason } from "./offline-reason.ts";
import type { Outbox, OutgoingMessage, QueuedMessage } from "./outbox.ts";
import type { Standing } from "./session-end.ts";

export interface ConnectivityInput {
  readonly device: DeviceFacts;
}

export type ConnectivityCommand =
  /** The first time after registering; later it leaves the cloud in order and comes back as this one: a renewed certificate. */
  | { readonly type: "connectivity.start"; readonly identity: CloudIdentity }
  /** Leave the connection that stands, if any, and make another: what is dialled goes another way from now on. */
  | { readonly type: "connectivity.reconnect" }
  | ({ readonly type: "connectivity.publish" } & OutgoingMessage)
  /** Ends the actor; what waits for the cloud is sent first, within a limit. */
  | { readonly type: "connectivity.stop" };

/** What the parent is told. */
export type ConnectivityFact =
  | { readonly type: "connectivity.online" }
  | { readonly type: "connectivity.offline"; readonly reason: OfflineReason }
  | { readonly type: "connectivity.received"; readonly message: CloudMessage }
  /** Kept messages were lost to the queue's bounds: who told the cloud of a change tells it again how things are. */
  | { readonly type: "connectivity.dropped" }
  | AlarmFact;

export interface ConnectivityContext extends Outbox {
  readonly device: DeviceFacts;
  readonly login: MqttLogin;
  /** Failures since the last lasting connection. */
  readonly attempt: number;
  /** Refusals of user and password in a row. */
  readonly loginRefusals: number;
  /** Connections in a row that were closed soon and without a word. */
  readonly silentEnds: number;
  readonly retryInMs: number;
  /** Why it is not connected; undefined before the first end and while a connection lasts. */
  readonly why: OfflineReason | undefined;
  /** Which way the present connection goes, or the last one went. */
  readonly way: MqttWay | undefined;
  /** How far the present connection has come. */
  readonly standing: Standing;
  readonly hasTakeoverAlarm: boolean;
  readonly hasBeenOnline: boolean;
  readonly isStopping: boolean;
  /** Filters still to be asked for in this round, and those that were refused in it. */
  readonly wanted: readonly string[];
  readonly refused: readonly string[];
  /** Whether what an earlier run left is in the outbox: before that nothing is sent, for the order's sake. */
  readonly isQueueLoaded: boolean;
  /** Handed to the connection and not acknowledged yet, or acknowledged and not settled on the disk yet. */
  readonly sending: QueuedMessage | undefined;
}

export type ConnectivityEvent = ConnectivityCommand | SessionFact | QueueFact | ClockFact;
