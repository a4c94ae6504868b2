// The client's end of the memory bench: opens a session to an echo server over any protocol, and sends lines through it.
import { setTimeout as pause } from "node:timers/promises";
import type { RemoteAccessProtocol } from "#protocol/remote-access.ts";
import { ClientHandshake } from "#protocol/rfb/client-handshake.ts";
import { writeClientInit } from "#protocol/rfb/messages.ts";
import type { ClientSession, EndpointAddress } from "#simulator/operator/client-session.ts";
import type { Operator } from "#simulator/operator.ts";
import { desktopName } from "./echo-servers.ts";

/** RFC 6143 section 7.3.2, without the name. */
const serverInitBytes = 24;
const lineBytes = 1_000;
const lastEchoMs = 20_000;

/** Open means that the echo is reached: signed in, with a shell or a desktop where the protocol has one. */
export async function openEchoSession(
  person: Operator,
  protocol: RemoteAccessProtocol,
  endpoint: EndpointAddress,
): Promise<ClientSession> {
  const session = await person.opens(endpoint);
  if (protocol === "VNC") await reachDesktop(session);
  await session.reaches("open");
  return session;
}

async function reachDesktop(session: ClientSession): Promise<void> {
  const handshake = new ClientHandshake({});
  let desktopBytes: number | undefined;
  const receive = (bytes: Uint8Array): void => {
    if (desktopBytes !== undefined) {
      desktopBytes += bytes.length;
      return;
    }
    const { send, outcome } = handshake.receive(bytes);
    for (const part of send) session.says(part);
    if (outcome === undefined) return;
    if (outcome.kind !== "authenticated") throw new Error(`The VNC handshake ended with ${outcome.kind}`);
    session.says(writeClientInit(true));
    desktopBytes = outcome.leftover.length;
  };
  // What came between the upgrade and now has been kept.
  if (session.bytesReceived > 0) receive(session.received);
  session.onBytes = receive;
  await session.sees(() => (desktopBytes ?? 0) >= serverInitBytes + desktopName.length, "the desktop");
  session.onBytes = () => undefined;
}

export interface Traffic {
  readonly lines: number;
  readonly everyMs: number;
}

/** Sends lines through all sessions, evenly spread over the time, and waits until all of them have come back. */
export async function echoThrough(sessions: readonly ClientSession[], { lines, everyMs }: Traffic): Promise<void> {
  const line = Buffer.alloc(lineBytes, "echo ");
  await Promise.all(
    sessions.map(async (session, index) => {
      const until = session.bytesReceived + lines * lineBytes;
      await pause((index * everyMs) / sessions.length);
      for (let number = 0; number < lines; number += 1) {
        session.says(line);
        await pause(everyMs);
      }
      await session.receives(until, lastEchoMs);
    }),
  );
}
