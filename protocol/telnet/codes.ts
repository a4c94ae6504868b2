// Telnet's commands (RFC 854) and the options that Postern knows, as the numbers on the wire.

/** The byte that begins every command; as data it is doubled. */
export const iac = 255;

/** RFC 854, RFC 855 for `sb` and `se`. */
export const commands = {
  se: 240,
  noOperation: 241,
  dataMark: 242,
  break: 243,
  interruptProcess: 244,
  abortOutput: 245,
  areYouThere: 246,
  eraseCharacter: 247,
  eraseLine: 248,
  goAhead: 249,
  sb: 250,
  will: 251,
  wont: 252,
  do: 253,
  dont: 254,
} as const;

/** WILL and WONT speak of the sender, DO and DONT of the receiver. */
export type Verb = "will" | "wont" | "do" | "dont";

/** BINARY RFC 856, ECHO RFC 857, SUPPRESS-GO-AHEAD RFC 858, TERMINAL-TYPE RFC 1091, NAWS RFC 1073. */
export const options = { binary: 0, echo: 1, suppressGoAhead: 3, terminalType: 24, windowSize: 31 } as const;

/** First byte of a TERMINAL-TYPE subnegotiation (RFC 1091). */
export const terminalTypeVerbs = { is: 0, send: 1 } as const;

/** `IAC <verb> <option>`. */
export function writeNegotiation(verb: Verb, option: number): Uint8Array {
  return Uint8Array.of(iac, commands[verb], option);
}

/** `IAC SB <option> ... IAC SE`, with IAC inside doubled (RFC 855). */
export function writeSubnegotiation(option: number, parameters: Uint8Array): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(iac, commands.sb, option),
    doubleIac(parameters),
    Uint8Array.of(iac, commands.se),
  ]);
}

/** Data as it may stand between commands. */
export function doubleIac(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(iac)) return bytes;
  const escaped: number[] = [];
  for (const byte of bytes) {
    escaped.push(byte);
    if (byte === iac) escaped.push(iac);
  }
  return Uint8Array.from(escaped);
}
