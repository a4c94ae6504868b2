// The house rules as tests: who imports whom, which names stand where, how files are called. Each rule is shown to bite.
import { describe, expect, it } from "vitest";
import { bannedNames } from "./tidy/banned-names.ts";
import { nameViolations, openingViolations } from "./tidy/file-names.ts";
import { importViolations } from "./tidy/import-rules.ts";
import { isSource, type ProjectFile, readProjectFiles } from "./tidy/project-files.ts";
import { blank, findImports } from "./tidy/source-text.ts";
import { textViolations } from "./tidy/text-rules.ts";

const files = await readProjectFiles();
const sources = files.filter(({ path }) => isSource(path));

function violations(of: readonly ProjectFile[], judge: (path: string, text: string) => readonly string[]): string[] {
  return of.flatMap(({ path, text }) => judge(path, text));
}

describe("the project", () => {
  it("is seen by these rules: all its folders are read", () => {
    const folders = new Set(sources.map(({ path }) => path.split("/")[0]));
    const expected = ["bin", "cloud-stub", "firmware", "hardware", "protocol", "scripts", "simulator", "test"];
    expect([...folders].filter((folder) => expected.includes(folder ?? "")).toSorted()).toEqual(expected);
  });

  it("imports only what the architecture allows", () => {
    expect(violations(sources, importViolations)).toEqual([]);
  });

  it("names no clock, randomness, file, socket or environment where they come in by ports", () => {
    expect(violations(sources, bannedNames)).toEqual([]);
  });

  it("names its files and folders in kebab-case and after things of the domain", () => {
    expect(violations(sources, nameViolations)).toEqual([]);
  });

  it("begins each source file with a sentence that says what it is for", () => {
    expect(violations(sources, openingViolations)).toEqual([]);
  });

  it("holds nothing that must not stand anywhere", () => {
    // These rules' own samples stand in this file.
    const others = files.filter(({ path }) => path !== "test/tidy.test.ts" && path !== "test/tidy/text-rules.ts");
    expect(violations(others, textViolations)).toEqual([]);
  });
});

