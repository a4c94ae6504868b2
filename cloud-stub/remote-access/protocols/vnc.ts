// VNC: with a stored password the relay signs in at the panel and asks the client for none; without one the client speaks itself.
import type { ProtocolStream } from "./protocol-stream.ts";
import { VncPassage } from "./vnc-passage.ts";
import { type VncOptions, VncSignIn } from "./vnc-sign-in.ts";

export function createVncStream(options: VncOptions): ProtocolStream {
  // Where something has to be changed the relay must know where the handshake ends: it speaks it itself.
  const isPassed = options.password === undefined && options.oddities === undefined;
  return isPassed ? new VncPassage(options) : new VncSignIn(options);
}
