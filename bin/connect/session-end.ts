// How a session ended, in words for the person and as an exit code.
import { closeText, isCloseReason } from "#protocol/close-reason.ts";
import { printable } from "#protocol/printable.ts";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.ts";

export interface SessionEnd {
  readonly exitCode: ExitCode;
  /** One line without its word: "The panel closed the connection." */
  readonly text: string;
  /** The word for it, where there is one. */
  readonly reason?: string;
}

const shownMax = 200;

/** Our own side ended it. */
export const endedHere: SessionEnd = { exitCode: exitCodes.done, text: "The connection was closed here." };

/** The connection is gone and nobody said a word. */
export const cloudVanished: SessionEnd = {
  exitCode: exitCodes.cloudLost,
  reason: "cloud.lost",
  text: "The connection to the cloud broke.",
};

export const cloudMalformed: SessionEnd = {
  exitCode: exitCodes.protocol,
  reason: "protocol.malformed",
  text: "The cloud sent something that does not belong into this session.",
};

export const cloudTooLarge: SessionEnd = {
  exitCode: exitCodes.protocol,
  reason: "protocol.too-large",
  text: "The cloud sent a message that is too large.",
};

/** The close frame as it came: our cloud's word in its text, or what other clouds send (protocol.md 5.8, RFC 6455 section 7.4.1). */
export function readClose(code: number, frameText: string): SessionEnd {
  // This word is the gateway's about its own side; here it means that the gateway lost the cloud.
  if (isCloseReason(frameText)) {
    return { exitCode: exitCodeOf(frameText), reason: frameText, text: closeText(frameText) };
  }
  const said = printable(frameText, shownMax);
  switch (code) {
    case 1000:
    case 1005:
      return { exitCode: exitCodes.done, text: "The far end closed the connection." };
    case 1001:
      return { exitCode: exitCodes.cloudLost, text: `The cloud is going away.${quoted(said)}` };
    case 1006:
      return cloudVanished;
    case 1008:
      return { exitCode: exitCodes.forbidden, text: `The cloud does not allow this session.${quoted(said)}` };
    default:
      return { exitCode: exitCodes.gateway, text: `The cloud ended the session with code ${code}.${quoted(said)}` };
  }
}

function quoted(said: string): string {
  return said === "" ? "" : ` It says: ${said}`;
}

/** "The panel closed the connection. (panel.closed)". */
export function endLine({ text, reason }: SessionEnd): string {
  return reason === undefined ? text : `${text} (${reason})`;
}
