// The client websocket of a session: text frames become facts for the bar, binary frames go to the screen.
import { clientPath, sessionSubprotocol } from "#protocol/remote-access.ts";
import { parseCloudMessage } from "#protocol/session-channel.ts";
import type { ConnectionFact } from "./connection-state.ts";

interface SessionSocketOptions {
  readonly deviceId: string;
  readonly configurationId: string;
  readonly onFact: (fact: ConnectionFact) => void;
  readonly onOpen: () => void;
  readonly onBytes: (bytes: ArrayBuffer) => void;
  /** `wasOpen` is false when the cloud refused the connection or could not be reached. */
  readonly onEnd: (end: { readonly code: number; readonly reason: string; readonly wasOpen: boolean }) => void;
}

export interface SessionSocket {
  send(bytes: Uint8Array): void;
  /** Closes in order (1000); `onEnd` still comes. */
  close(): void;
}

export function openSessionSocket(options: SessionSocketOptions): SessionSocket {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(
    `${scheme}//${location.host}${clientPath(options.deviceId, options.configurationId)}`,
    sessionSubprotocol,
  );
  socket.binaryType = "arraybuffer";
  let wasOpen = false;
  socket.onopen = () => {
    wasOpen = true;
    options.onOpen();
  };
  socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
    if (typeof event.data !== "string") {
      options.onBytes(event.data);
      return;
    }
    const fact = readFact(event.data);
    if (fact !== undefined) options.onFact(fact);
    if (fact?.type === "cloud.garbled") socket.close(1000);
  };
  socket.onclose = ({ code, reason }) => options.onEnd({ code, reason, wasOpen });
  return {
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    close: () => socket.close(1000),
  };
}

function readFact(text: string): ConnectionFact | undefined {
  try {
    const message = parseCloudMessage(text);
    switch (message.type) {
      case "step":
        return { type: "cloud.step", step: message.step };
      case "closed":
        return { type: "cloud.closed", reason: message.reason, text: message.text };
      case "host-key":
      case "prompt":
      case "notice":
        // Only terminal sessions have these, and this page opens none.
        return undefined;
      default:
        return message satisfies never;
    }
  } catch {
    // A ProtocolError: the cloud is newer or broken. The person is told; the frame itself may not be shown.
    return { type: "cloud.garbled" };
  }
}
