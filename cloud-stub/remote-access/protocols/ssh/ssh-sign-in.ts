// Signs in at an SSH panel: which method comes next, what is answered from the store and what a person is asked.
import { printable } from "#protocol/printable.ts";
import { type Prompt, promptsMax, promptTextLengthMax } from "#protocol/session-channel.ts";
import type { StreamFailure } from "../protocol-stream.ts";

export interface SshCredentials {
  readonly username: string;
  readonly password: string | undefined;
  /** A key that ssh2 signs with; for a certificate one that shows the certificate. */
  readonly key: unknown;
}

export interface Question {
  readonly title: string;
  readonly instruction: string;
  readonly prompts: readonly Prompt[];
}

/** Asks the person and calls back with as many answers; undefined: there is nobody to ask. */
export type Ask = ((question: Question, answered: (answers: readonly string[]) => void) => void) | undefined;

export type SshMethod =
  | { readonly type: "none"; readonly username: string }
  | { readonly type: "password"; readonly username: string; readonly password: string }
  | { readonly type: "publickey"; readonly username: string; readonly key: unknown }
  | { readonly type: "keyboard-interactive"; readonly username: string; readonly prompt: KeyboardPrompt };

export type KeyboardPrompt = (
  name: string,
  instructions: string,
  language: string,
  prompts: readonly { readonly prompt: string; readonly echo?: boolean }[],
  finish: (answers: string[]) => void,
) => void;

/** Rounds of questions that one sign-in may have. */
const roundsMax = 10;
/** A prompt for something other than the stored password. */
const otherThanPassword = /code|token|otp|one.?time|verification|pin\b|new password|captcha/i;

export class SshSignIn {
  readonly #credentials: SshCredentials;
  readonly #ask: Ask;
  readonly #fail: (failure: StreamFailure) => void;
  readonly #tried = new Set<string>();
  #offered: readonly string[] = [];
  #isHalfAccepted = false;
  #isPasswordUsed = false;
  #wasAsked = false;
  #rounds = 0;

  constructor(deps: {
    readonly credentials: SshCredentials;
    readonly ask: Ask;
    readonly fail: (failure: StreamFailure) => void;
  }) {
    this.#credentials = deps.credentials;
    this.#ask = deps.ask;
    this.#fail = deps.fail;
  }

  /** `offered`: what the panel takes now, null before it was asked. Calls back with false when nothing is left to try. */
  next(offered: readonly string[] | null, isHalfAccepted: boolean, take: (method: SshMethod | false) => void): void {
    const { username, password, key } = this.#credentials;
    if (offered === null) {
      // Tells what the panel takes, and is all that some panels want.
      take({ type: "none", username });
      return;
    }
    this.#offered = offered;
    this.#isHalfAccepted ||= isHalfAccepted;
    const may = (method: string) => offered.includes(method) && !this.#tried.has(method);
    if (key !== undefined && may("publickey")) {
      this.#tried.add("publickey");
      take({ type: "publickey", username, key });
    } else if (password !== undefined && !this.#isPasswordUsed && may("password")) {
      this.#tried.add("password");
      this.#isPasswordUsed = true;
      take({ type: "password", username, password });
    } else if (this.#mayBeInteractive && may("keyboard-interactive")) {
      this.#tried.add("keyboard-interactive");
      take({ type: "keyboard-interactive", username, prompt: this.#prompt });
    } else if (this.#isHalfAccepted && may("password") && this.#ask !== undefined) {
      this.#tried.add("password");
      this.#askForPassword(take);
    } else {
      take(false);
    }
  }

  /** Why nothing was left to try. */
  failure(): StreamFailure {
    const { password, key } = this.#credentials;
    const takes = this.#offered.length === 0 ? "nothing that it names" : printable(this.#offered.join(", "), 200);
    if (this.#tried.size === 0) {
      const ours = key !== undefined ? "a key" : "a password";
      return { reason: "auth.required", text: `The panel does not take ${ours} for signing in; it takes ${takes}.` };
    }
    if (this.#isHalfAccepted) {
      const text = `The panel accepted a part of the sign-in and wants more: it takes ${takes}.`;
      return { reason: this.#ask === undefined ? "auth.required" : "auth.failed", text };
    }
    const stored = password !== undefined ? "user name and password" : "user name and key";
    const ours = this.#wasAsked ? "answers" : stored;
    return { reason: "auth.failed", text: `The panel did not accept the ${ours}; it takes ${takes}.` };
  }

  /** The same password again would be refused again, and a person sees better what is wrong with it in the endpoint. */
  get #mayBeInteractive(): boolean {
    return this.#isHalfAccepted || (this.#credentials.password !== undefined && !this.#isPasswordUsed);
  }

  readonly #prompt: KeyboardPrompt = (name, instructions, _language, prompts, finish) => {
    this.#rounds++;
    if (this.#rounds > roundsMax || prompts.length > promptsMax) {
      this.#fail({ reason: "protocol.too-large", text: "The panel asks too many questions for signing in." });
      return;
    }
    const { password } = this.#credentials;
    const [only] = prompts;
    const isOneHidden = prompts.length === 1 && only !== undefined && only.echo !== true;
    if (isOneHidden && password !== undefined && !this.#isPasswordUsed && !otherThanPassword.test(only.prompt)) {
      this.#isPasswordUsed = true;
      finish([password]);
      return;
    }
    if (this.#ask === undefined) {
      const what = printable(prompts.map(({ prompt }) => prompt).join(" "), 100);
      const text = `The panel asks for more than the endpoint has ("${what}"); only the console can ask a person.`;
      this.#fail({ reason: "auth.required", text });
      return;
    }
    const question = {
      title: shown(name) || "Sign-in at the panel",
      instruction: shown(instructions),
      prompts: prompts.map(({ prompt, echo }) => ({ text: shown(prompt), echo: echo === true })),
    };
    this.#wasAsked = true;
    this.#ask(question, (answers) => finish([...answers]));
  };

  #askForPassword(take: (method: SshMethod | false) => void): void {
    const question = {
      title: "Sign-in at the panel",
      instruction: "The panel wants a password as well; it is used for this session only.",
      prompts: [{ text: `Password of ${shown(this.#credentials.username)}:`, echo: false }],
    };
    this.#ask?.(question, ([password = ""]) => {
      take({ type: "password", username: this.#credentials.username, password });
    });
  }
}

function shown(text: string): string {
  return printable(text, promptTextLengthMax / 2);
}
