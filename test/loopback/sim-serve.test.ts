// The simulator's API on real sockets: create, list, change, lift and reset, and what it says of bad input.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SimulatorClient, type SimulatorRefusal } from "#simulator/serve/client.ts";
import { type SimulatorServer, serveSimulator, startSimulatorServer } from "#simulator/serve/serve.ts";

let server: SimulatorServer;
let client: SimulatorClient;
let problems: unknown[];

beforeEach(async () => {
  problems = [];
  server = await startSimulatorServer({ port: 0, onProblem: (problem) => problems.push(problem) });
  client = new SimulatorClient(server.url);
});

afterEach(async () => {
  await server.close();
  expect(problems).toEqual([]);
});

function dial(port: number): Socket {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  socket.on("error", () => undefined);
  return socket;
}

async function echoes(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString();
}

async function codeOf(socket: Socket): Promise<string> {
  const [error] = (await once(socket.resume(), "error")) as [NodeJS.ErrnoException];
  return error.code ?? "";
}

async function refusal(
  asked: Promise<unknown>,
): Promise<Pick<SimulatorRefusal, "status" | "code" | "place" | "message">> {
  const error = (await asked.then(
    () => Promise.reject(new Error("it was not refused")),
    (caught: unknown) => caught,
  )) as SimulatorRefusal;
  const { status, code, place, message } = error;
  return { status, code, place, message };
}

async function raw(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
  });
  return { status: answer.status, text: await answer.text() };
}

