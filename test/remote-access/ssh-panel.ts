// An SSH server of ssh2 behind a gateway of the test: what an SSH panel is, for tests without a socket.
import type { Duplex } from "node:stream";
import {
  type AuthContext,
  type Connection,
  type PseudoTtyInfo,
  Server,
  type ServerChannel,
  type ServerConfig,
  utils,
  type WindowChangeInfo,
} from "ssh2";
import { ed25519Pair } from "../support/ed25519-pair.ts";
import { PanelEnd } from "./panel-end.ts";
import type { Peer } from "./world.ts";

export const hostKeys = {
  ed25519: ed25519Pair().private,
  otherEd25519: ed25519Pair().private,
  ecdsa: utils.generateKeyPairSync("ecdsa", { bits: 256 }).private,
  rsa: utils.generateKeyPairSync("rsa", { bits: 2048 }).private,
};

export class SshPanel {
  readonly attempts: { method: string; username: string; password?: string; keyType?: string; signature?: boolean }[] =
    [];
  readonly sizes: { columns: number; rows: number }[] = [];
  terminal = "";
  typed = "";
  channel: ServerChannel | undefined;
  connection: Connection | undefined;
  readonly server: Server;
  isOver = false;

  constructor(
    peer: Peer,
    options: {
      readonly judge: (context: AuthContext) => void;
      readonly config?: Partial<ServerConfig>;
      readonly pieceBytes?: number;
      readonly refusesTerminal?: boolean;
    },
  ) {
    const { judge, config, pieceBytes = 1024 * 1024 } = options;
    this.server = new Server({ hostKeys: [hostKeys.ed25519], ...config }, (connection) => {
      this.connection = connection;
      connection.on("authentication", (context) => {
        this.attempts.push({
          method: context.method,
          username: context.username,
          ...(context.method === "password" ? { password: context.password } : {}),
          ...(context.method === "publickey"
            ? { keyType: context.key.algo, signature: context.signature !== undefined }
            : {}),
        });
        judge(context);
      });
      connection.on("session", (accept) => {
        const session = accept();
        session.on("pty", (acceptPty, rejectPty, info: PseudoTtyInfo & { term?: string }) => {
          if (options.refusesTerminal === true) {
            rejectPty?.();
            return;
          }
          this.sizes.push({ columns: info.cols, rows: info.rows });
          this.terminal = String(info.term);
          acceptPty?.();
        });
        session.on("window-change", (acceptChange, _reject, info: WindowChangeInfo) => {
          this.sizes.push({ columns: info.cols, rows: info.rows });
          acceptChange?.();
        });
        session.on("shell", (acceptShell) => {
          const channel = acceptShell();
          this.channel = channel;
          channel.on("data", (bytes: Buffer) => {
            this.typed += bytes.toString("latin1");
          });
        });
      });
      connection.on("error", () => {});
      connection.on("close", () => {
        this.isOver = true;
      });
    });
    // The types of ssh2's Server do not have it; its own tests use it.
    (this.server as unknown as { injectSocket(stream: Duplex): void }).injectSocket(new PanelEnd(peer, { pieceBytes }));
  }
}