describe("the import rules", () => {
  const forbidden: readonly [path: string, line: string][] = [
    ["protocol/rfb/version.ts", `import { x } from "#hardware/ports.ts";`],
    ["protocol/rfb/version.ts", `import { createMachine } from "xstate";`],
    ["hardware/ports.ts", `import type { X } from "#protocol/close-reason.ts";`],
    ["hardware/linux/dial.ts", `import { x } from "#protocol/close-reason.ts";`],
    ["hardware/linux/dial.ts", `import WebSocket from "ws";`],
    ["firmware/tunnel/tunnel.machine.ts", `import type { X } from "#protocol/rfb/version.ts";`],
    ["firmware/tunnel/dial.actor.ts", `import { x } from "#hardware/linux/dial.ts";`],
    ["firmware/tunnel/dial.actor.ts", `const x = await import("#hardware/linux/dial.ts");`],
    ["firmware/main.ts", `import { runCloud } from "#cloud-stub/main.ts";`],
    ["firmware/gateway.ts", `import Fastify from "fastify";`],
    ["firmware/tunnel/tunnel.machine.ts", `import { dial } from "./dial.actor.ts";`],
    ["firmware/tunnel/tunnel.machine.ts", `import { MqttClient } from "mqtt";`],
    ["simulator/panels/vnc-panel.ts", `import { startGateway } from "#firmware/gateway.ts";`],
    ["simulator/site.ts", `import { x } from "#firmware/tunnel/tunnel.machine.ts";`],
    ["cloud-stub/cloud.ts", `export { x } from "#firmware/gateway.ts";`],
    ["cloud-stub/devices/operations.ts", `import { x } from "#simulator/site.ts";`],
    ["cloud-stub/cloud.ts", `import { x } from "#hardware/linux/clock.ts";`],
    ["cloud-stub/console/src/main.tsx", `import { x } from "../../cloud.ts";`],
    ["bin/gateway-command.ts", `const { runSite } = await import("#simulator/main.ts");`],
    ["bin/commands.ts", `import { x } from "#firmware/gateway.ts";`],
    ["bin/connect/run-connect.ts", `import { x } from "#cloud-stub/main.ts";`],
    ["bin/connect/run-connect.ts", `import { x } from "#firmware/main.ts";`],
    ["bin/commands.ts", `import WebSocket from "ws";`],
    ["scripts/setup.mjs", `import { Command } from "commander";`],
    ["firmware/gateway.ts", `import { x } from "../protocol/close-reason.ts";`],
    ["firmware/gateway.ts", `import { x } from "#firmware/config.ts";`],
    ["firmware/gateway.ts", `import { x } from "#test/hardware/streams.ts";`],
    ["somewhere/new.ts", ""],
  ];
  it.each(forbidden)("refuse in %s: %s", (path, line) => {
    expect(importViolations(path, `// A sample.\n${line}\n`)).toHaveLength(1);
  });

  const allowed: readonly [path: string, line: string][] = [
    ["protocol/rfb/version.ts", `import { createCipheriv } from "node:crypto";`],
    ["firmware/main.ts", `import { x } from "#hardware/linux/linux-hardware.ts";`],
    ["firmware/tunnel/tunnel.machine.ts", `import type { DialInput } from "./dial.actor.ts";`],
    ["simulator/site.ts", `import { startGateway } from "#firmware/gateway.ts";`],
    ["cloud-stub/cloud.ts", `import type { Clock } from "#hardware/ports.ts";`],
    ["bin/connect/client-websocket.ts", `import { WebSocket } from "ws";`],
    ["bin/connect/session-end.ts", `import { x } from "#protocol/close-reason.ts";`],
    ["test/hardware/linux.test.ts", `import { x } from "#hardware/linux/dial.ts";`],
    ["firmware/gateway.ts", `// import { x } from "#simulator/site.ts";`],
    ["firmware/gateway.ts", "const text = `\nimport { x } from '#simulator/site.ts'`;"],
  ];
  it.each(allowed)("allow in %s: %s", (path, line) => {
    expect(importViolations(path, line)).toEqual([]);
  });

  it("find every way to import, over several lines too, with its line number", () => {
    const text = [
      `import "./a.ts";`,
      `import type {`,
      `  B,`,
      `} from "./b.ts";`,
      `export * from "./c.ts";`,
      `const d = await import("./d.ts");`,
      `export const from = "./not-this.ts";`,
    ].join("\n");
    expect(findImports(text)).toEqual([
      { specifier: "./a.ts", isType: false, line: 1 },
      { specifier: "./b.ts", isType: true, line: 2 },
      { specifier: "./c.ts", isType: false, line: 5 },
      { specifier: "./d.ts", isType: false, line: 6 },
    ]);
  });
});

describe("the banned names", () => {
  it.each([
    "setTimeout(run, 5);",
    "const later = setTimeout;",
    "setInterval(run, 5);",
    "const now = Date.now();",
    "const now = new Date();",
    "performance.now();",
    "Math.random();",
    "process.env.HOME;",
    "globalThis.setTimeout(run, 5);",
    `import { randomBytes } from "node:crypto";`,
    `import { connect } from "node:net";`,
    `import type { Socket } from "node:net";`,
    `import { readFile } from "node:fs/promises";`,
    `import { lookup } from "dns";`,
    "const text = `\u0024{Math.random()}`;",
    "const half = total / 2; setTimeout(run, 5); // the half / of it",
  ])("are found: %s", (line) => {
    for (const path of ["protocol/x.ts", "firmware/tunnel/x.ts", "hardware/boards/x.ts", "cloud-stub/broker/x.ts"]) {
      expect(bannedNames(path, line)).toHaveLength(1);
    }
  });

  it.each([
    "clock.setTimeout(run, 5);",
    "clock.nowMs();",
    "new Date(clock.nowMs());",
    "// setTimeout(run, 5)",
    "/* Date.now() */",
    `const text = "Math.random()";`,
    "const text = `say \u0024{x} setTimeout(`;",
    "const pattern = /['\"]setTimeout\\(/;",
    "const view = { setTimeout: (run: () => void) => clock.setTimeout(run, 1) };",
    "class C { setTimeout(run: () => void, delayMs: number): T { return f(run); } }",
    `import { createHash } from "node:crypto";`,
    `import type { Duplex } from "node:stream";`,
  ])("leave alone: %s", (line) => {
    expect(bannedNames("firmware/tunnel/x.ts", line)).toEqual([]);
  });

  it.each(["firmware/main.ts", "hardware/linux/clock.ts", "cloud-stub/store/store.ts", "test/x.test.ts", "bin/x.ts"])(
    "do not count in %s",
    (path) => {
      expect(bannedNames(path, "setTimeout(run, Math.random());")).toEqual([]);
    },
  );
});

