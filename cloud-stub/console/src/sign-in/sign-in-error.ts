// Why a sign-in failed, for the person at the form.
import { errorText, isApiError } from "../cloud/api-error.ts";

/** The cloud's own words for a wrong login are for programs too, and name tokens. */
export function signInErrorText(failure: unknown): string {
  return isApiError(failure, "api.unauthorized") ? "The user or the password is wrong." : errorText(failure);
}
