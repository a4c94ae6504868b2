#!/usr/bin/env node
// The one command: runs the TypeScript sources of this checkout, with the pinned Node if the running one is too old.
import { spawn } from "node:child_process";
import { chooseNode, nodeFacts } from "./pinned-node.mjs";

const choice = chooseNode(nodeFacts());
switch (choice.kind) {
  case "run": {
    const { runCommandLine } = await import("./commands.ts");
    await runCommandLine(process.argv.slice(2));
    break;
  }
  case "run-again":
    runAgain(choice.path);
    break;
  case "explain":
    console.error(choice.line);
    process.exitCode = 1;
    break;
}

/** Runs this command with another Node and ends as that one ends: same exit code, same signal. */
function runAgain(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  // From a terminal the child gets the signal a second time; every command bears that.
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`Postern cannot start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
