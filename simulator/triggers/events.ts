// The events that a fault can wait for, as a test names them: site.when(mqttPuback({ of: "114" })).apply(...).
import { createEvent } from "./event-kinds.ts";
import type { Direction, ProtocolEvent } from "./protocol-event.ts";

interface Where {
  /** Which of those that fit, from 1; the first by default. */
  readonly nth?: number;
  /** "up": from who dialled. */
  readonly direction?: Direction;
  /** Only on connections between these two hosts, and then inside websockets too. */
  readonly between?: readonly [string, string];
}

export function connectionOpened(options: Where & { readonly port?: number } = {}): ProtocolEvent {
  return createEvent({ event: "connection.opened", ...options });
}

/** When a connection's direction has brought `bytes` bytes. */
export function bytesSeen(options: Where & { readonly bytes: number; readonly port?: number }): ProtocolEvent {
  return createEvent({ event: "bytes.seen", ...options });
}

export function mqttConnack(options: Where & { readonly code?: number } = {}): ProtocolEvent {
  return createEvent({ event: "mqtt.connack", ...options });
}

/** `of`: first field of the payload, the SmartREST template. */
export function mqttPublish(options: Where & { readonly topic?: string; readonly of?: string } = {}): ProtocolEvent {
  return createEvent({ event: "mqtt.publish", ...options });
}

/** `of`: first field of the payload of the message that is acknowledged. */
export function mqttPuback(options: Where & { readonly topic?: string; readonly of?: string } = {}): ProtocolEvent {
  return createEvent({ event: "mqtt.puback", ...options });
}

/** A server has agreed to a websocket; `path`: what the request's path begins with. */
export function httpUpgrade(options: Where & { readonly path?: string } = {}): ProtocolEvent {
  return createEvent({ event: "http.upgrade", ...options });
}

export function websocketFrame(options: Where & { readonly opcode?: number } = {}): ProtocolEvent {
  return createEvent({ event: "websocket.frame", ...options });
}

/** When its first bytes arrive. */
export function rfbFramebufferUpdate(options: Where = {}): ProtocolEvent {
  return createEvent({ event: "rfb.framebuffer-update", ...options });
}

/** `code` 0: the login was right. */
export function rfbSecurityResult(options: Where & { readonly code?: number } = {}): ProtocolEvent {
  return createEvent({ event: "rfb.security-result", ...options });
}

export function telnetNegotiation(options: Where & { readonly option?: number } = {}): ProtocolEvent {
  return createEvent({ event: "telnet.negotiation", ...options });
}
