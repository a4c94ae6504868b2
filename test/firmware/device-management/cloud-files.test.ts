// Files to and from the cloud on virtual time: what is asked of it, and every answer that is none.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { CloudAuthorization } from "#firmware/cloud-identity.ts";
import { CloudFiles } from "#firmware/device-management/cloud-files.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { TwoHosts } from "../../simulator/two-hosts.ts";

/** Nobody gives up. */
const wanted = new AbortController().signal;

const certificate = { names: ["cloud.example"], authority: "Test CA", notBeforeMs: 0, notAfterMs: 2 ** 45 };
const deviceId = "gw/1 a";

let world: TwoHosts;
let asked: string[];
afterEach(() => world[Symbol.dispose]());

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

async function start(handler: Handler, authorization: CloudAuthorization = basic): Promise<CloudFiles> {
  world = new TwoHosts();
  asked = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      handler(request, Buffer.concat(chunks).toString(), response);
    });
  });
  const options = { address: "0.0.0.0", port: 8443, certificate: () => certificate };
  await world.network.host("cloud").listenTls(options, ({ stream }) => {
    stream.on("error", () => undefined);
    stream.once("end", () => stream.end());
    server.emit("connection", stream);
  });
  const cloud = { host: "cloud.example", port: 8443, authorities: [authorityPem("Test CA")] };
  const https = { clock: world.clock, network: world.network.host("gateway"), cloud };
  return new CloudFiles({ https, authorization, clock: world.clock, cloudUrl: "https://cloud.example:8443", deviceId });
}

const basic: CloudAuthorization = {
  header: async () => ({ ok: true, value: "Basic x" }),
  refused: () => false,
};

const file = { eventType: "c8y_LogfileRequest", eventText: "The log", fileName: 'a"b.log', text: "line ü\n" };
const waits = <T>(outcome: Promise<T>): Promise<T> =>
  world.clock.until(outcome, { what: "the outcome", limitMs: 300_000 });

/** A cloud as it should be, with other answers for some paths. */
const cloud =
  (others: Readonly<Record<string, (response: ServerResponse) => void>> = {}): Handler =>
  (request, body, response) => {
    const other = others[`${request.method} ${request.url}`];
    if (other !== undefined) return other(response);
    switch (`${request.method} ${request.url}`) {
      case "GET /identity/externalIds/c8y_Serial/gw%2F1%20a":
        response.end('{"externalId":"gw","managedObject":{"id":"1001"}}');
        return;
      case "POST /event/events":
        expect(JSON.parse(body)).toEqual({
          type: "c8y_LogfileRequest",
          text: "The log",
          time: expect.stringMatching(/^20\d\d-.*Z$/),
          source: { id: "1001" },
        });
        response.writeHead(201, { Location: "https://cloud.example:8443/event/events/77" }).end();
        return;
      case "POST /event/events/77/binaries":
        expect(body).toBe("line ü\n");
        expect(request.headers["content-type"]).toBe("text/plain; charset=utf-8");
        expect(request.headers["content-disposition"]).toBe('attachment; filename="a_b.log"');
        response.writeHead(201).end();
        return;
      default:
        response.writeHead(404).end();
    }
  };

const status =
  (code: number, body = ""): ((response: ServerResponse) => void) =>
  (response) => {
    response.writeHead(code, { Location: "https://evil.example/elsewhere" }).end(body);
  };

