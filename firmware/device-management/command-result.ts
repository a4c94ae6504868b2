// What the cloud is told of a command that ran: its output, short enough for one message, or why it counts as failed. Pure.
import type { ProcessOutcome } from "#hardware/ports.ts";
import { cutToBytes } from "#protocol/printable.ts";
import { setSuccessful, setSuccessfulByName } from "#protocol/smartrest/upstream.ts";
import type { ManagementOutcome } from "../operations/intake.ts";

/** Standard output and standard error together. */
export const commandOutputBytesMax = 16_000;
export const commandLimitMs = 60_000;

const cutNote = "\n[cut: the output is longer than one message]";
/** Longest id of an operation, in digits. */
const longestId = "9".repeat(20);
/** Most bytes of one message, with some room (protocol.md 1.1). */
const messageBytesMax = 15_900;

export function commandOutcome(outcome: ProcessOutcome): ManagementOutcome {
  switch (outcome.kind) {
    case "exited":
      if (outcome.exitCode === 0) return { ok: true, parameters: [resultText(outcome.output, outcome.isCut)] };
      return { ok: false, why: withOutput(`exit code ${outcome.exitCode}`, outcome.output) };
    case "timeout":
      return {
        ok: false,
        why: withOutput(`ended after ${commandLimitMs / 1000} s: it takes too long`, outcome.output),
      };
    case "not-started":
      return { ok: false, why: outcome.detail };
    default:
      return outcome satisfies never;
  }
}

/** The output, cut where its message would be too long, and said so. */
export function resultText(output: string, isCut: boolean): string {
  const text = printableLines(output);
  if (!isCut && fits(text)) return text;
  // What is quoted takes more room than what is not: the longest that fits is found by halving.
  let fitting = 0;
  let tooLong = Buffer.byteLength(text, "utf8") + 1;
  while (tooLong - fitting > 1) {
    const half = Math.floor((fitting + tooLong) / 2);
    if (fits(`${cutToBytes(text, half)}${cutNote}`)) fitting = half;
    else tooLong = half;
  }
  return `${cutToBytes(text, fitting)}${cutNote}`;
}

/** Lines and tabs stay; what would drive a terminal goes. */
function printableLines(output: string): string {
  return output.replaceAll("\r\n", "\n").replaceAll(/[^\P{C}\n\t]/gu, "\uFFFD");
}

function fits(text: string): boolean {
  try {
    const messages = [setSuccessful(longestId, [text]), setSuccessfulByName("c8y_Command", [text])];
    return messages.every((message) => Buffer.byteLength(message, "utf8") <= messageBytesMax);
  } catch {
    return false; // too large to be written at all
  }
}

function withOutput(what: string, output: string): string {
  const said = printableLines(output).trim();
  return said === "" ? what : `${what}: ${said}`;
}
