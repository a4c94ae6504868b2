// The gateway on a broker that nobody here wrote: Mosquitto, and a script that plays the cloud from protocol.md alone.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { TestAuthority } from "../hardware/test-authority.ts";
import { type RunningMosquitto, startMosquitto } from "../support/mosquitto.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, type Program, startPostern, temporaryFolder } from "../support/processes.ts";
import { TextServer } from "../support/text-server.ts";
import { PlayedCloud } from "./played-cloud.ts";

const deviceId = "gateway-on-mosquitto";
const issued = { tenant: "t4711", user: `device_${deviceId}`, password: "issued-by-a-script" };
const bootstrap = { user: "management/devicebootstrap", password: "bootstrap-of-mosquitto" };
const connectionKey = "3f0c8a2e-1111-4222-8333-abcdefabcdef";

describe.skipIf(isAnyMissing(peers.mosquitto))("a gateway on Mosquitto", () => {
  const folder = temporaryFolder();
  const panel = new TextServer("welcome to the press\r\n");
  let broker: RunningMosquitto;
  let cloud: PlayedCloud;
  let gateway: Program;
  let webSocket: WebSocket;

  beforeAll(async () => {
    await panel.listen();
    const authority = new TestAuthority();
    const { certPem: cert, keyPem: key } = authority.issue({ names: ["localhost"] });
    const own = `${issued.tenant}/${issued.user}`;
    broker = await startMosquitto({
      folder: folder.path,
      tls: { cert, key },
      accounts: [
        { user: "cloud", password: "cloud-password", topics: ["readwrite #"] },
        { ...bootstrap, topics: ["write s/ucr", "read s/dcr"] },
        {
          user: own,
          password: issued.password,
          topics: [
            ...["s/ds", "s/e", "s/dat", "devicecontrol/notifications", "error"].map((each) => `read ${each}`),
          ].concat(["s/us", "s/uat"].map((each) => `write ${each}`)),
        },
      ],
    });
    cloud = await PlayedCloud.start({
      brokerUrl: `mqtt://127.0.0.1:${broker.plainPort}`,
      user: "cloud",
      password: "cloud-password",
      deviceId,
      issued,
      tls: { cert, key },
    });
    gateway = startPostern("gateway", ["gateway", "run", "--config", writeSettings(authority.caPem)]);
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.stop();
    await broker?.stop();
    panel.close();
    folder[Symbol.dispose]();
  });

  function writeSettings(caPem: string): string {
    const ca = join(folder.path, "ca.pem");
    writeFileSync(ca, caPem);
    const file = join(folder.path, "gateway.toml");
    const text = [
      "[cloud]",
      `url = "https://localhost:${cloud.httpsPort}"`,
      `mqtt = "mqtts://localhost:${broker.tlsPort}"`,
      `ca = ${JSON.stringify(ca)}`,
      "[device]",
      `id = "${deviceId}"`,
      "[registration]",
      `password = "${bootstrap.password}"`,
      "[state]",
      `dir = ${JSON.stringify(join(folder.path, "state"))}`,
      "[tunnels]",
      `allow = ["127.0.0.1:${panel.port}"]`,
      "",
    ];
    writeFileSync(file, text.join("\n"), { mode: 0o600 });
    return file;
  }

  const line = async (what: string, matches: (each: string) => boolean): Promise<string> =>
    await eventually(what, () => cloud.lines.find(matches));

  test("asks for credentials until it is accepted, and registers with them", async () => {
    await eventually("the first question", () => (cloud.asked > 0 ? true : undefined));
    expect(gateway.lines.some(({ event }) => event === "registration.completed")).toBe(false);
    cloud.accepts();
    await gateway.event("registration.completed");
    await gateway.event("connectivity.online");
  });

  test("introduces itself in the order of protocol.md 1.6", async () => {
    await line("the request for pending operations", (each) => each === "500");
    const templates = cloud.lines.map((each) => each.split(",")[0]);
    expect(templates[0]).toBe("100");
    expect(templates.indexOf("500")).toBeGreaterThan(templates.indexOf("114"));
    expect(cloud.lines.find((each) => each.startsWith("114,"))).toContain("c8y_RemoteAccessConnect");
    expect(cloud.lines.find((each) => each.startsWith("150,"))).toContain("VNC");
  });

  test("opens a tunnel for a 530, and reports it", async () => {
    const received: Buffer[] = [];
    webSocket = await cloud.connects({ host: "127.0.0.1", port: panel.port }, connectionKey);
    webSocket.on("message", (bytes: Buffer) => received.push(bytes));
    await eventually("the panel's greeting", () =>
      Buffer.concat(received).includes("welcome to the press") ? true : undefined,
    );
    webSocket.send(Buffer.from("status\r\n"));
    await panel.hears("status\r\n");
    await line("SUCCESSFUL", (each) => each.startsWith("503,c8y_RemoteAccessConnect"));
    expect(cloud.lines).toContain("501,c8y_RemoteAccessConnect");
  });

  test("closes the panel's connection when the cloud closes the websocket, and tells the end", async () => {
    webSocket.close(1000);
    expect(await panel.ends()).toBe("in order");
    await line("the event of the end", (each) => each.startsWith("400,c8y_RemoteAccessClosed"));
  });

  test("sends one filter in each SUBSCRIBE", () => {
    const ofGateway = broker.output().match(/Received SUBSCRIBE from .*\n(?:.*\t.*\n)+/g) ?? [];
    const filters = ofGateway.filter((each) => !each.includes("the-cloud")).map((each) => each.match(/\t/g)?.length);
    expect(filters.length).toBeGreaterThan(3);
    expect(new Set(filters)).toEqual(new Set([1]));
  });

  test("keeps password and connection key out of its log", () => {
    for (const secret of [issued.password, bootstrap.password, connectionKey])
      expect(gateway.output).not.toContain(secret);
  });
});