describe("a file for the cloud", () => {
  test("hangs on an event, and its address is told; the gateway's id is asked for once", async () => {
    const files = await start(cloud());
    const outcome = { ok: true, url: "https://cloud.example:8443/event/events/77/binaries" };
    expect(await waits(files.send(file, wanted))).toEqual(outcome);
    expect(await waits(files.send(file, wanted))).toEqual(outcome);
    expect(asked.filter((each) => each.startsWith("GET"))).toHaveLength(1);
    await world.clock.advance(1_000);
    expect(world.network.openConnections()).toEqual([]);
    expect(world.clock.pending()).toEqual([]);
  });

  test("asks for the gateway's id anew where the cloud has made it another device", async () => {
    let id = "1000";
    const files = await start((request, body, response) => {
      const isEvent = request.url === "/event/events";
      if (request.method === "GET") response.end(JSON.stringify({ managedObject: { id } }));
      else if (isEvent && !body.includes(`"${id}"`)) response.writeHead(422).end();
      else response.writeHead(201, { Location: "https://cloud.example:8443/event/events/77" }).end();
    });
    expect(await waits(files.send(file, wanted))).toMatchObject({ ok: true });
    id = "2000";
    expect(await waits(files.send(file, wanted))).toMatchObject({ ok: false });
    expect(await waits(files.send(file, wanted))).toMatchObject({ ok: true });
  });

  test.each([
    [
      "does not know the gateway",
      "GET /identity/externalIds/c8y_Serial/gw%2F1%20a",
      status(404),
      "the cloud did not tell this gateway's id: HTTP status 404",
    ],
    [
      "answers with nonsense",
      "GET /identity/externalIds/c8y_Serial/gw%2F1%20a",
      status(200, "<html>"),
      "the cloud did not tell this gateway's id: its answer has no id",
    ],
    [
      "answers with another id",
      "GET /identity/externalIds/c8y_Serial/gw%2F1%20a",
      status(200, '{"managedObject":{"id":"../x"}}'),
      "the cloud did not tell this gateway's id: its answer has no id",
    ],
    ["takes no event", "POST /event/events", status(403), "the cloud took no event for the file: HTTP status 403"],
    [
      "takes no file",
      "POST /event/events/77/binaries",
      status(413),
      "the cloud did not take the file: HTTP status 413",
    ],
    [
      "points elsewhere",
      "POST /event/events/77/binaries",
      status(307),
      "the cloud did not take the file: HTTP status 307: it points to another place, where it is not fetched from",
    ],
  ])("that %s is said in words", async (_, path, answer, why) => {
    const files = await start(cloud({ [path]: answer }));
    expect(await waits(files.send(file, wanted))).toEqual({ ok: false, why });
  });

  test("that does not answer is given up", async () => {
    const files = await start(cloud({ "POST /event/events": () => undefined }));
    expect(await waits(files.send(file, wanted))).toEqual({
      ok: false,
      why: "the cloud took no event for the file: the cloud did not answer whole in time (timeout)",
    });
  });

  test("is sent with a new token where the old one is refused, and only once more", async () => {
    const tokens = ["Bearer old", "Bearer new"];
    let at = 0;
    const authorization: CloudAuthorization = {
      header: async () => ({ ok: true, value: tokens[at] ?? "" }),
      refused: () => {
        at = 1;
        return true;
      },
    };
    const files = await start((request, body, response) => {
      if (request.headers.authorization === "Bearer old") status(401)(response);
      else cloud()(request, body, response);
    }, authorization);
    expect(await waits(files.send(file, wanted))).toMatchObject({ ok: true });
    expect(asked.map((each) => each.split(" ").slice(-1)[0])).toEqual(["old", "new", "new", "new"]);
    world[Symbol.dispose]();
    const never = await start((_request, _body, response) => status(401)(response), authorization);
    expect(await waits(never.send(file, wanted))).toMatchObject({
      ok: false,
      why: expect.stringContaining("HTTP status 401"),
    });
    expect(asked).toHaveLength(2);
  });

  test("is not sent without a login", async () => {
    const authorization = {
      header: async () => ({ ok: false, why: "there is no token" }) as const,
      refused: () => false,
    };
    const files = await start(cloud(), authorization);
    expect(await waits(files.send(file, wanted))).toMatchObject({
      ok: false,
      why: expect.stringContaining("there is no token"),
    });
    expect(asked).toEqual([]);
  });
});

describe("a file from the cloud", () => {
  const address = "https://cloud.example:8443/inventory/binaries/5?x=1";

  test("is its text", async () => {
    const files = await start((_request, _body, response) => void response.end("a = 1 # ü\n"));
    expect(await waits(files.fetch(address, 100, wanted))).toEqual({ ok: true, text: "a = 1 # ü\n" });
    expect(asked).toEqual(["GET /inventory/binaries/5?x=1 Basic x"]);
  });

  test.each([
    ["is not there", status(404), "the file could not be fetched: HTTP status 404"],
    [
      "is elsewhere",
      status(302),
      "the file could not be fetched: HTTP status 302: it points to another place, where it is not fetched from",
    ],
    [
      "is too long",
      (response: ServerResponse) => void response.end("x".repeat(101)),
      "the file could not be fetched: the answer is longer than 100 bytes (http.too-large)",
    ],
    [
      "is no text",
      (response: ServerResponse) => void response.end(Buffer.from([0xff, 0xfe])),
      "the file is no text in UTF-8",
    ],
  ])("that %s is said in words", async (_, answer, why) => {
    const files = await start((_request, _body, response) => answer(response));
    expect(await waits(files.fetch(address, 100, wanted))).toEqual({ ok: false, why });
    expect(asked).toHaveLength(1);
  });

  test("of another machine is not asked for, nor is that machine told who asks", async () => {
    const files = await start(cloud());
    expect(await waits(files.fetch("https://evil.example/x", 100, wanted))).toMatchObject({ ok: false });
    expect(asked).toEqual([]);
  });
});
