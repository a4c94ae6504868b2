// A panel that does what a session's opening says and keeps account of every byte, for comparing with the operator's own.
import type { Connection, TimerHandle } from "#hardware/ports.ts";
import { type PanelHost, PanelListener, type PanelProgram, type RunningPanel } from "../panels/panel.ts";
import { Arrived, knownBytes, type Opening, openingBytes, readOpening } from "./known-bytes.ts";

/** What the panel knows of one session. */
export interface PanelAccount {
  readonly id: number;
  readonly received: Arrived;
  /** Bytes handed to the panel's system. */
  sent: number;
  /** The end of the other side's stream has come. */
  hasSeenEnd: boolean;
  isClosed: boolean;
}

export interface RunningCheckedPanel extends RunningPanel {
  /** In the order in which they came; a session may be there twice if the gateway dialled twice. */
  readonly accounts: readonly PanelAccount[];
  /** Connections that began with something else than a whole opening. */
  readonly unreadable: number;
}

export function checkedPanel(port = 4000): PanelProgram<RunningCheckedPanel> {
  return { port, endpoint: { protocol: "PASSTHROUGH" }, start: (host) => start(host, port) };
}

async function start(host: PanelHost, port: number): Promise<RunningCheckedPanel> {
  const accounts: PanelAccount[] = [];
  let unreadable = 0;
  const listener = await PanelListener.open(host, port, (connection) => {
    serve(host, connection, {
      opened: (account) => accounts.push(account),
      unreadable: () => {
        unreadable += 1;
      },
    });
  });
  return {
    port: listener.port,
    accounts,
    get unreadable() {
      return unreadable;
    },
    get connections() {
      return listener.connections;
    },
    close: () => listener.close(),
  };
}

interface Owner {
  opened(account: PanelAccount): void;
  unreadable(): void;
}

function serve(host: PanelHost, connection: Connection, owner: Owner): void {
  const { stream } = connection;
  let head = Buffer.alloc(0);
  let account: PanelAccount | undefined;
  const take = (bytes: Buffer): void => {
    if (account !== undefined) {
      account.received.take(bytes);
      return;
    }
    head = Buffer.concat([head, bytes]);
    if (head.length < openingBytes) return;
    const opening = readOpening(head.subarray(0, openingBytes));
    if (opening === undefined) {
      owner.unreadable();
      connection.reset();
      return;
    }
    account = { id: opening.id, received: new Arrived(opening.id, "up"), sent: 0, hasSeenEnd: false, isClosed: false };
    owner.opened(account);
    account.received.take(head.subarray(openingBytes));
    speak(host, connection, opening, account);
  };
  stream.on("data", take);
  stream.on("end", () => {
    if (account !== undefined) account.hasSeenEnd = true;
    stream.end();
  });
  stream.once("close", () => {
    if (account !== undefined) account.isClosed = true;
  });
}

/** Sends its bytes piece by piece, as its writer's queue allows, and then does what it shall do at the end. */
function speak(host: PanelHost, connection: Connection, opening: Opening, account: PanelAccount): void {
  const { stream } = connection;
  const { id, bytes, pieceBytes, everyMs, panelThen } = opening;
  let timer: TimerHandle | undefined;
  const next = (): void => {
    timer = undefined;
    if (stream.destroyed || stream.writableEnded) return;
    if (account.sent >= bytes) {
      if (panelThen === "ends") stream.end();
      if (panelThen === "resets") connection.reset();
      return;
    }
    const piece = knownBytes(id, "down", account.sent, Math.min(pieceBytes, bytes - account.sent));
    account.sent += piece.length;
    if (!stream.write(piece)) stream.once("drain", wait);
    else wait();
  };
  const wait = (): void => {
    timer = host.clock.setTimeout(next, everyMs);
  };
  stream.once("close", () => host.clock.clearTimeout(timer));
  next();
}
