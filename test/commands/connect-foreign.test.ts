// `postern connect` as a process at a cloud that is not ours: only what Cumulocity's API has is asked for.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type ForeignCloud, startForeignCloud } from "../support/foreign-cloud.ts";
import { projectRoot } from "../tidy/project-files.ts";

let cloud: ForeignCloud | undefined;

afterEach(async () => {
  await cloud?.close();
});

describe("postern connect --stdio", () => {
  it.each([{ subprotocol: "binary" }, {}])("serves a tenant of others, which answers %j", async (answers) => {
    const query = "(name eq 'Press line 4') and has(c8y_IsDevice)";
    const endpoint = { id: "7", name: "plc", hostname: "10.0.0.5", port: "22", protocol: "PASSTHROUGH" };
    cloud = await startForeignCloud({
      ...answers,
      inventory: { [query]: [{ id: "1001", name: "Press line 4", c8y_IsDevice: {} }] },
      // Cumulocity's own artefact, and a field of a later version.
      documents: {
        "/service/remoteaccess/devices/1001/configurations": [
          { ...endpoint, serialVersionUID: 1, credentials: null, later: true },
        ],
      },
    });
    const next = cloud.nextWebSocket();
    const args = ["connect", "--stdio", "Press line 4", "PLC", "--url", cloud.origin, "--user", "t7/anna"];
    const program = spawn(process.execPath, [join(projectRoot, "bin", "postern.mjs"), ...args], {
      env: { ...process.env, POSTERN_PASSWORD: "pässword" },
      stdio: "pipe",
    });
    let errors = "";
    program.stderr.on("data", (chunk: Buffer) => {
      errors += String(chunk);
    });
    const far = await Promise.race([next, once(program, "close").then(() => undefined)]);
    if (far === undefined) throw new Error(`It ended: ${errors}`);
    const came = once(far, "message");
    program.stdin.end("ping");
    expect(await came).toEqual([Buffer.from("ping"), true]);
    far.send(Buffer.from("pong"));
    far.close(1000);
    const output: Buffer[] = [];
    program.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    expect(await once(program, "close")).toEqual([0, null]);
    expect({ output: String(Buffer.concat(output)), errors }).toEqual({ output: "pong", errors: "" });
    expect(cloud.asked).toEqual([
      "GET /identity/externalIds/c8y_Serial/Press line 4",
      `GET /inventory/managedObjects?query=${query}&pageSize=10`,
      "GET /service/remoteaccess/devices/1001/configurations",
      "UPGRADE /service/remoteaccess/client/1001/configurations/7",
    ]);
    const login = Buffer.from("t7/anna:pässword", "utf8").toString("base64");
    expect(cloud.upgraded()).toMatchObject({ authorization: `Basic ${login}`, "sec-websocket-protocol": "binary" });
  });
});
