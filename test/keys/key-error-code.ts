// What a reader of keys threw, so that a test can name it.
import { KeyError, type KeyErrorCode } from "#cloud-stub/remote-access/keys/key-error.ts";

/** The code of the KeyError that a call throws; any other error goes on, and no error is "nothing thrown". */
export function codeOf(call: () => unknown): KeyErrorCode | "nothing thrown" {
  try {
    call();
    return "nothing thrown";
  } catch (error) {
    if (error instanceof KeyError) return error.code;
    throw error;
  }
}
