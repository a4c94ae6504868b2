// Runs a program and shows its output only if it fails.
import { spawn } from "node:child_process";

/** Output kept for the error, from its end. */
const outputCharactersMax = 20_000;

/**
 * Resolves with the output; rejects with an error that ends in it when the program fails or cannot be started.
 * @param {string} program @param {readonly string[]} args @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<string>}
 */
export function runQuietly(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk) => {
      output = (output + chunk).slice(-outputCharactersMax);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else
        reject(new Error(`${[program, ...args].join(" ")} ended with ${signal ?? `code ${code}`}:\n${output.trim()}`));
    });
  });
}
