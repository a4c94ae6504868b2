// Who is let in at an SSH panel: by password, by key, or by answering questions.
import "../../deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import ssh2, {
  type AuthContext,
  type AuthenticationType,
  type KeyboardAuthContext,
  type PublicKeyAuthContext,
} from "ssh2";

const { utils } = ssh2;

export interface SshQuestion {
  readonly text: string;
  readonly echo: boolean;
  /** The right answer. */
  readonly answer: string;
}

/** What is asked at once; without prompts it only tells something. */
export interface SshQuestions {
  readonly title?: string;
  readonly instruction?: string;
  readonly prompts: readonly SshQuestion[];
}

export interface SshAccount {
  readonly username: string;
  readonly password?: string;
  /** One line in OpenSSH's form. */
  readonly publicKey?: string;
  /** Rounds of questions; the next comes when the one before was answered. */
  readonly questions?: readonly SshQuestions[];
  /** Everything that the account has is needed, in this order: key, password, questions. Otherwise one is enough. */
  readonly needsEverything?: boolean;
}

type Method = "publickey" | "password" | "keyboard-interactive";

/** Of one connection. */
export class SshSignIn {
  readonly #account: SshAccount;
  readonly #passed = new Set<Method>();
  readonly #failed: () => boolean;

  /** `failed` is called for each attempt that was wrong; false: it was one too many, and nothing is answered. */
  constructor(account: SshAccount, failed: () => boolean) {
    this.#account = account;
    this.#failed = failed;
  }

  judge(context: AuthContext): void {
    const { username } = this.#account;
    const method = context.method as AuthenticationType;
    const isOffered = this.#left().some((one) => one === method);
    // Whoever has nothing to prove is let in at once.
    if (this.#methods().length === 0 && context.username === username) context.accept();
    else if (method === "none") context.reject(this.#left());
    else if (!isOffered) this.#refuse(context);
    else if (context.method === "password") {
      this.#decide(context, "password", context.username === username && context.password === this.#account.password);
    } else if (context.method === "publickey") this.#judgeKey(context);
    else if (context.method === "keyboard-interactive") this.#ask(context, 0, context.username === username);
    else this.#refuse(context);
  }

  #methods(): readonly Method[] {
    const { publicKey, password, questions } = this.#account;
    return [
      ...(publicKey === undefined ? [] : (["publickey"] as const)),
      ...(password === undefined ? [] : (["password"] as const)),
      ...(questions === undefined ? [] : (["keyboard-interactive"] as const)),
    ];
  }

  /** What may come next: one after the other where everything is needed. */
  #left(): Method[] {
    const left = this.#methods().filter((method) => !this.#passed.has(method));
    return this.#account.needsEverything === true ? left.slice(0, 1) : left;
  }

  #decide(context: AuthContext, method: Method, isRight: boolean): void {
    if (!isRight) {
      this.#refuse(context);
      return;
    }
    this.#passed.add(method);
    if (this.#account.needsEverything !== true || this.#left().length === 0) context.accept();
    else context.reject(this.#left(), true);
  }

  #refuse(context: AuthContext): void {
    if (this.#failed()) context.reject(this.#left());
  }

  /** Without a signature the client only asks whether the key would do (RFC 4252 section 7). */
  #judgeKey(context: PublicKeyAuthContext): void {
    const { username, publicKey = "" } = this.#account;
    const known = utils.parseKey(publicKey);
    const isKnown = !(known instanceof Error) && known.getPublicSSH().equals(context.key.data);
    if (!isKnown || context.username !== username) {
      context.reject(this.#left());
      return;
    }
    const { signature, blob, hashAlgo } = context as PublicKeyAuthContext & { readonly hashAlgo?: string };
    if (signature === undefined || blob === undefined) {
      context.accept();
      return;
    }
    const verify = known.verify as (data: Buffer, signature: Buffer, hashAlgorithm?: string) => boolean | Error;
    this.#decide(context, "publickey", verify.call(known, blob, signature, hashAlgo) === true);
  }

  #ask(context: KeyboardAuthContext, round: number, isRightSoFar: boolean): void {
    const questions = this.#account.questions?.[round];
    if (questions === undefined) {
      this.#decide(context, "keyboard-interactive", isRightSoFar);
      return;
    }
    const prompts = questions.prompts.map(({ text, echo }) => ({ prompt: text, echo }));
    context.prompt(prompts, questions.title ?? "", questions.instruction ?? "", (answers: unknown) => {
      // An error in their place: the client has begun something else.
      if (!Array.isArray(answers)) return;
      const isRight =
        answers.length === questions.prompts.length &&
        questions.prompts.every(({ answer }, index) => answers[index] === answer);
      if (isRight) this.#ask(context, round + 1, isRightSoFar);
      else this.#refuse(context);
    });
  }
}