describe("the rules for names", () => {
  it.each([
    "firmware/tunnelMachine.ts",
    "firmware/Tunnel.ts",
    "firmware/tunnel_machine.ts",
    "firmware/Tunnel/dial.ts",
    "firmware/utils.ts",
    "firmware/utils/dial.ts",
    "cloud-stub/session-manager.ts",
    "protocol/index.ts",
    "test/helpers/x.ts",
    "firmware/tunnel.service.ts",
  ])("refuse %s", (path) => {
    expect(nameViolations(path)).not.toEqual([]);
  });

  it.each([
    "firmware/tunnel/tunnel.machine.ts",
    "vitest.config.ts",
    "test/hardware/clock.contract.ts",
    "bin/postern.mjs",
  ])("allow %s", (path) => {
    expect(nameViolations(path)).toEqual([]);
  });

  it.each(["", "const x = 1;\n", "// short\n", "// Says what it is for\n", "\n// Says what it is for.\n"])(
    "refuse a file that begins with %j",
    (text) => {
      expect(openingViolations("firmware/x.ts", text)).toHaveLength(1);
    },
  );

  it.each(["// Says what it is for.\n", "#!/usr/bin/env node\n// Says what\n// it is for.\nimport x\n"])(
    "allow a file that begins with %j",
    (text) => {
      expect(openingViolations("firmware/x.ts", text)).toEqual([]);
    },
  );
});

describe("the rules for all text", () => {
  // Put together here, so that no other tool finds them in this file.
  const off = "false";
  it.each([
    ["firmware/x.ts", "export default function x() {}"],
    ["firmware/x.ts", "export { x as default };"],
    ["docs/x.md", `cd /${"work"}/main`],
    ["docs/x.md", `(/${"root"}/.npmrc)`],
    ["scripts/x.mjs", `"/${"home"}/somebody/x"`],
    ["README.md", `from ${"registry"}.npmjs.org`],
    ["package-lock.json", `"${"resolved"}": "x"`],
    ["test/x.test.ts", `connect({ rejectUnauthorized: ${off} })`],
    ["test/x.test.ts", `connect({ requestCert: false, rejectUnauthorized: ${off} })`],
    ["firmware/x.ts", `// ${"TO"}DO: later`],
    ["test/x.test.ts", `it${".only"}("x", () => {});`],
    ["test/x.test.ts", `describe${".only"}.each([1])("x", () => {});`],
  ])("refuse in %s: %s", (path, line) => {
    expect(textViolations(path, line)).toHaveLength(1);
  });

  it.each([
    ["vitest.config.ts", "export default defineConfig({});"],
    ["docs/x.md", "the docs/work/ folder"],
    ["firmware/x.ts", "const defaultRoute = 1; // the default export of goods"],
    ["firmware/x.ts", "if (this.only) return;"],
    ["cloud-stub/x.ts", `createServer({ requestCert: true, rejectUnauthorized: ${off} })`],
  ])("allow in %s: %s", (path, line) => {
    expect(textViolations(path, line)).toEqual([]);
  });
});

describe("the reading of source text", () => {
  it("comes to the end of every file of the project without losing its way", () => {
    const lost = sources.filter(({ text }) => {
      const longer = `${text}\nimport "./last-line.ts";\nconst last = Math.random();\n`;
      const imports = findImports(longer).length - findImports(text).length;
      const names = bannedNames("protocol/x.ts", longer).length - bannedNames("protocol/x.ts", text).length;
      return imports !== 1 || names !== 1;
    });
    expect(lost.map(({ path }) => path)).toEqual([]);
  });

  it("keeps every position when it blanks comments and strings", () => {
    const text = `a("b'c"); // d\n/* e\nf */ g(\`h \${i("j")} k\`, /["/]/g) / l;`;
    const blanked = blank(text, { alsoQuoted: true });
    expect(blanked).toHaveLength(text.length);
    expect(blanked.replaceAll(/\s+/g, "")).toBe('a("");g(`{i("")}`,//g)/l;');
  });
});
