// The client websocket of a session: text frames become facts and questions, binary frames go to screen or terminal.
import { clientPath, sessionSubprotocol } from "#protocol/remote-access.ts";
import {
  type ClientMessage,
  type CloudMessage,
  parseCloudMessage,
  writeSessionMessage,
} from "#protocol/session-channel.ts";
import type { ConnectionFact } from "./connection-state.ts";
import { type PanelQuestion, questionIn } from "./panel-question.ts";

interface SessionSocketOptions {
  readonly deviceId: string;
  readonly configurationId: string;
  readonly onFact: (fact: ConnectionFact) => void;
  readonly onOpen: () => void;
  readonly onBytes: (bytes: ArrayBuffer) => void;
  readonly onQuestion: (question: PanelQuestion) => void;
  readonly onNotice: (text: string) => void;
  /** `wasOpen` is false when the cloud refused the connection or could not be reached. */
  readonly onEnd: (end: { readonly code: number; readonly reason: string; readonly wasOpen: boolean }) => void;
}

export interface SessionSocket {
  send(bytes: Uint8Array): void;
  say(message: ClientMessage): void;
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
    const message = readMessage(event.data);
    if (message !== undefined) return tell(message, options);
    // The cloud is newer or broken. The person is told; the frame itself may not be shown.
    options.onFact({ type: "cloud.garbled" });
    socket.close(1000);
  };
  socket.onclose = ({ code, reason }) => options.onEnd({ code, reason, wasOpen });
  return {
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    say: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(writeSessionMessage(message));
    },
    close: () => socket.close(1000),
  };
}

function readMessage(text: string): CloudMessage | undefined {
  try {
    return parseCloudMessage(text);
  } catch {
    // A ProtocolError.
    return undefined;
  }
}

function tell(message: CloudMessage, { onFact, onQuestion, onNotice }: SessionSocketOptions): void {
  switch (message.type) {
    case "step":
      onFact({ type: "cloud.step", step: message.step });
      break;
    case "closed":
      onFact({ type: "cloud.closed", reason: message.reason, text: message.text });
      break;
    case "notice":
      onNotice(message.text);
      break;
    case "host-key":
    case "prompt":
      onQuestion(questionIn(message));
      break;
    default:
      message satisfies never;
  }
}
