// Doors before a panel that a test holds shut: one keeps back what the panel says, one does not even take the connection.
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { eventually, Program } from "./processes.ts";

/** Takes connections and passes on what comes in, but nothing of what the panel says until `opens`. */
export class MuteDoor {
  port = 0;
  /** Connections that stand. */
  connections = 0;
  readonly #panelPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();
  #isShut = true;

  private constructor(panelPort: number) {
    this.#panelPort = panelPort;
    this.#server = createServer((outside) => this.#take(outside));
  }

  static async before(panelPort: number): Promise<MuteDoor> {
    const door = new MuteDoor(panelPort);
    await new Promise<void>((resolve) => door.#server.listen(0, "127.0.0.1", resolve));
    door.port = (door.#server.address() as AddressInfo).port;
    return door;
  }

  shuts(): void {
    this.#isShut = true;
  }

  opens(): void {
    this.#isShut = false;
    for (const pass of this.#waiting) pass();
    this.#waiting.clear();
  }

  async isHolding(): Promise<void> {
    await eventually("a connection in the door", () => (this.#waiting.size > 0 ? true : undefined));
  }

  async isLeft(): Promise<void> {
    await eventually("nobody in the door", () => (this.connections === 0 ? true : undefined));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #take(outside: Socket): void {
    const inside = connect(this.#panelPort, "127.0.0.1");
    const pass = (): void => void inside.pipe(outside);
    this.connections += 1;
    outside.once("close", () => {
      this.connections -= 1;
      this.#waiting.delete(pass);
    });
    for (const [socket, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.once("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    outside.pipe(inside);
    if (this.#isShut) this.#waiting.add(pass);
    else pass();
  }
}

/** Connections that a stopped program's queue takes at a backlog of 1 before the kernel answers no more of them. */
const queueLength = 2;

const relay = (panelPort: number) => `
const net = require("node:net");
const server = net.createServer((outside) => {
  const inside = net.connect(${panelPort}, "127.0.0.1");
  for (const [a, b] of [[outside, inside], [inside, outside]]) a.on("error", () => {}).on("close", () => b.destroy()).pipe(b);
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  console.log(JSON.stringify({ event: "ready", port: server.address().port }));
});`;

/** A stopped program with a full queue: the kernel lets whoever dials wait, as a host that does not answer does. */
export class DeafDoor {
  readonly port: number;
  readonly #program: Program;
  readonly #fillers: readonly Socket[];

  private constructor(port: number, program: Program, fillers: readonly Socket[]) {
    this.port = port;
    this.#program = program;
    this.#fillers = fillers;
  }

  static async before(panelPort: number): Promise<DeafDoor> {
    const program = new Program("deaf door", process.execPath, ["-e", relay(panelPort)]);
    const port = Number((await program.event("ready"))["port"]);
    program.child.kill("SIGSTOP");
    const fillers = Array.from({ length: queueLength }, () => connect(port, "127.0.0.1").on("error", () => {}));
    await Promise.all(fillers.map((filler) => new Promise((resolve) => filler.once("connect", resolve))));
    return new DeafDoor(port, program, fillers);
  }

  /** Takes connections from now on: whoever dials is let in when the kernel tries again. */
  opens(): void {
    for (const filler of this.#fillers) filler.destroy();
    this.#program.child.kill("SIGCONT");
  }

  /** The program is gone: whoever dials is refused when the kernel tries again. */
  async breaks(): Promise<void> {
    for (const filler of this.#fillers) filler.destroy();
    await this.#program.stop("SIGKILL");
  }
}
