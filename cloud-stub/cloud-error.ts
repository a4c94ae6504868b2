// Why a cloud does not start: for the person who started it, in one line.

export type CloudErrorCode =
  | "cloud.wrong-master-key"
  | "cloud.bad-master-key"
  | "cloud.port-taken"
  | "cloud.cannot-listen"
  | "cloud.bad-option"
  | "cloud.in-use"
  | "cloud.bad-backup";

/** The message says what is wrong and what to do; it holds no secret. */
export class CloudError extends Error {
  readonly code: CloudErrorCode;

  constructor(code: CloudErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CloudError";
    this.code = code;
  }
}
