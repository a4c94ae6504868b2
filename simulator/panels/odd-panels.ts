// Panels that are not what an endpoint says: an HTTP server, one that says nothing, and one that says garbage.
import type { Connection } from "#hardware/ports.ts";
import { PanelListener, type PanelProgram } from "./panel.ts";

const httpAnswer = [
  "HTTP/1.1 400 Bad Request",
  "Server: panel-web/1.0",
  "Content-Type: text/html",
  "Connection: close",
  "",
  "<html><body>Bad request</body></html>",
].join("\r\n");

/** Answers the first bytes that it gets, or half a second of silence, as a web server does, and hangs up. */
export function httpPanel(port = 5900): PanelProgram {
  return oddPanel(port, (connection, { clock }) => {
    const answer = (): void => {
      clock.clearTimeout(timer);
      connection.stream.end(httpAnswer);
    };
    const timer = clock.setTimeout(answer, 500);
    connection.stream.once("data", answer);
    connection.stream.once("close", () => clock.clearTimeout(timer));
  });
}

/** Accepts connections and never says a word. */
export function silentPanel(port = 5900): PanelProgram {
  return oddPanel(port, ({ stream }) => {
    stream.resume();
    stream.on("end", () => stream.end());
  });
}

/** Greets with bytes that mean nothing in any protocol. */
export function garbagePanel(port = 5900): PanelProgram {
  return oddPanel(port, ({ stream }, { random }) => {
    stream.resume();
    stream.on("end", () => stream.end());
    // The first byte is no text in any case, or one garbage in millions would be a greeting.
    stream.write(Buffer.concat([Buffer.from([0xff]), random.bytes(255)]));
  });
}

type Serve = (connection: Connection, host: Parameters<PanelProgram["start"]>[0]) => void;

function oddPanel(port: number, serve: Serve): PanelProgram {
  return {
    port,
    endpoint: { protocol: "VNC" },
    start: (host) => PanelListener.open(host, port, (connection) => serve(connection, host)),
  };
}
