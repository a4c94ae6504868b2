// One server for each protocol that sends back what it gets once a session stands: the panels of the memory bench.
import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import ssh2 from "ssh2";
import type { RemoteAccessProtocol } from "#protocol/remote-access.ts";
import { writeServerInit } from "#protocol/rfb/messages.ts";
import { rgb888 } from "#protocol/rfb/pixel-format.ts";
import { ServerHandshake } from "#protocol/rfb/server-handshake.ts";
import { challengeBytes } from "#protocol/rfb/vnc-authentication.ts";
import { ed25519Pair } from "#test/support/ed25519-pair.ts";

export const echoPassword = "panel";
export const desktopName = "echo";

const hostKey = ed25519Pair();

/** What an endpoint for a server has beside its name, address and port. */
export const echoCredentials: Readonly<Record<RemoteAccessProtocol, Readonly<Record<string, string>>>> = {
  PASSTHROUGH: { credentialsType: "NONE" },
  VNC: { credentialsType: "PASS_ONLY", password: echoPassword },
  TELNET: { credentialsType: "NONE" },
  SSH: { credentialsType: "USER_PASS", username: "bench", password: echoPassword, hostKey: hostKey.public },
};

export interface EchoServers extends AsyncDisposable {
  readonly ports: Readonly<Record<RemoteAccessProtocol, number>>;
}

export async function startEchoServers(): Promise<EchoServers> {
  await using stack = new AsyncDisposableStack();
  const start = async (serve: (socket: Socket) => void): Promise<number> => {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on("error", () => undefined);
      serve(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stack.defer(() => void server.close());
    return (server.address() as AddressInfo).port;
  };
  const ports = {
    PASSTHROUGH: await start((socket) => socket.pipe(socket)),
    VNC: await start(serveVnc),
    TELNET: await start(serveTelnet),
    SSH: await start(serveSsh),
  };
  const started = stack.move();
  return { ports, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** VNC Authentication, a desktop of one pixel, and then the echo. */
function serveVnc(socket: Socket): void {
  const challenge = randomBytes(challengeBytes);
  const handshake = new ServerHandshake({ security: { type: "vnc", password: echoPassword, challenge } });
  let state: "handshake" | "client-init" | "echo" = "handshake";
  const receive = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    if (state === "echo") {
      socket.write(bytes);
    } else if (state === "client-init") {
      state = "echo";
      socket.write(writeServerInit({ width: 1, height: 1, format: rgb888, name: desktopName }));
      receive(bytes.subarray(1));
    } else {
      const { send, outcome } = handshake.receive(bytes);
      for (const part of send) socket.write(part);
      if (outcome?.kind === "refused") socket.end();
      if (outcome?.kind !== "accepted") return;
      state = "client-init";
      receive(outcome.leftover);
    }
  };
  socket.on("data", receive);
  socket.write(handshake.start());
}

const [iac, sb, se, will, echo, suppressGoAhead] = [255, 250, 240, 251, 1, 3];

/** Offers what a telnetd offers, and sends back all but the client's part of the negotiation. */
function serveTelnet(socket: Socket): void {
  socket.write(Buffer.of(iac, will, echo, iac, will, suppressGoAhead));
  let command: number[] = [];
  socket.on("data", (bytes: Buffer) => {
    const text: number[] = [];
    for (const byte of bytes) {
      if (command.length === 0 && byte !== iac) text.push(byte);
      else command.push(byte);
      const isSubnegotiation = command[1] === sb;
      if (isSubnegotiation ? command.at(-1) === se && command.at(-2) === iac : command.length === 3) command = [];
    }
    if (text.length > 0) socket.write(Buffer.from(text));
  });
}

function serveSsh(socket: Socket): void {
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => {
      if (context.method === "password" && context.password === echoPassword) context.accept();
      else context.reject(["password"]);
    });
    connection.on("session", (accept) => {
      const session = accept();
      session.on("pty", (acceptPty) => acceptPty());
      session.on("shell", (acceptShell) => {
        const channel = acceptShell();
        channel.pipe(channel);
      });
    });
  });
  // The types of ssh2's Server do not have it; its own tests use it.
  (server as unknown as { injectSocket(socket: Socket): void }).injectSocket(socket);
}