describe("steered over HTTP", () => {
  test("a panel behind a link: created, listed, slowed down, changed while it runs, and lifted", async () => {
    const panel = await client.createPanel({ name: "loop", kind: "echo" });
    expect(panel).toMatchObject({ kind: "echo", protocol: "PASSTHROUGH", host: "127.0.0.1", connections: 0 });
    const link = await client.createLink({ name: "line", panel: "loop" });
    expect(link).toMatchObject({ panel: "loop", target: `127.0.0.1:${panel.port}`, between: ["client", "loop"] });
    const socket = dial(link.port);
    expect(await echoes(socket, "a")).toBe("a");

    const fault = await client.createFault("line", { fault: "latency", parameters: { ms: 150 } });
    expect(fault).toMatchObject({ name: "latency", isLaid: true, parameters: { ms: 150, jitterMs: 0 } });
    const beganAtMs = performance.now();
    expect(await echoes(socket, "b")).toBe("b");
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(300);

    // What is held is planned anew: without the change this would take twenty minutes.
    await client.changeFault("line", "latency", { parameters: { ms: 600_000 } });
    const answer = echoes(socket, "c");
    await expect.poll(async () => (await client.readLink("line")).held.up, { timeout: 10_000 }).toBe(1);
    const changed = await client.changeFault("line", "latency", { parameters: { ms: 10 } });
    expect(changed.parameters).toEqual({ ms: 10, jitterMs: 0 });
    expect(await answer).toBe("c");

    await client.deleteFault("line", "latency");
    expect(await client.listFaults("line")).toEqual([]);
    const counted = await client.readLink("line");
    expect(counted).toMatchObject({ connections: { open: 1, total: 1 }, bytes: { up: 3, down: 3 }, faults: [] });
    socket.destroy();
  });

  test("a fault of one direction, a fault for a time, and one by luck keep what they were told", async () => {
    await client.createPanel({ name: "loop", kind: "echo" });
    const { port } = await client.createLink({ name: "line", panel: "loop", between: ["gateway", "press4"] });
    await client.createFault("line", { name: "up", fault: "stall", from: "gateway", schedule: { forMs: 80 } });
    await client.createFault("line", { fault: "corrupt", probability: 0.5, parameters: { share: 0.001 } });
    const [up, other] = await client.listFaults("line");
    // Whether the first is still there is a matter of how fast this machine is.
    expect({ ...up, isLaid: undefined }).toEqual({
      name: "up",
      fault: "stall",
      from: "gateway",
      parameters: { afterBytes: 0 },
      schedule: { forMs: 80 },
      isLaid: undefined,
    });
    expect(other).toEqual({
      name: "corrupt",
      fault: "corrupt",
      probability: 0.5,
      parameters: { share: 0.001 },
      isLaid: true,
    });
    const socket = dial(port);
    expect(await echoes(socket, "held for a time")).toHaveLength(15);
    await expect.poll(() => client.readFault("line", "up"), { timeout: 10_000 }).toMatchObject({ isLaid: false });
    socket.destroy();
  });

  test("a fault that begins with an event of the protocol", async () => {
    await client.createPanel({ name: "press4", kind: "vnc", options: { title: "Press 4" } });
    const { port } = await client.createLink({ name: "line", panel: "press4" });
    const fault = { fault: "reset", when: { event: "rfb.security-result" } };
    expect(await client.createFault("line", fault)).toMatchObject({ isLaid: false });
    const waiting = client.waitForEvent("line", { event: "rfb.security-result" });
    const socket = dial(port);
    const broken = codeOf(socket);
    socket.write("RFB 003.008\n");
    socket.write(Uint8Array.of(1));
    expect(await broken).toBe("ECONNRESET");
    expect(await waiting).toBe(true);
    expect(await client.readFault("line", "reset")).toMatchObject({ isLaid: true });
    expect(await client.waitForEvent("line", { event: "rfb.bell", limitMs: 1 }).catch(String)).toContain("no event");
    expect(await client.waitForEvent("line", { event: "mqtt.connect", limitMs: 1 })).toBe(false);
  });

  test("refuse: the system refuses, and listens again on the same port afterwards", async () => {
    await client.createPanel({ name: "loop", kind: "echo" });
    const { port } = await client.createLink({ name: "line", panel: "loop" });
    await client.during("line", { fault: "refuse" }, async () => {
      expect(await client.readLink("line")).toMatchObject({ isListening: false });
      expect(await codeOf(dial(port))).toBe("ECONNREFUSED");
    });
    const socket = dial(port);
    expect(await echoes(socket, "again")).toBe("again");
    socket.destroy();
  });

  test("a captive portal speaks TLS in place of the target, with a certificate of its own", async () => {
    await client.createPanel({ name: "loop", kind: "echo" });
    const { port } = await client.createLink({ name: "line", panel: "loop" });
    await client.createFault("line", { fault: "captive-portal" });
    const refused = fetch(`https://localhost:${port}/`).catch(
      (error: Error & { cause?: { code?: string } }) => error.cause?.code,
    );
    expect(["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ERR_TLS_CERT_ALTNAME_INVALID"]).toContain(await refused);
    expect(await client.readPanel("loop")).toMatchObject({ connections: 0 });
  });

  test("a link profile lays several faults, all or none", async () => {
    await client.createPanel({ name: "loop", kind: "echo" });
    await client.createLink({ name: "line", panel: "loop", between: ["gateway", "cloud"] });
    const laid = await client.layProfile("line", "satellite");
    expect(laid.map(({ name, fault, from }) => [name, fault, from])).toEqual([
      ["satellite-1", "throttle", "gateway"],
      ["satellite-2", "throttle", "cloud"],
      ["satellite-3", "latency", undefined],
      ["satellite-4", "loss", undefined],
    ]);
    await client.deleteFaults("line");
    for (const profile of ["lte-bad", "factory-wifi", "flaky-dsl", "captive-portal"]) {
      await client.layProfile("line", profile);
      await client.deleteFaults("line");
    }
    expect(await refusal(client.layProfile("line", "satelite"))).toMatchObject({
      status: 400,
      message: expect.stringContaining(`did you mean "satellite"`),
    });
    expect(await client.listFaults("line")).toEqual([]);
  });

  test("a panel is changed on its port, and a link is led elsewhere", async () => {
    const panel = await client.createPanel({ name: "flow", kind: "source", options: { bytes: 3 } });
    const { port } = await client.createLink({ name: "line", panel: "flow" });
    const length = async (): Promise<number> => {
      let bytes = 0;
      const socket = dial(port);
      socket.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      await once(socket, "end");
      socket.destroy();
      return bytes;
    };
    expect(await length()).toBe(3);
    expect(await client.changePanel("flow", { options: { bytes: 70_000 } })).toMatchObject({ port: panel.port });
    expect(await length()).toBe(70_000);
    const other = await client.createPanel({ name: "short", kind: "source", options: { bytes: 1 } });
    await client.changeLink("line", { target: `127.0.0.1:${other.port}` });
    expect(await length()).toBe(1);
    expect(await refusal(client.changePanel("flow", { options: { bites: 3 } }))).toMatchObject({
      place: "options.bites",
      message: expect.stringContaining(`did you mean "bytes"`),
    });
    expect(await client.readPanel("flow")).toMatchObject({ options: { bytes: 70_000 } });
  });

  test("every profile of a panel starts and greets", async () => {
    const { panelProfiles } = await client.readCatalogue();
    expect(panelProfiles.length).toBeGreaterThan(10);
    for (const { name, protocol } of panelProfiles) {
      const options = protocol === "VNC" ? { password: "secret" } : {};
      const { port } = await client.createPanel({ name, profile: name, options });
      const socket = dial(port);
      const [first] = (await once(socket, "data")) as [Buffer];
      expect(first.toString("latin1").slice(0, 1)).toBe(protocol === "VNC" ? "R" : "S");
      socket.destroy();
    }
    await client.reset({ remove: true });
    expect(await client.listPanels()).toEqual([]);
  });

  test("every kind of panel starts from its name alone, and takes a connection", async () => {
    const { panels } = await client.readCatalogue();
    const names = [
      "vnc",
      "ssh",
      "telnet",
      "http",
      "modbus",
      "echo",
      "source",
      "sink",
      "silent",
      "garbage",
      "http-error",
    ];
    expect(panels.map(({ name }) => name)).toEqual(names);
    for (const name of names) {
      const { port, protocol } = await client.createPanel({ name, kind: name });
      expect(protocol).toBe(panels.find((kind) => kind.name === name)?.protocol);
      const socket = dial(port);
      await once(socket, "connect");
      socket.destroy();
    }
    expect(await refusal(client.createPanel({ name: "b", kind: "telnet", options: { username: "op" } }))).toMatchObject(
      {
        status: 400,
        place: "options.password",
      },
    );
  });

  test("connections are listed and reset", async () => {
    await client.createPanel({ name: "loop", kind: "echo" });
    const { port } = await client.createLink({ name: "line", panel: "loop" });
    const socket = dial(port);
    await echoes(socket, "a");
    const [connection] = await client.listConnections("line");
    expect(connection).toMatchObject({ isAccepted: true, bytes: { up: 1, down: 1 }, held: { up: 0, down: 0 } });
    const broken = codeOf(socket);
    await client.resetConnections("line");
    expect(await broken).toBe("ECONNRESET");
  });

  test("the log tells every delivery, and can be waited on", async () => {
    await client.createPanel({ name: "loop", kind: "echo" });
    const { port } = await client.createLink({ name: "line", panel: "loop" });
    const { lastSeq } = await client.listEvents();
    const waiting = client.listEvents({ after: lastSeq, kind: "delivery", waitMs: 30_000 });
    const socket = dial(port);
    await echoes(socket, "abc");
    const first = await waiting;
    expect(first.events[0]).toMatchObject({ kind: "delivery", link: "line", delivery: "open", from: "client" });
    const { events } = await client.listEvents({ after: lastSeq, link: "line" });
    const told = events.filter(({ delivery }) => delivery === "bytes").map(({ from, bytes }) => [from, bytes]);
    expect(told).toEqual([
      ["client", 3],
      ["loop", 3],
    ]);
    expect((await client.listEvents({ after: lastSeq, limit: 1 })).events).toHaveLength(1);
    socket.destroy();
  });

  test("reset lifts all faults and forgets counts; with remove nothing is left", async () => {
    await client.createPanel({ name: "loop", kind: "echo" });
    const { port } = await client.createLink({ name: "line", panel: "loop" });
    const socket = dial(port);
    await echoes(socket, "abc");
    await client.createFault("line", { fault: "stall" });
    await client.reset();
    expect(await client.readLink("line")).toMatchObject({ faults: [], bytes: { up: 0, down: 0 } });
    expect(await echoes(socket, "d")).toBe("d");
    expect(await client.readLink("line")).toMatchObject({ bytes: { up: 1, down: 1 } });
    const broken = codeOf(socket);
    expect(await client.reset({ remove: true })).toMatchObject({ panels: [], links: [] });
    expect(await broken).toBe("ECONNRESET");
    expect(await codeOf(dial(port))).toBe("ECONNREFUSED");
  });
});

