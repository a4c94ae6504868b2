#!/usr/bin/env node
// The one command: runs the TypeScript sources of this checkout, with the pinned Node if the running one is too old.
import { spawn } from "node:child_process";
import { chooseNode, nodeFacts } from "./pinned-node.mjs";

const args = process.argv.slice(2);
/** Commands that run until they are stopped: for them a signal is the orderly end at any time, so the exit code is 0. */
const isServing = args[0] === "up" || (["cloud", "gateway"].includes(args[0] ?? "") && args[1] === "run");
if (isServing) stopWhileLoading();

const choice = chooseNode(nodeFacts());
switch (choice.kind) {
  case "run": {
    const { runCommandLine } = await import("./commands.ts");
    await runCommandLine(args);
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

/** Loading a program takes a while, and nothing has been started until it listens for the signal itself. */
function stopWhileLoading() {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(0);
    });
  }
}

/** Runs this command with another Node and ends as that one ends: same exit code, same signal. */
function runAgain(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const passedOn = new Set();
  // From a terminal the child gets the signal a second time; every command bears that.
  for (const signal of signals) {
    process.on(signal, () => {
      passedOn.add(signal);
      child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`Postern cannot start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    // The child had not come as far as to listen for it.
    if (isServing && signal !== "SIGHUP" && passedOn.has(signal)) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
