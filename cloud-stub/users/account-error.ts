// Why a change of an account or a group was refused.

export type AccountErrorCode =
  | "account.unknown"
  | "account.exists"
  | "account.invalid"
  | "account.last-administrator"
  | "account.too-many";

/** The message is for people and names the field that is wrong; it never holds a password. */
export class AccountError extends Error {
  readonly code: AccountErrorCode;

  constructor(code: AccountErrorCode, message: string) {
    super(message);
    this.name = "AccountError";
    this.code = code;
  }
}