describe("side by side", () => {
  test("worlds of one server have names, ports and faults of their own", async () => {
    await client.createWorld({ name: "line-3", seed: 9 });
    const other = client.inWorld("line-3");
    for (const each of [client, other]) {
      await each.createPanel({ name: "loop", kind: "echo" });
      await each.createLink({ name: "line", panel: "loop" });
    }
    await other.createFault("line", { fault: "refuse" });
    const [mine, theirs] = await Promise.all([client.readLink("line"), other.readLink("line")]);
    expect(mine.port).not.toBe(theirs.port);
    expect([mine.isListening, theirs.isListening]).toEqual([true, false]);
    expect((await client.listWorlds()).map(({ name, seed }) => [name, seed])).toEqual([
      ["default", 1],
      ["line-3", 9],
    ]);
    await client.deleteWorld("line-3");
    expect(await refusal(other.readLink("line"))).toMatchObject({ status: 404, code: "not-found" });
    expect(await client.readLink("line")).toMatchObject({ isListening: true });
  });

  test("servers stand beside one another on free ports, and end by their signals", async () => {
    const stop = new AbortController();
    const { promise, resolve } = Promise.withResolvers<SimulatorServer>();
    const served = serveSimulator({ port: 0, onReady: resolve, signal: stop.signal });
    const second = await promise;
    expect(second.port).not.toBe(server.port);
    const there = new SimulatorClient(second.url);
    const { port } = await there.createPanel({ name: "loop", kind: "echo" });
    expect(await client.listPanels()).toEqual([]);
    const socket = dial(port);
    await echoes(socket, "a");
    const broken = codeOf(socket);
    stop.abort();
    await served;
    expect(await broken).toBe("ECONNRESET");
    expect(await codeOf(dial(port))).toBe("ECONNREFUSED");
    expect(await codeOf(dial(second.port))).toBe("ECONNREFUSED");
  });

  test("a port that is taken is told", async () => {
    const again = startSimulatorServer({ port: server.port });
    await expect(again).rejects.toMatchObject({ code: "port-taken", message: expect.stringContaining("is taken") });
  });
});

