// What happens on a connection, as its bytes tell, and the events of it that a fault can wait for.

/** "up": from who dialled towards who listens. */
export type Direction = "up" | "down";

/** Something that a recogniser has seen in a connection's bytes. */
export interface Happening {
  /** "mqtt.puback", as in `eventKinds`. */
  readonly name: string;
  readonly direction: Direction;
  /** "websocket": in the messages of a websocket, and not on the connection itself. */
  readonly inside: "tcp" | "websocket";
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** The two ends of a connection on which something happens. */
export interface EventConnection {
  readonly client: { readonly host: string; readonly port: number };
  readonly server: { readonly host: string; readonly port: number };
}

/** The nth happening of a kind, counted over all connections from when somebody began to wait for it. */
export interface ProtocolEvent {
  readonly name: string;
  /** "the 3rd rfb.framebuffer-update". */
  readonly describe: string;
  readonly nth: number;
  matches(happening: Happening, connection: EventConnection): boolean;
}

/** A pure reader of one connection's two streams: no clock, no IO; what it does not understand ends its interest. */
export interface Recogniser {
  receive(direction: Direction, bytes: Uint8Array): readonly Happening[];
}

export function ordinal(nth: number): string {
  const ending = nth % 100 >= 11 && nth % 100 <= 13 ? "th" : (["th", "st", "nd", "rd"][nth % 10] ?? "th");
  return `${nth}${ending}`;
}
