// What docs/simulator.md says of the simulator's server, tried: its shell lines run as they stand, and the example script too.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { SimulatorClient } from "#simulator/serve/client.ts";
import { startSimulatorServer } from "#simulator/serve/serve.ts";
import { repositoryRoot } from "../support/processes.ts";

const run = promisify(execFile);

/** The shell blocks of the part for other people's programs, but for the one that starts the server. */
function shellLines(): string {
  const page = readFileSync(join(repositoryRoot, "docs/simulator.md"), "utf8");
  const part = page.split("## 7. For programs that are not ours")[1]?.split("\n## ")[0] ?? "";
  const blocks = [...part.matchAll(/```bash\n([\s\S]*?)```/g)].map(([, lines = ""]) => lines);
  expect(blocks.length).toBe(4);
  expect(blocks[0]).toBe("postern sim serve --port 8474\n");
  return blocks.slice(1).join("");
}

test("the shell lines of docs/simulator.md do what they say", async () => {
  const server = await startSimulatorServer({ port: 0 });
  try {
    const lines = shellLines().replace("http://127.0.0.1:8474", server.url);
    const { stdout } = await run("bash", ["-euo", "pipefail", "-c", lines]);
    expect(stdout).toContain(`"profile":"tightvnc-1.3.9"`);
    expect(stdout).toContain(`"ms":900`);
    expect(stdout).toContain(`"name":"lte-bad-1"`);
    const client = new SimulatorClient(server.url);
    expect((await client.listLinks()).map(({ name, faults }) => [name, faults])).toEqual([
      ["line", []],
      ["broker", []],
    ]);
  } finally {
    await server.close();
  }
});

test("the example script runs OpenSSH's client through its faults", async () => {
  const script = join(repositoryRoot, "examples/foreign-program/try-ssh.sh");
  const { stdout, stderr } = await run("bash", [script], { timeout: 60_000 });
  const ends = stdout.split("\n").filter((line) => line.includes("exit code"));
  expect({ ends, stderr }).toMatchObject({
    ends: ["healthy: exit code 0", "slow: exit code 0", "refused: exit code 255", "reset after 2 s: exit code 255"],
  });
  expect(stderr).toContain("Connection refused");
});
