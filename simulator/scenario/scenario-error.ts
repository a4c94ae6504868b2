// What is wrong with a scenario or with how it was asked for, before anything of it has run.

export type ScenarioErrorCode =
  /** There is no ready-made scenario of that name. */
  | "scenario.unknown-name"
  /** The file is not there, is no scenario, or holds something that cannot be. */
  | "scenario.bad-file"
  /** A field of the scenario cannot be as it is. */
  | "scenario.bad-value"
  /** The scenario cannot run in this mode. */
  | "scenario.not-here";

/** `message` begins with the place, names the word and says what was meant. */
export class ScenarioError extends Error {
  readonly code: ScenarioErrorCode;

  constructor(code: ScenarioErrorCode, message: string) {
    super(message);
    this.name = "ScenarioError";
    this.code = code;
  }
}
