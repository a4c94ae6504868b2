// A server of plain text for Telnet on loopback: greets, keeps what it hears, and tells how the last connection ended.
import { type AddressInfo, createServer, type Socket } from "node:net";
import { eventually } from "./processes.ts";

export class TextServer {
  port = 0;
  /** On the last connection. */
  heard = Buffer.alloc(0);
  /** How it ended: by the other side's end of stream, or broken off. */
  ending: "in order" | "broken" | undefined;
  #socket: Socket | undefined;
  readonly #server;

  constructor(greeting: string) {
    this.#server = createServer((socket) => {
      this.heard = Buffer.alloc(0);
      this.ending = undefined;
      this.#socket = socket;
      socket.on("data", (bytes: Buffer) => {
        this.heard = Buffer.concat([this.heard, bytes]);
      });
      socket.once("end", () => {
        this.ending ??= "in order";
      });
      socket.once("error", () => {
        this.ending ??= "broken";
      });
      socket.write(greeting);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async hears(text: string): Promise<void> {
    await eventually(`the server to hear ${text}`, () => (this.heard.includes(text) ? true : undefined));
  }

  async ends(): Promise<"in order" | "broken"> {
    return await eventually("the connection's end", () => this.ending);
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
  }
}
