// One line of AT commands (ITU-T V.250) as the modem reads it; pure.

/** What the modem was asked, before it answers. */
export interface ModemCommand {
  /** Such as "+CSQ", "+CREG?", "+CREG=2", "E0"; upper case but for what is quoted. */
  readonly text: string;
  /** Says these lines and then the result, "OK" by default. */
  answer(lines: readonly string[], result?: string): void;
}

/**
 * The commands of one line: "AT+CSQ;+CREG?" gives "+CSQ" and "+CREG?", "ATE0Q0" gives "E0" and "Q0". Undefined if it is no
 * command line: a modem says nothing to noise.
 */
export function splitCommandLine(line: string): readonly string[] | undefined {
  const text = line.trim();
  if (!/^at/i.test(text)) return undefined;
  const commands: string[] = [];
  let rest = text.slice(2);
  while (rest !== "") {
    const [command, taken] = rest.startsWith("+") ? extended(rest) : basic(rest);
    if (command !== "") commands.push(command);
    rest = rest.slice(taken);
  }
  return commands;
}

/** Up to the next semicolon that is not inside quotes. */
function extended(rest: string): readonly [string, number] {
  let isQuoted = false;
  let command = "";
  for (let at = 0; at < rest.length; at += 1) {
    const one = rest.charAt(at);
    if (one === '"') isQuoted = !isQuoted;
    if (one === ";" && !isQuoted) return [command.trim(), at + 1];
    command += isQuoted ? one : one.toUpperCase();
  }
  return [command.trim(), rest.length];
}

/** A letter, perhaps with an ampersand before it, and its number. */
function basic(rest: string): readonly [string, number] {
  const match = /^\s*;?\s*(&?[a-z])(\d*)/i.exec(rest);
  if (match === null) return [rest.trim().toUpperCase(), rest.length];
  const [all, letter = "", number = ""] = match;
  return [`${letter.toUpperCase()}${number}`, all.length];
}