describe("of bad input it tells the place, the word and what was meant", () => {
  beforeEach(async () => {
    await client.createPanel({ name: "loop", kind: "echo" });
    await client.createLink({ name: "line", panel: "loop" });
  });

  test.each([
    ["fault", { fault: "latncy" }, `fault: there is no fault "latncy"; did you mean "latency"?`],
    [
      "parameters.mss",
      { fault: "latency", parameters: { mss: 3 } },
      `parameters.mss: there is no parameter of latency "mss"; did you mean "ms"?`,
    ],
    [
      "parameters.ms",
      { fault: "latency", parameters: { ms: -3 } },
      "parameters.ms: latency takes a whole number of ms from 0 to 600000 (how much later, one way), not -3",
    ],
    ["ms", { fault: "latency", ms: 3 }, `parameters of the fault stand in "parameters"`],
    ["from", { fault: "latency", from: "klient" }, `takes one of the two ends client and loop, not "klient"`],
    ["schedule.everyMs", { fault: "stall", schedule: { forMs: 100, everyMs: 50 } }, "50 ms is no more than the 100 ms"],
    ["when.event", { fault: "stall", when: { event: "rfb.frame" } }, `there is no event "rfb.frame"`],
    ["between", { fault: "stall", between: ["a", "b"] }, "leave it out: the fault is laid on the link line"],
    ["fault", { fault: "cloud-restart" }, "cloud-restart cannot be laid on a link: it acts on a whole site"],
    ["fault", { fault: "certificate" }, "a link does not look into TLS"],
    ["fault", { fault: "dns-failure" }, "nobody asks it for a name"],
    ["probability", { fault: "stall", probability: 2 }, "takes a number above 0 and at most 1, not 2"],
  ])("a fault with a wrong %s", async (place, fault, words) => {
    const told = await refusal(client.createFault("line", fault));
    expect(told).toMatchObject({ status: 400, place });
    expect(told.message).toContain(words);
    expect(await client.listFaults("line")).toEqual([]);
  });

  test("a change that cannot be leaves the fault as it was", async () => {
    await client.createFault("line", { fault: "latency", parameters: { ms: 5 } });
    expect(await refusal(client.changeFault("line", "latency", { parameters: { ms: "long" } }))).toMatchObject({
      status: 400,
      place: "parameters.ms",
    });
    expect(await client.listFaults("line")).toMatchObject([{ name: "latency", parameters: { ms: 5 }, isLaid: true }]);
    expect(await refusal(client.createFault("line", { name: "latency", fault: "stall" }))).toMatchObject({
      status: 409,
      code: "name.taken",
    });
  });

  test("names of nothing are told with the nearest that there is", async () => {
    expect(await refusal(client.readLink("lin"))).toMatchObject({
      status: 404,
      message: `there is no link "lin"; did you mean "line"?`,
    });
    expect((await refusal(client.readFault("line", "x"))).message).toContain("there is no fault on the link line");
    expect((await refusal(client.inWorld("defualt").listLinks())).message).toContain(`did you mean "default"?`);
    expect((await refusal(client.createLink({ name: "b", panel: "lop" }))).message).toContain(`did you mean "loop"?`);
    expect((await refusal(client.createPanel({ name: "b", kind: "vcn" }))).message).toContain(`did you mean "vnc"?`);
    expect((await refusal(client.createPanel({ name: "b", profile: "tightvnc-1.3.8" }))).message).toContain(
      `did you mean "tightvnc-1.3.9"?`,
    );
  });

  test.each([
    [
      "POST",
      "/links",
      { name: "b", taget: "127.0.0.1:1" },
      "taget",
      `there is no field "taget"; did you mean "target"?`,
    ],
    ["POST", "/links", { target: "127.0.0.1:1" }, "name", "is missing; it takes a name of 1 to 64 letters"],
    ["POST", "/links", { name: "b", target: "nowhere" }, "target", `takes "host:port" with a port from 1 to 65535`],
    ["POST", "/links", { name: "b", target: "h:99999" }, "target", `not "h:99999"`],
    ["POST", "/links", { name: "b" }, "target", `is missing: "host:port", or name a "panel"`],
    ["POST", "/links", { name: "b", panel: "loop", target: "h:1" }, "panel", "not to both"],
    ["POST", "/links", { name: "b", panel: "loop", between: ["a", "a"] }, "between", "takes two different names"],
    ["POST", "/links", { name: "b c", panel: "loop" }, "name", `not "b c"`],
    ["POST", "/panels", { name: "b", kind: "echo", port: 99_999 }, "port", "takes a port from 0 to 65535"],
    ["POST", "/panels", { name: "b" }, "kind", "takes one of vnc, ssh"],
    ["POST", "/panels", { name: "b", kind: "vnc", options: { theme: "dusk" } }, "options.theme", `not "dusk"`],
    ["POST", "/panels", { name: "b", kind: "source", options: { bytes: -1 } }, "options.bytes", "from 0 up, not -1"],
    ["POST", "/worlds", { name: "b", seed: "seven" }, "seed", `takes a whole number; 1 if left out, not "seven"`],
    ["GET", "/events?after=yesterday", undefined, "after", `not "yesterday"`],
    ["GET", "/links?wold=b", undefined, "wold", `there is no query parameter "wold"; did you mean "world"?`],
  ])("%s %s %j", async (method, path, body, place, words) => {
    const { status, text } = await raw(method, path, body === undefined ? undefined : JSON.stringify(body));
    const { error } = JSON.parse(text) as { error: { place: string; message: string } };
    expect({ status, place: error.place }).toEqual({ status: 400, place });
    expect(error.message).toContain(words);
    expect((await client.listLinks()).map(({ name }) => name)).toEqual(["line"]);
    expect((await client.listPanels()).map(({ name }) => name)).toEqual(["loop"]);
  });

  test("a port that is taken leaves nothing behind", async () => {
    const { port } = await client.readLink("line");
    expect(await refusal(client.createLink({ name: "b", panel: "loop", port }))).toMatchObject({
      status: 409,
      code: "port.taken",
      place: "port",
    });
    expect(await refusal(client.createPanel({ name: "b", kind: "echo", port }))).toMatchObject({
      status: 409,
      code: "port.taken",
    });
    expect(await refusal(client.createPanel({ name: "loop", kind: "echo" }))).toMatchObject({ code: "name.taken" });
    expect(await refusal(client.deletePanel("loop"))).toMatchObject({ status: 409, code: "in-use" });
    expect(await client.listLinks()).toHaveLength(1);
  });

  test("what is no JSON, no route or from elsewhere", async () => {
    expect(await raw("POST", "/links", "{")).toMatchObject({ status: 400 });
    expect(await raw("POST", "/links")).toMatchObject({ status: 400, text: expect.stringContaining("JSON") });
    expect(await raw("GET", "/lines")).toMatchObject({ status: 404, text: expect.stringContaining("/openapi.json") });
    expect(await raw("GET", "/links", undefined, { origin: "http://elsewhere.example" })).toMatchObject({
      status: 403,
    });
    const large = await raw("POST", "/links", JSON.stringify({ name: "x".repeat(300_000) }));
    expect(large.status).toBe(413);
  });

  test("the document is served, with this server's own address", async () => {
    const { status, text } = await raw("GET", "/openapi.json");
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ openapi: "3.1.0", servers: [{ url: server.url }] });
  });
});
